"""Answers of the API: the envelope, secrets masked, an ETag, compressed where that pays."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from whalebot.adapters.web.problems import masked_values

JSON_TYPE: Final = "application/json"
_COMPRESSED_FROM: Final = 4096
_encoder: Final = msgspec.json.Encoder()


class Answers:
    """Makes responses of plain values. `mask` hides secrets by their value in every text."""

    def __init__(self, mask: Callable[[str], str] = str) -> None:
        self.mask = mask

    def encode(self, data: Any) -> bytes:
        """Return plain values as JSON, secrets masked; NaN and infinities become null."""
        encoded = _encoder.encode(data)
        text = encoded.decode()
        if self.mask(text) == text:
            return encoded
        return _encoder.encode(masked_values(data, self.mask))

    def ok(self, request: Request, data: Any, status: int = 200) -> Response:
        """Return `data` in the envelope; 304 where the client has it already."""
        return self.sent(request, self.encode(data), status)

    def sent(self, request: Request, encoded: bytes, status: int = 200) -> Response:
        """Return data that is encoded already in the envelope; 304 where the client has it."""
        etag = f'W/"{hashlib.blake2b(encoded, digest_size=12).hexdigest()}"'
        headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
        if request.method == "GET" and status == 200:
            headers["ETag"] = etag
            if is_known(request.headers.get("if-none-match", ""), etag):
                return Response(status_code=304, headers=headers)
        body = b'{"ok":true,"ts":"' + now_text().encode() + b'","data":' + encoded + b"}"
        if len(body) >= _COMPRESSED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
            body = gzip.compress(body, 1, mtime=0)
            headers["Content-Encoding"] = "gzip"
        return Response(body, status, headers, JSON_TYPE)


def is_known(if_none_match: str, etag: str) -> bool:
    """Tell whether a client's If-None-Match names this ETag (weak comparison)."""
    bare = etag.removeprefix("W/")
    names = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return any(name in ("*", bare) for name in names)


def now_text() -> str:
    """Return the present time as ISO-8601 UTC with ms."""
    return time_text(time.time_ns() // 1_000_000)


def time_text(ts_ms: int) -> str:
    """Return ms UTC as ISO-8601 with ms and "Z"."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ts_ms % 1000:03d}Z"
