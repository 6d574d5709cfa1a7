"""The machine's clock as the server sees it: signatures, receive windows and envelopes follow it."""

from __future__ import annotations

import time
from typing import Protocol


class MachineClock(Protocol):
    """Wall time for what the network sees, monotonic time for durations."""

    def now_ns(self) -> int:
        """Return wall time, ns since the epoch, UTC."""

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""


class SystemClock:
    """The clock of this machine."""

    def now_ns(self) -> int:
        """Return wall time, ns since the epoch, UTC."""
        return time.time_ns()

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        return time.monotonic()


class VenueClock:
    """The machine's clock plus the skew that a fault puts on it."""

    def __init__(self, machine: MachineClock) -> None:
        self._machine = machine
        self.skew_ms = 0

    def now_ns(self) -> int:
        """Return the venue's wall time in ns, skew included."""
        return self._machine.now_ns() + self.skew_ms * 1_000_000

    def now_ms(self) -> int:
        """Return the venue's wall time in ms, skew included."""
        return self.now_ns() // 1_000_000

    def real_ms(self) -> int:
        """Return the machine's wall time in ms, without any skew."""
        return self._machine.now_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds of a clock that never jumps."""
        return self._machine.monotonic()
