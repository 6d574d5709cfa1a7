"""Rate limits of one account: a token bucket per endpoint, fed by the venue's headers; a circuit breaker."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from whalebot.domain.errors import RateLimited
from whalebot.ports import Clock

CIRCUIT_OPEN_MS: Final = 600_000
"""After HTTP 403 nothing is sent for ten minutes."""
_LONGEST_WAIT_S: Final = 1.0
_READ_PER_S: Final = 20.0
_WRITE_PER_S: Final = 10.0
_MOST_DIGITS: Final = 15
_WRITES: Final = (
    "/v5/order/create",
    "/v5/order/cancel",
    "/v5/position/trading-stop",
    "/v5/position/set-leverage",
)


class CircuitOpen(RateLimited):
    """The venue refused our address: nothing is sent for a while, and asking again soon is pointless."""


def ignore_block(until_ms: int, call: str) -> None:
    """Nobody listens."""


def let_through() -> None:
    """Hold no write back."""


@dataclass(slots=True)
class _Bucket:
    per_s: float
    tokens: float
    filled_s: float
    closed_until_ms: int = 0


class RateGate:
    """Shared by all clients of one account; any thread. Absent headers leave the defaults in force."""

    def __init__(
        self,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        now_s: Callable[[], float] = time.monotonic,
        on_open: Callable[[int, str], None] = ignore_block,
        reads_per_s: float = _READ_PER_S,
    ) -> None:
        """on_open: told once, on any thread, when the circuit opens: until when (local ms), by which call.

        reads_per_s: requests a second to an endpoint that reads, until the venue states its own limit.
        """
        self._on_open = on_open
        self._reads_per_s = reads_per_s
        self._clock = clock
        self._sleep = sleep
        self._now_s = now_s
        self._lock = threading.Lock()
        self._buckets: dict[str, _Bucket] = {}
        self._open_until_ms = 0

    def acquire(self, path: str, call: str) -> None:
        """Take the right to send one request, waiting up to a second for it.

        Raises RateLimited when the wait would be longer; nothing was sent then.
        """
        wait_s = self._reserve(path, call)
        if wait_s > 0:
            self._sleep(wait_s)

    def learn(self, path: str, headers: Mapping[str, str]) -> None:
        """Take over the venue's own count from the headers of an answer."""
        limit, left = (
            header_number(headers.get("X-Bapi-Limit")),
            header_number(headers.get("X-Bapi-Limit-Status")),
        )
        with self._lock:
            bucket = self._bucket(path)
            if limit:
                bucket.per_s = float(limit)
            if left is not None:
                bucket.tokens = min(bucket.tokens, float(left))

    def close(self, path: str, until_ms: int) -> None:
        """Send nothing to an endpoint before a local time (ms UTC)."""
        with self._lock:
            self._bucket(path).closed_until_ms = until_ms

    def open_circuit(self, call: str) -> int:
        """Send nothing at all for ten minutes; return the end, local ms UTC."""
        with self._lock:
            now_ms = self._clock.now_ms()
            was_open = now_ms < self._open_until_ms
            until_ms = self._open_until_ms = now_ms + CIRCUIT_OPEN_MS
        if not was_open:
            self._on_open(until_ms, call)
        return until_ms

    def _reserve(self, path: str, call: str) -> float:
        with self._lock:
            now_ms, now_s = self._clock.now_ms(), self._now_s()
            bucket = self._bucket(path)
            if now_ms < self._open_until_ms:
                raise CircuitOpen(call, self._open_until_ms)
            if bucket.closed_until_ms - now_ms > _LONGEST_WAIT_S * 1000:
                raise RateLimited(call, bucket.closed_until_ms)
            bucket.tokens = min(bucket.per_s, bucket.tokens + (now_s - bucket.filled_s) * bucket.per_s)
            bucket.filled_s = now_s
            wait_s = max((1.0 - bucket.tokens) / bucket.per_s, (bucket.closed_until_ms - now_ms) / 1000, 0.0)
            if wait_s > _LONGEST_WAIT_S:
                raise RateLimited(call, now_ms + round(wait_s * 1000))
            bucket.tokens -= 1.0
            return wait_s

    def _bucket(self, path: str) -> _Bucket:
        bucket = self._buckets.get(path)
        if bucket is None:
            per_s = _WRITE_PER_S if path in _WRITES else self._reads_per_s
            bucket = self._buckets[path] = _Bucket(per_s, per_s, self._now_s())
        return bucket


def header_number(text: str | None) -> int | None:
    """Return a whole number of a header, None where it is absent or none of a few digits."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
        return None
    return int(text)
