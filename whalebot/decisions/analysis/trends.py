"""Trends of higher timeframes as codes: +1 up, -1 down, 0 sideways, NaN unknown; columns for a history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from whalebot.decisions.analysis.bars import Bars, close_times
from whalebot.decisions.analysis.comparisons import side
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings
from whalebot.domain.analysis import TrendReading
from whalebot.domain.enums import Trend
from whalebot.indicators import averages, trend, warmup
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.indicators.streaming.averages import NAN

_TRENDS = {1: Trend.UP, -1: Trend.DOWN, 0: Trend.SIDEWAYS}


def trend_of(value: float) -> Trend:
    """Return the trend of a code: +1, -1, 0, or NaN for UNKNOWN."""
    return _TRENDS[int(value)] if value == value else Trend.UNKNOWN


def balance(readings: Iterable[TrendReading]) -> float:
    """Return (trends up - trends down) / (trends known), NaN when none is known."""
    up = down = known = 0
    for reading in readings:
        known += reading.trend is not Trend.UNKNOWN
        up += reading.trend is Trend.UP
        down += reading.trend is Trend.DOWN
    return (up - down) / known if known else NAN


def trend_codes(bars: Bars, indicator: str, mtf: MtfSettings, settings: IndicatorSettings) -> FloatArray:
    """Return the trend after each bar of one data set: +1, -1, 0, NaN while UNKNOWN."""
    if indicator == "ehlers_supertrend":
        return trend.ehlers_supertrend(
            bars.high, bars.low, bars.close, settings.ehlers_slow_period, settings.ehlers_slow_multiplier
        ).direction
    average = (averages.ema if indicator == "ema" else averages.sma)(bars.close, mtf.trend_period)
    codes = np.asarray(side(bars.close, average), dtype=np.float64)
    codes[np.isnan(average)] = np.nan
    return codes


def align(codes: FloatArray, higher_close_ms: IntArray, decision_ms: IntArray) -> FloatArray:
    """Return, for each decision time, the code of the last higher bar closed by then, NaN before the first.

    A bar that closes at the very decision time counts.
    """
    at = np.searchsorted(higher_close_ms, decision_ms, side="right") - 1
    out = np.full(len(decision_ms), np.nan)
    known = at >= 0
    out[known] = codes[at[known]]
    return out


def trend_history(
    higher: Mapping[str, Bars], decision_ms: IntArray, mtf: MtfSettings, settings: IndicatorSettings
) -> dict[tuple[str, str], FloatArray]:
    """Return {(interval, indicator): codes at each decision time} for one data set."""
    out = {}
    for interval, bars in higher.items():
        closes = close_times(bars.open_ms, interval)
        for indicator in mtf.trend_indicators:
            out[interval, indicator] = align(trend_codes(bars, indicator, mtf, settings), closes, decision_ms)
    return out


def balance_history(trends: Mapping[tuple[str, str], FloatArray], bars: int) -> FloatArray:
    """Return `balance` at each decision time."""
    known, total = np.zeros(bars), np.zeros(bars)
    for codes in trends.values():
        known += ~np.isnan(codes)
        total += np.nan_to_num(codes, nan=0.0)
    out = np.full(bars, np.nan)
    np.divide(total, known, out=out, where=known > 0)
    return out


def warm_up_bars(mtf: MtfSettings, settings: IndicatorSettings) -> int:
    """Return how many bars of a higher timeframe its trends need before the first is known."""
    needs = {
        "sma": warmup.window(mtf.trend_period),
        "ema": warmup.window(mtf.trend_period),
        "ehlers_supertrend": warmup.after_first(settings.ehlers_slow_period),
    }
    return max((needs[name] for name in mtf.trend_indicators), default=0)
