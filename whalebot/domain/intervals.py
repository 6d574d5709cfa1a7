"""Bar intervals as the venue names them, and the UTC grid they stand on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

MINUTE_MS: Final = 60_000
DAY_MS: Final = 86_400_000
WEEK_MS: Final = 7 * DAY_MS
# 1970-01-01 was a Thursday; weeks start on Monday 00:00 UTC.
_FIRST_MONDAY_MS: Final = 4 * DAY_MS

INTERVALS: Final = ("1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M")


def interval_ms(interval: str) -> int:
    """Return the length of one bar in ms; a month counts 30 days (use `bar_close_ms` for exact ends).

    Raises ValueError for a name that is not in INTERVALS.
    """
    if interval not in INTERVALS:
        raise ValueError(f"interval {interval!r} is not one of {', '.join(INTERVALS)}")
    return {"D": DAY_MS, "W": WEEK_MS, "M": 30 * DAY_MS}.get(interval) or int(interval) * MINUTE_MS


def bar_open_ms(ts_ms: int, interval: str) -> int:
    """Return the open time (ms UTC) of the bar that contains `ts_ms`."""
    if interval == "M":
        at = datetime.fromtimestamp(ts_ms / 1000, UTC)
        return int(datetime(at.year, at.month, 1, tzinfo=UTC).timestamp()) * 1000
    length = interval_ms(interval)
    base = _FIRST_MONDAY_MS if interval == "W" else 0
    return (ts_ms - base) // length * length + base


def bar_close_ms(open_ms: int, interval: str) -> int:
    """Return the close time (ms UTC, the next bar's open) of the bar opened at `open_ms`."""
    if interval == "M":
        at = datetime.fromtimestamp(open_ms / 1000, UTC)
        year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
        return int(datetime(year, month, 1, tzinfo=UTC).timestamp()) * 1000
    return open_ms + interval_ms(interval)


def iso_utc(ts_ms: int) -> str:
    """Return `ts_ms` as ISO-8601 with milliseconds and offset, UTC."""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).isoformat(timespec="milliseconds")
