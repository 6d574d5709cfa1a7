"""Volatility: true range, ATR, Bollinger bands, Keltner channel and the volatility index."""

from __future__ import annotations

from whalebot.indicators.arrays import FloatArray
from whalebot.indicators.averages import ema, sma
from whalebot.indicators.ta import ta


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """True range, unit of price; NaN on bar 0, which has no close before it."""
    return ta.TRANGE(high, low, close)


def atr(high: FloatArray, low: FloatArray, close: FloatArray, period: int) -> FloatArray:
    """Wilder's average true range, unit of price; NaN for `period` bars."""
    return ta.ATR(high, low, close, period)


def bollinger(close: FloatArray, period: int, deviations: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bollinger bands (upper, middle, lower), population deviation; NaN for `period` - 1 bars."""
    upper, middle, lower = ta.BBANDS(close, period, deviations, deviations)
    return upper, middle, lower


def keltner(
    close: FloatArray, atr_values: FloatArray, period: int, multiplier: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Keltner channel (upper, middle, lower): EMA of the close ± `multiplier` · ATR. NaN while either is."""
    middle = ema(close, period)
    return middle + multiplier * atr_values, middle, middle - multiplier * atr_values


def volatility_index(close: FloatArray, atr_values: FloatArray, period: int) -> FloatArray:
    """Mean of ATR/close over `period` bars, a fraction; NaN for the ATR's warm-up and `period` - 1 more."""
    return sma(atr_values / close, period)
