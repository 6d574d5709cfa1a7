"""Oscillators: RSI, stochastic, StochRSI, CCI, Williams %R, MFI and rate of change.

On a flat window TA-Lib answers 0, a false extreme; here RSI, MFI and the stochastics answer 50, %R -50.
"""

from __future__ import annotations

import numpy as np

from whalebot.indicators.arrays import FloatArray, highest, lowest, rolling_mean
from whalebot.indicators.ta import ta

STOCH_RSI_WINDOW = 14
# Below this the range of an oscillator (0 to 100) is rounding noise.
FLAT_RANGE = 1e-9
# Typical prices closer than this, relatively, are the same price written in another order of addition.
_SAME_PRICE = 1e-12


def rsi(close: FloatArray, period: int) -> FloatArray:
    """Wilder's relative strength index, 0 to 100; NaN for `period` bars.

    50 where the last `period` + 1 closes are equal, whatever the recursion remembers.
    """
    out = ta.RSI(close, period)
    out[highest(close, period + 1) == lowest(close, period + 1)] = 50.0
    return out


def stoch_rsi(
    close: FloatArray, rsi_period: int, k_period: int, d_period: int
) -> tuple[FloatArray, FloatArray]:
    """Stochastic of the RSI over 14 bars: (K, D), 0 to 100.

    K is the mean of the last `k_period` raw values, D that of the last `d_period` K, each taken afresh.
    NaN for `rsi_period` + 13 + `k_period` - 1 bars (K) and `d_period` - 1 more (D).
    Source: T. Chande and S. Kroll, "The New Technical Trader", 1994.
    """
    return stoch_of_rsi(rsi(close, rsi_period), k_period, d_period)


def stoch_of_rsi(rsi_values: FloatArray, k_period: int, d_period: int) -> tuple[FloatArray, FloatArray]:
    """Return (K, D) of an RSI already known; see `stoch_rsi`."""
    raw = _place_in_range(
        rsi_values, highest(rsi_values, STOCH_RSI_WINDOW), lowest(rsi_values, STOCH_RSI_WINDOW), FLAT_RANGE
    )
    k = rolling_mean(raw, k_period)
    return k, rolling_mean(k, d_period)


def stochastic(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int, k_period: int, d_period: int
) -> tuple[FloatArray, FloatArray]:
    """Slow stochastic (K, D), 0 to 100, with simple means; NaN for `period` + `k_period` - 2 bars (K)."""
    raw = _place_in_range(close, highest(high, period), lowest(low, period), 0.0)
    k = rolling_mean(raw, k_period)
    return k, rolling_mean(k, d_period)


def cci(high: FloatArray, low: FloatArray, close: FloatArray, period: int) -> FloatArray:
    """Commodity channel index; NaN for `period` - 1 bars, 0 on a flat window."""
    return ta.CCI(high, low, close, period)


def williams_r(high: FloatArray, low: FloatArray, close: FloatArray, period: int) -> FloatArray:
    """Williams %R, -100 to 0; NaN for `period` - 1 bars, -50 where highest equals lowest."""
    out = ta.WILLR(high, low, close, period)
    out[highest(high, period) == lowest(low, period)] = -50.0
    return out


def mfi(high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, period: int) -> FloatArray:
    """Money flow index, 0 to 100; NaN for `period` bars, 50 where no money moved in the window.

    Money moves on a bar whose typical price differs from the last one's and that has volume.
    """
    out = ta.MFI(high, low, close, volume, period)
    if len(close) > period:
        typical = (high + low + close) / 3.0
        moved = np.abs(typical[1:] - typical[:-1]) > _SAME_PRICE * typical[1:]
        out[1:][highest(moved * volume[1:], period) == 0.0] = 50.0
    return out


def roc(close: FloatArray, period: int) -> FloatArray:
    """Rate of change against the close `period` bars ago, percent; NaN for `period` bars."""
    return ta.ROC(close, period)


def _place_in_range(values: FloatArray, top: FloatArray, bottom: FloatArray, flat: float) -> FloatArray:
    span = top - bottom
    with np.errstate(invalid="ignore", divide="ignore"):
        out = 100.0 * ((values - bottom) / span)
    out[span <= flat] = 50.0
    return out
