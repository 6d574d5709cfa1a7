"""Trends of higher timeframes: bar by bar for a live series, as columns for a history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from whalebot.decisions.analysis.bars import Bars, close_times
from whalebot.decisions.analysis.comparisons import side, value_side
from whalebot.decisions.analysis.series import CLOSE, HIGH, LOW, PriceSeries
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings
from whalebot.domain.analysis import TrendReading
from whalebot.domain.enums import Trend
from whalebot.indicators import averages, trend, warmup
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.indicators.streaming.averages import NAN, EmaStream, SmaStream
from whalebot.indicators.streaming.trend import SuperTrendStream

_TRENDS = {1: Trend.UP, -1: Trend.DOWN, 0: Trend.SIDEWAYS}


class TrendFeed:
    """One higher timeframe of one symbol: its closed bars and what each indicator says of them."""

    __slots__ = ("_average", "_direction", "_ema", "_mtf", "_settings", "_sma", "_supertrend", "_values",
                 "interval", "series")  # fmt: skip

    def __init__(self, interval: str, mtf: MtfSettings, settings: IndicatorSettings, window: int) -> None:
        self.interval = interval
        self.series = PriceSeries(window)
        self._mtf = mtf
        self._settings = settings
        self._start()

    def _start(self) -> None:
        self._ema = EmaStream(self._mtf.trend_period)
        self._sma = SmaStream(self._mtf.trend_period)
        self._supertrend = SuperTrendStream(
            self._settings.ehlers_slow_period, self._settings.ehlers_slow_multiplier
        )
        self._values = dict.fromkeys(self._mtf.trend_indicators, NAN)

    def push(self, open_ms: int, ohlcv: tuple[float, float, float, float, float]) -> None:
        """Take the next closed bar; one that is not newer than the last is known already and passed over."""
        last = self.series.last_open_ms
        if last is not None and open_ms <= last:
            return
        self.series.append(open_ms, ohlcv)
        self._step(ohlcv[HIGH], ohlcv[LOW], ohlcv[CLOSE])

    def _step(self, high: float, low: float, close: float) -> None:
        for name in self._values:
            if name == "ehlers_supertrend":
                self._values[name] = self._supertrend.step(high, low, close)[1]
            else:
                average = (self._ema if name == "ema" else self._sma).step(close)
                known = average == average
                self._values[name] = float(value_side(close, average)) if known else NAN

    def restart(self, from_ms: int) -> None:
        """Forget every bar that opened before `from_ms`, as if history began there."""
        held = self.series.bars()
        self.series.clear()
        self._start()
        for i in np.flatnonzero(held.open_ms >= from_ms).tolist():
            row = (held.open[i], held.high[i], held.low[i], held.close[i], held.volume[i])
            self.push(int(held.open_ms[i]), tuple(map(float, row)))  # type: ignore[arg-type]

    def readings(self, missing: bool = False) -> tuple[TrendReading, ...]:
        """Return the trend by each indicator; all UNKNOWN when the bar that is due is `missing`."""
        return tuple(
            TrendReading(self.interval, name, Trend.UNKNOWN if missing else trend_of(value))
            for name, value in self._values.items()
        )


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
