"""Keys, signatures and the venue's clock."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import dataclass, field
from typing import Final

from whalebot.ports import Clock

STREAM_AUTH_TTL_MS: Final = 10_000
"""How long a stream's auth request stays valid after it was made."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """An API key and its secret; neither shows in a repr."""

    key: str = field(repr=False)
    secret: str = field(repr=False)

    def sign(self, text: str) -> str:
        """Return the HMAC-SHA256 of `text` in hex."""
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def stream_auth_args(self, venue_now_ms: int) -> list[str | int]:
        """Return the arguments of a stream's auth request."""
        expires = venue_now_ms + STREAM_AUTH_TTL_MS
        return [self.key, expires, self.sign(f"GET/realtime{expires}")]


class VenueClock:
    """Local clock corrected by the measured offset; any thread."""

    __slots__ = ("_clock", "_doubted", "_offset_ms")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_ms = 0
        self._doubted = threading.Event()

    def set_offset_ms(self, offset_ms: int) -> None:
        """Store how far the venue's clock is ahead of ours."""
        self._offset_ms = offset_ms

    def offset_ms(self) -> int:
        """Return venue clock minus local clock; 0 until it was measured."""
        return self._offset_ms

    def now_ms(self) -> int:
        """Return the venue's time, ms UTC."""
        return self._clock.now_ms() + self._offset_ms

    def doubt(self) -> None:
        """Ask for a measurement soon: the venue refused a request, maybe for its stamp."""
        self._doubted.set()

    def wait_for_doubt(self, timeout_s: float) -> bool:
        """Return True as soon as somebody doubts, and forget that; False after that time."""
        doubted = self._doubted.wait(timeout_s)
        self._doubted.clear()
        return doubted
