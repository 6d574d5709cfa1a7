"""Trend: MACD, directional movement, parabolic SAR, SuperTrend in both kinds, and Ichimoku."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import NamedTuple

import numpy as np

from whalebot.indicators.arrays import FloatArray, lagged
from whalebot.indicators.averages import super_smoother
from whalebot.indicators.ta import ta
from whalebot.indicators.volatility import true_range

ICHIMOKU_SHIFT = 26


class SuperTrendLines(NamedTuple):
    """`line` is the band that holds the trend, unit of price; `direction` +1 or -1. NaN while warming."""

    line: FloatArray
    direction: FloatArray


class IchimokuLines(NamedTuple):
    """Lines as they stand on the bar: the cloud is made of the spans of 26 bars ago. Unit of price."""

    tenkan: FloatArray
    kijun: FloatArray
    cloud_top: FloatArray
    cloud_bottom: FloatArray


def macd(
    close: FloatArray, fast_period: int, slow_period: int, signal_period: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """MACD (line, signal, histogram), unit of price; NaN for slow + signal - 2 bars."""
    line, signal, histogram = ta.MACD(close, fast_period, slow_period, signal_period)
    return line, signal, histogram


def adx(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Wilder's (ADX, +DI, -DI), 0 to 100; NaN for 2·`period` - 1 bars (ADX) and `period` bars."""
    return (
        ta.ADX(high, low, close, period),
        ta.PLUS_DI(high, low, close, period),
        ta.MINUS_DI(high, low, close, period),
    )


def psar(high: FloatArray, low: FloatArray, acceleration: float, maximum: float) -> FloatArray:
    """Parabolic stop and reverse, unit of price; NaN on bar 0."""
    return ta.SAR(high, low, acceleration, maximum)


def supertrend(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int, multiplier: float
) -> SuperTrendLines:
    """SuperTrend on median price ± `multiplier` · ATR; NaN for `period` bars, then up until it flips."""
    line, trend = ta.SUPERTREND(high, low, close, period, multiplier)
    return SuperTrendLines(line, np.where(np.isnan(line), np.nan, trend.astype(np.float64)))


def ehlers_supertrend(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int, multiplier: float
) -> SuperTrendLines:
    """SuperTrend on SuperSmoothers: smoothed median price ± `multiplier` · smoothed true range.

    NaN for `period` bars, then direction +1 until the close passes a band. Each final band follows its basic
    band towards the price and is released by a close beyond it; the close is held against the current bands.
    """
    price = super_smoother((high + low) / 2.0, period)
    band = multiplier * super_smoother(true_range(high, low, close), period)
    line, direction = _ratchet((price + band)[period:], (price - band)[period:], close[period:])
    warm_up = [np.nan] * min(period, len(close))
    return SuperTrendLines(np.array(warm_up + line), np.array(warm_up + direction))


def ichimoku(
    high: FloatArray, low: FloatArray, tenkan_period: int, kijun_period: int, senkou_b_period: int
) -> IchimokuLines:
    """Ichimoku's lines, each the middle of a range; the spans are those of 26 bars ago, never of the future.

    NaN for each period - 1 bars, the cloud 26 more. Source: G. Hosoda, 1969.
    """
    tenkan = ta.MIDPRICE(high, low, tenkan_period)
    kijun = ta.MIDPRICE(high, low, kijun_period)
    span_a = lagged((tenkan + kijun) / 2.0, ICHIMOKU_SHIFT)
    span_b = lagged(ta.MIDPRICE(high, low, senkou_b_period), ICHIMOKU_SHIFT)
    return IchimokuLines(tenkan, kijun, np.maximum(span_a, span_b), np.minimum(span_a, span_b))


def _ratchet(upper: FloatArray, lower: FloatArray, close: FloatArray) -> tuple[list[float], list[float]]:
    line, direction = upper.tolist(), lower.tolist()
    ratchet(line, direction, close.tolist())
    return line, direction


def ratchet(
    upper: MutableSequence[float], lower: MutableSequence[float], close: MutableSequence[float]
) -> None:
    """Turn basic bands in place: `upper` becomes the line that holds the trend, `lower` its direction.

    A plain loop over lists or arrays: the column tier of a backtest compiles it.
    """
    if not len(close):
        return
    top, bottom, before, up = upper[0], lower[0], close[0], True
    upper[0], lower[0] = bottom, 1.0
    for i in range(1, len(close)):
        now = close[i]
        if upper[i] < top or before > top:
            top = upper[i]
        if lower[i] > bottom or before < bottom:
            bottom = lower[i]
        if up:
            up = now >= bottom
        else:
            up = now > top
        upper[i] = bottom if up else top
        lower[i] = 1.0 if up else -1.0
        before = now
