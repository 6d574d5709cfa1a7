"""The venue's REST envelope: retCode, retMsg, result, retExtInfo, time."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from whalebot.adapters.exchange.server.refusal import Refused

SYNTHETIC: Final[dict[str, Any]] = {"synthetic": True}

_encoder = msgspec.json.Encoder()


def encode(message: Any) -> bytes:
    """Return compact JSON of plain dicts, lists, strings and numbers."""
    return _encoder.encode(message)


class Envelopes:
    """Makes envelopes; every one says that the prices are simulated."""

    def __init__(self, is_synthetic: bool) -> None:
        self._marks = SYNTHETIC if is_synthetic else {}

    def done(self, result: Any, now_ms: int, ext: dict[str, Any] | None = None, message: str = "OK") -> bytes:
        """Return the body of an answered request."""
        return encode(
            {
                "retCode": 0,
                "retMsg": message,
                "result": result,
                "retExtInfo": self.ext(ext),
                "time": now_ms,
            }
        )

    def refused(self, refusal: Refused, now_ms: int) -> bytes:
        """Return the body of a refused request: HTTP 200, a retCode and mostly an empty result."""
        return encode(
            {
                "retCode": refusal.ret_code,
                "retMsg": refusal.message,
                "result": refusal.result,
                "retExtInfo": self.ext(None),
                "time": now_ms,
            }
        )

    def ext(self, ext: dict[str, Any] | None) -> dict[str, Any]:
        """Return retExtInfo with the mark of synthetic prices."""
        return {**ext, **self._marks} if ext else self._marks
