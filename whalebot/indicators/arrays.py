"""Rolling and lagged forms of one array, the ground the indicators stand on."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from whalebot.indicators.ta import ta

FloatArray: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]


def lagged(values: FloatArray, bars: int) -> FloatArray:
    """Return the values of `bars` bars ago; NaN for the first `bars`."""
    out = np.full(len(values), np.nan)
    if bars < len(values):
        out[bars:] = values[: len(values) - bars]
    return out


def rolling_sum(values: FloatArray, period: int) -> FloatArray:
    """Return the sum of the last `period` values, added afresh from the oldest to the newest.

    A running sum would carry the rounding of every value that ever passed; this one is exactly 0 for a window
    of zeros and the same number whatever came before. NaN for the first `period` - 1.
    """
    out = np.full(len(values), np.nan)
    windows = len(values) - period + 1
    if windows > 0:
        total = values[:windows].copy()
        for offset in range(1, period):
            total += values[offset : offset + windows]
        out[period - 1 :] = total
    return out


def rolling_mean(values: FloatArray, period: int) -> FloatArray:
    """Return the mean of the last `period` values, each taken afresh; NaN for the first `period` - 1."""
    return rolling_sum(values, period) / period


def highest(values: FloatArray, period: int) -> FloatArray:
    """Return the greatest of the last `period` values; NaN for the first `period` - 1."""
    return values.copy() if period == 1 else ta.MAX(values, period)


def lowest(values: FloatArray, period: int) -> FloatArray:
    """Return the least of the last `period` values; NaN for the first `period` - 1."""
    return values.copy() if period == 1 else ta.MIN(values, period)
