"""Quiet hours: a part of the local day in which nobody is told what can wait."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` (inclusive) to `end` (exclusive) of the local day; over midnight where start > end."""

    start: time
    end: time
    zone: tzinfo

    def covers(self, now_ms: int) -> bool:
        """Tell whether a moment (ms UTC) lies inside."""
        now = datetime.fromtimestamp(now_ms / 1000, self.zone).time()
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def next_moment(now_ms: int, at: time, zone: tzinfo) -> int:
    """Return when (ms UTC) a local time of day comes next, later than now.

    A time that the clocks skip on a day counts as that much later; one that comes twice counts once.
    """
    day = datetime.fromtimestamp(now_ms / 1000, zone).date()
    while (moment_ms := _moment(day, at, zone)) <= now_ms:
        day += timedelta(days=1)
    return moment_ms


def _moment(day: date, at: time, zone: tzinfo) -> int:
    local = datetime.combine(day, at, zone)
    return round(local.astimezone(UTC).timestamp() * 1000)
