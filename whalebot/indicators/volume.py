"""Volume: OBV, Chaikin money flow, volume delta, relative volume and VWAP."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from whalebot.domain.intervals import DAY_MS
from whalebot.indicators.arrays import FloatArray, IntArray, highest, lagged, rolling_mean, rolling_sum
from whalebot.indicators.ta import ta


def obv(close: FloatArray, volume: FloatArray) -> FloatArray:
    """On-balance volume, base units; the first bar's volume counts as risen. No warm-up."""
    return ta.OBV(close, volume)


def cmf(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, period: int) -> FloatArray:
    """Chaikin money flow, -1 to 1; NaN for `period` - 1 bars, 0 where the window had no volume."""
    out = ta.CMF(high, low, close, volume, period)
    out[highest(volume, period) == 0.0] = 0.0
    return out


def volume_delta(open_: FloatArray, close: FloatArray, volume: FloatArray, period: int) -> FloatArray:
    """(Volume of up-bars - volume of down-bars) / all volume over `period` bars, -1 to 1.

    Up is close > open; a doji counts only in the whole. NaN for `period` - 1 bars, 0 without volume.
    """
    total = rolling_sum(volume, period)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = rolling_sum(np.sign(close - open_) * volume, period) / total
    out[total == 0.0] = 0.0
    return out


def mean_volume_before(volume: FloatArray, period: int) -> FloatArray:
    """Mean volume of the `period` bars before this one; NaN for `period` bars."""
    return lagged(rolling_mean(volume, period), 1)


def relative_volume(volume: FloatArray, period: int) -> FloatArray:
    """Volume over the mean of the `period` bars before; NaN for `period` bars and where that mean is 0."""
    mean = mean_volume_before(volume, period)
    mean[mean == 0.0] = np.nan
    return volume / mean


def session_starts(open_ms: IntArray) -> NDArray[np.bool_]:
    """Mark the bars that begin a UTC day: at 00:00, or the first one after it where that bar is missing."""
    starts = np.zeros(len(open_ms), dtype=np.bool_)
    if len(open_ms):
        day = open_ms // DAY_MS
        starts[0] = open_ms[0] % DAY_MS == 0
        starts[1:] = day[1:] != day[:-1]
    return starts


def anchored_vwap(
    open_ms: IntArray, high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray
) -> FloatArray:
    """VWAP of typical price since 00:00 UTC, unit of price.

    NaN until the first 00:00 UTC seen; the close where there was no volume since the anchor.
    """
    out = np.full(len(close), np.nan)
    money = (high + low + close) / 3.0 * volume
    edges = [*np.flatnonzero(session_starts(open_ms)).tolist(), len(close)]
    for first, end in pairwise(edges):
        traded = np.cumsum(volume[first:end])
        with np.errstate(invalid="ignore", divide="ignore"):
            session = np.cumsum(money[first:end]) / traded
        out[first:end] = np.where(traded > 0.0, session, close[first:end])
    return out


def rolling_vwap(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, period: int
) -> FloatArray:
    """VWAP of typical price over `period` bars; NaN for `period` - 1, the close where there was no volume."""
    traded = rolling_sum(volume, period)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = rolling_sum((high + low + close) / 3.0 * volume, period) / traded
    return np.where(traded == 0.0, close, out)
