"""Clocks: the machine's, and one moved by hand."""

from __future__ import annotations

import threading
import time
from typing import Final

# Unlike the monotonic clock, the boot-time clock goes on while the machine is suspended.
_BOOT_TIME: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """Local real time that never jumps: the wall clock at start, carried on by the machine's uptime.

    A wall clock set back by an hour would make old data fresh and stop every timer for that hour. What the
    wall clock was wrong by at the start is measured against the venue like any other offset.
    """

    def __init__(self) -> None:
        self._origin_ns = time.time_ns() - time.clock_gettime_ns(_BOOT_TIME)

    def now_ms(self) -> int:
        """Return ms since the epoch, UTC."""
        return (self._origin_ns + time.clock_gettime_ns(_BOOT_TIME)) // 1_000_000


class ManualClock:
    """A clock that stands still until somebody moves it. Any thread."""

    def __init__(self, now_ms: int = 0) -> None:
        self._lock = threading.Lock()
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return ms since the epoch, UTC."""
        with self._lock:
            return self._now_ms

    def advance(self, delta_ms: int) -> None:
        """Let time pass. Raises ValueError for a step back."""
        if delta_ms < 0:
            raise ValueError(f"time does not run backwards: {delta_ms} ms")
        with self._lock:
            self._now_ms += delta_ms

    def move_to(self, now_ms: int) -> None:
        """Set the time; an earlier one than the present is ignored."""
        with self._lock:
            self._now_ms = max(self._now_ms, now_ms)
