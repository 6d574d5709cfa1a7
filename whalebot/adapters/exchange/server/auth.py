"""Who may ask: API keys, HMAC-SHA256 signatures and the receive window."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from whalebot.adapters.exchange.server.refusal import (
    BAD_KEY,
    BAD_PARAMETER,
    BAD_SIGN,
    NO_PERMISSION,
    OUTSIDE_RECV_WINDOW,
    Refused,
)

DEFAULT_RECV_WINDOW_MS: Final = 5000
# A timestamp may lie this far ahead of the venue's clock; no receive window widens it.
MAX_AHEAD_MS: Final = 1000
_MAX_RECV_WINDOW_MS: Final = 3_600_000
_MAX_DIGITS: Final = 20
READ_ONLY: Final = "-read-only"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key pair. The secret never appears in a repr."""

    key: str
    secret: str
    is_read_only: bool = False

    def __repr__(self) -> str:
        return f"ApiKey({self.key[:4]}…)"

    def sign(self, payload: bytes) -> str:
        """Return the HMAC-SHA256 of `payload` in lower-case hex."""
        return hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()

    def require_trading(self) -> None:
        """Raise Refused 10005 when this key may only read."""
        if self.is_read_only:
            raise Refused(NO_PERMISSION, "Permission denied, please check your API key permissions.")


class KeyRing:
    """The keys that this exchange knows; each has a twin, `KEY-read-only` with the same secret."""

    def __init__(self, keys: tuple[ApiKey, ...]) -> None:
        twins = tuple(replace(key, key=key.key + READ_ONLY, is_read_only=True) for key in keys)
        self._keys = {key.key: key for key in (*twins, *keys)}

    def find(self, key: str) -> ApiKey:
        """Return the key pair; Refused 10003 when there is none."""
        found = self._keys.get(key)
        if found is None:
            raise Refused(BAD_KEY, "API key is invalid.")
        return found

    def check_request(self, headers: Mapping[str, str], payload: bytes, now_ms: int) -> ApiKey:
        """Return the key that signed a REST request over timestamp + key + recv_window + payload.

        Raises Refused: 10001 without credentials, 10002 outside the window, 10003 unknown key, 10004 bad
        signature. The payload must be the bytes exactly as sent (query string or body).
        """
        name = headers.get("X-BAPI-API-KEY", "")
        stamp = headers.get("X-BAPI-TIMESTAMP", "")
        window = headers.get("X-BAPI-RECV-WINDOW", "")
        if not name or not stamp or not headers.get("X-BAPI-SIGN"):
            raise Refused(
                BAD_PARAMETER, "Request parameter error: the API key, timestamp or sign is missing."
            )
        key = self.find(name)
        check_window(stamp, window, now_ms)
        expected = key.sign(f"{stamp}{name}{window}".encode() + payload)
        if not _is_equal(expected, headers["X-BAPI-SIGN"]):
            raise Refused(BAD_SIGN, "Error sign, please check your signature generation algorithm.")
        return key

    def check_socket(self, name: str, expires: str, sign: str, now_ms: int) -> ApiKey:
        """Return the key that signed `GET/realtime` + expires; Refused when it is late, unknown or wrong."""
        key = self.find(name)
        if not _is_number(expires) or int(expires) <= now_ms:
            raise Refused(BAD_SIGN, "Params Error: expires is not in the future")
        expected = key.sign(f"GET/realtime{expires}".encode())
        if not _is_equal(expected, sign):
            raise Refused(BAD_SIGN, "Error sign, please check your signature generation algorithm.")
        return key


def check_window(stamp: str, window: str, now_ms: int) -> None:
    """Raise Refused 10002 unless now - recv_window <= stamp < now + 1000."""
    if not _is_number(stamp) or (window and not (_is_number(window) and len(window) < 10)):
        raise Refused(
            BAD_PARAMETER, "Request parameter error: timestamp and recv_window must be whole numbers."
        )
    recv_window = min(int(window), _MAX_RECV_WINDOW_MS) if window else DEFAULT_RECV_WINDOW_MS
    if now_ms - recv_window <= int(stamp) < now_ms + MAX_AHEAD_MS:
        return
    raise Refused(
        OUTSIDE_RECV_WINDOW,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{stamp}],server_timestamp[{now_ms}],recv_window[{recv_window}]",
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS


def _is_equal(expected: str, given: str) -> bool:
    # What is no ASCII is compared as bytes: no client makes the comparison itself fail.
    return hmac.compare_digest(expected.encode(), given.lower().encode(errors="surrogateescape"))
