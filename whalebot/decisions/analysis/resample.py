"""Longer bars from shorter ones, on the UTC grid, using nothing that was not complete."""

from __future__ import annotations

import numpy as np

from whalebot.decisions.analysis.bars import Bars, close_times
from whalebot.domain.intervals import DAY_MS, WEEK_MS, interval_ms
from whalebot.indicators.arrays import IntArray

# 1970-01-01 was a Thursday; weeks start on Monday 00:00 UTC.
_FIRST_MONDAY_MS = 4 * DAY_MS


def can_resample(from_interval: str, to_interval: str) -> bool:
    """Tell whether whole bars of `from_interval` fill bars of `to_interval` (weeks do not fill months)."""
    if from_interval == to_interval:
        return True
    if to_interval == "M":
        return from_interval not in ("W", "M")
    return from_interval != "M" and interval_ms(to_interval) % interval_ms(from_interval) == 0


def bucket_opens(open_ms: IntArray, interval: str) -> IntArray:
    """Return the open (ms UTC) of the bar of `interval` that each time lies in."""
    if interval == "M":
        months = open_ms.astype("datetime64[ms]").astype("datetime64[M]")
        opens: IntArray = months.astype("datetime64[ms]").astype(np.int64)
        return opens
    base, length = (_FIRST_MONDAY_MS, WEEK_MS) if interval == "W" else (0, interval_ms(interval))
    return (open_ms - base) // length * length + base


def resample(bars: Bars, from_interval: str, to_interval: str) -> Bars:
    """Return the bars of `to_interval` that are complete in `bars`, one data set without gaps.

    A first bucket whose beginning is missing is dropped and a last one whose end has not come is never used;
    between them a bucket is what there is of it. Raises ValueError when the bars do not fill the buckets.
    """
    if not can_resample(from_interval, to_interval):
        raise ValueError(f"bars of interval {from_interval} cannot be joined to interval {to_interval}")
    buckets = bucket_opens(bars.open_ms, to_interval)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(buckets)) + 1)) if len(bars) else np.zeros(0, int)
    ends = np.append(starts[1:], len(bars))
    whole = _complete(bars, from_interval, to_interval, buckets[starts])
    if len(whole) and bars.open_ms[0] != buckets[0]:
        whole[0] = False
    if not whole.any():
        return bars.part(0, 0)
    return Bars(
        buckets[starts][whole],
        bars.open[starts][whole],
        np.maximum.reduceat(bars.high, starts)[whole],
        np.minimum.reduceat(bars.low, starts)[whole],
        bars.close[ends - 1][whole],
        np.add.reduceat(bars.volume, starts)[whole],
    )


def _complete(bars: Bars, from_interval: str, to_interval: str, opens: IntArray) -> np.ndarray:
    if not len(bars):
        return np.zeros(0, dtype=bool)
    last_close = close_times(bars.open_ms[-1:], from_interval)[0]
    return np.asarray(close_times(opens, to_interval) <= last_close)
