"""Moving averages: simple, exponential, adaptive, volume-weighted, and Ehlers' SuperSmoother."""

from __future__ import annotations

from collections.abc import MutableSequence

import numpy as np

from whalebot.indicators.arrays import FloatArray, highest
from whalebot.indicators.streaming.averages import KamaStream, super_smoother_coefficients
from whalebot.indicators.ta import ta

# TA-Lib knows only these; they are Kaufman's own.
_TALIB_KAMA = (10, 2, 30)


def sma(values: FloatArray, period: int) -> FloatArray:
    """Simple moving average. (n,) to (n,), unit of `values`; NaN for `period` - 1 bars."""
    return ta.SMA(values, period)


def ema(values: FloatArray, period: int) -> FloatArray:
    """Exponential moving average, seeded by the mean of the first `period`; NaN for `period` - 1 bars."""
    return ta.EMA(values, period)


def dema(values: FloatArray, period: int) -> FloatArray:
    """Double EMA, 2·EMA - EMA(EMA); NaN for 2·(`period` - 1) bars. Source: P. G. Mulloy, TASC 12:1, 1994."""
    return ta.DEMA(values, period)


def kama(values: FloatArray, period: int, fast_period: int, slow_period: int) -> FloatArray:
    """Kaufman's adaptive average; NaN for `period` bars.

    `fast_period` and `slow_period` bound the smoothing in bars of an EMA. Recursive: the first value starts
    from the value before it. Source: P. Kaufman, "Smarter Trading", 1995, in TA-Lib's form.
    """
    if (period, fast_period, slow_period) == _TALIB_KAMA:
        return ta.KAMA(values, period)
    stream = KamaStream(period, fast_period, slow_period)
    return np.array([stream.step(value) for value in values.tolist()], dtype=np.float64)


def vwma(values: FloatArray, volume: FloatArray, period: int) -> FloatArray:
    """Volume-weighted average of `values`; NaN for `period` - 1 bars and where the window had no volume."""
    with np.errstate(invalid="ignore", divide="ignore"):
        out = ta.VWMA(values, volume, period)
    out[highest(volume, period) == 0.0] = np.nan
    return out


def super_smoother(values: FloatArray, period: int) -> FloatArray:
    """Ehlers' two-pole low-pass filter, less lag than an EMA of equal smoothness.

    values: (n,), oldest first; leading NaN are passed over, others are not allowed. period: cut-off in bars,
    >= 2, else ValueError. Returns (n,), unit of `values`; the first two values pass through unchanged.
    Gain 1 at zero frequency: a constant stays that constant.
    Source: J. F. Ehlers, "Cycle Analytics for Traders", 2013, chapter 3; the angle is in radians.
    """
    first = int(np.argmin(np.isnan(values))) if len(values) else 0
    out = values[first:].tolist()
    smooth(out, *super_smoother_coefficients(period))
    smoothed = np.full(len(values), np.nan)
    smoothed[first:] = out
    return smoothed


def smooth(values: MutableSequence[float], c1: float, c2: float, c3: float) -> None:
    """Smooth values in place: y = c1·(x + x₋₁)/2 + c2·y₋₁ + c3·y₋₂, the first two stay.

    A plain loop over a list or an array: the column tier of a backtest compiles it.
    """
    if len(values) < 3:
        return
    before, y2, y1 = values[1], values[0], values[1]
    for i in range(2, len(values)):
        value = values[i]
        y2, y1 = y1, c1 * (value + before) / 2.0 + c2 * y1 + c3 * y2
        before = value
        values[i] = y1
