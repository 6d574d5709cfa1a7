"""Time inside the engine: market time taken from events, and timers in real time."""

from __future__ import annotations

from collections.abc import Hashable


class MarketClock:
    """Market time (ms UTC) as the venue's events tell it, carried on by real time between them.

    `scale` is market milliseconds per real millisecond. Never runs backwards, so a stamp further than
    `max_ahead_ms` ahead of the venue's clock is not believed (None: the market has a time of its own).
    `venue_offset_ms` is the venue's clock minus ours, as measured.
    """

    def __init__(self, scale: float, max_ahead_ms: int | None = None) -> None:
        self._scale = scale
        self.max_ahead_ms = max_ahead_ms
        self.venue_offset_ms = 0
        self._market_ms = 0
        self._at_real_ms = 0
        self._newest_ms = 0
        self.real_ms = 0

    def saw(self, market_ms: int, real_ms: int) -> None:
        """Take the market time of an event that arrived at `real_ms`, unless it cannot be true."""
        if market_ms >= self._market_ms and self.believes(market_ms):
            self._market_ms = market_ms
            self._at_real_ms = real_ms

    @property
    def venue_ms(self) -> int:
        """The venue's clock now, ms UTC, by the difference as measured."""
        return self.real_ms + self.venue_offset_ms

    def believes(self, market_ms: int) -> bool:
        """False for a stamp that lies too far in the future to be true."""
        if self.max_ahead_ms is None:
            return True
        return market_ms <= self.venue_ms + self.max_ahead_ms

    def trusted(self, market_ms: int) -> int:
        """Return a stamp, or the present market time in place of one from the far future."""
        return market_ms if self.believes(market_ms) else self.now_ms

    def tick(self, real_ms: int) -> None:
        """Let real time pass."""
        if real_ms > self.real_ms:
            self.real_ms = real_ms

    @property
    def now_ms(self) -> int:
        """Market time now, ms UTC; 0 before the first event."""
        if self._market_ms == 0:
            return 0
        passed = int((self.real_ms - self._at_real_ms) * self._scale)
        self._newest_ms = max(self._newest_ms, self._market_ms + max(0, passed))
        return self._newest_ms

    @property
    def last_event_ms(self) -> int:
        """Market time of the newest event, not carried on; 0 before the first."""
        return self._market_ms

    @property
    def reached_ms(self) -> int:
        """Market time that the venue has surely reached, ms UTC.

        Not carried on: `now_ms` may run ahead of the venue, since it stays where an outage or a step of our
        clock took it. Before the first event the time of the venue's clock, 0 where the market has its own.
        """
        if self.max_ahead_ms is None:
            return self._market_ms
        return min(self._market_ms, self.venue_ms) if self._market_ms else self.venue_ms


class Timers:
    """Named moments in real time (ms). Arming a name again moves it."""

    def __init__(self) -> None:
        self._due: dict[Hashable, int] = {}
        self.next_due_ms: int | None = None

    def arm(self, key: Hashable, due_ms: int) -> None:
        """Set or move a timer."""
        self._due[key] = due_ms
        self.next_due_ms = min(self._due.values())

    def cancel(self, key: Hashable) -> None:
        """Forget a timer; unknown names are fine."""
        if self._due.pop(key, None) is not None:
            self.next_due_ms = min(self._due.values(), default=None)

    def is_armed(self, key: Hashable) -> bool:
        """True while the timer is waiting."""
        return key in self._due

    def pop_due(self, real_ms: int) -> list[Hashable]:
        """Return and forget every timer that is due, the earliest first."""
        if self.next_due_ms is None or real_ms < self.next_due_ms:
            return []
        due = sorted(
            (k for k, at in self._due.items() if at <= real_ms), key=lambda k: (self._due[k], str(k))
        )
        for key in due:
            del self._due[key]
        self.next_due_ms = min(self._due.values(), default=None)
        return due
