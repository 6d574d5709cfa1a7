"""How many requests a second each endpoint takes, counted in real time per key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

WINDOW_MS: Final = 1000
IP_WINDOW_MS: Final = 5000
IP_LIMIT: Final = 600


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a request may do, and what its X-Bapi-Limit headers say."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_ms: int

    def headers(self) -> dict[str, str]:
        """Return the three headers of the venue."""
        return {
            "X-Bapi-Limit": str(self.limit),
            "X-Bapi-Limit-Status": str(self.remaining),
            "X-Bapi-Limit-Reset-Timestamp": str(self.reset_ms),
        }


class Window:
    """Requests of one key to one endpoint within the running window."""

    __slots__ = ("_length_ms", "_limit", "_start_ms", "_used")

    def __init__(self, limit: int, length_ms: int = WINDOW_MS) -> None:
        self._limit = limit
        self._length_ms = length_ms
        self._start_ms = 0
        self._used = 0

    def take(self, now_ms: int, count: int = 1) -> Verdict:
        """Use `count` requests of the window that contains `now_ms`, or refuse all of them."""
        if not 0 <= now_ms - self._start_ms < self._length_ms:
            self._start_ms, self._used = now_ms, 0
        reset_ms = self._start_ms + self._length_ms
        if self._used + count > self._limit:
            return Verdict(False, self._limit, 0, reset_ms)
        self._used += count
        remaining = self._limit - self._used
        return Verdict(True, self._limit, remaining, now_ms if remaining else reset_ms)


class RateLimits:
    """All windows of one server. `is_burst` says that a fault makes this request one too many."""

    def __init__(self, is_on: bool, now_ms: Callable[[], int], is_burst: Callable[[], bool]) -> None:
        self.is_on = is_on
        self._now_ms = now_ms
        self._is_burst = is_burst
        self._windows: dict[tuple[str, str], Window] = {}
        self._ip = Window(IP_LIMIT, IP_WINDOW_MS)

    def take(self, key: str, group: str, limit: int, count: int = 1) -> Verdict:
        """Count one request (or a batch of `count`) of `key` against `limit` a second."""
        now_ms = self._now_ms()
        if self._is_burst():
            return Verdict(False, limit, 0, now_ms + WINDOW_MS)
        if not self.is_on:
            return Verdict(True, limit, limit - 1, now_ms)
        window = self._windows.get((key, group))
        if window is None:
            window = self._windows[(key, group)] = Window(limit)
        return window.take(now_ms, count)

    def take_address(self) -> bool:
        """Count one request against the limit of the address: 600 in 5 s; False is HTTP 403."""
        return not self.is_on or self._ip.take(self._now_ms()).is_allowed
