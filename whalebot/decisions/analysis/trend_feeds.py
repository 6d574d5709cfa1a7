"""Higher timeframes of a live symbol: their closed bars, and the trend that each indicator reads there."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from whalebot.decisions.analysis.bars import floats_of
from whalebot.decisions.analysis.comparisons import value_side
from whalebot.decisions.analysis.series import CLOSE, HIGH, LOW, PriceSeries
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings
from whalebot.decisions.analysis.trends import trend_of
from whalebot.domain.analysis import TrendReading
from whalebot.domain.enums import Trend
from whalebot.domain.market import Candle
from whalebot.indicators.streaming.averages import NAN, EmaStream, SmaStream
from whalebot.indicators.streaming.trend import SuperTrendStream

Ohlcv: TypeAlias = tuple[float, float, float, float, float]


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

    def push(self, open_ms: int, ohlcv: Ohlcv) -> None:
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


class TrendBoard:
    """All higher timeframes of one symbol; `unknown` takes one line on each that could not tell a trend."""

    __slots__ = ("_begins_ms", "_told", "feeds", "unknown")

    def __init__(
        self, intervals: tuple[str, ...], mtf: MtfSettings, settings: IndicatorSettings, window: int
    ) -> None:
        self.feeds = {name: TrendFeed(name, mtf, settings, window) for name in intervals}
        self.unknown: list[str] = []
        self._told: set[str] = set()
        self._begins_ms = 0

    def push(self, candle: Candle) -> None:
        """Take a closed bar; one of another interval, or from before the data set, is passed over."""
        feed = self.feeds.get(candle.interval)
        if feed is not None and candle.open_ms >= self._begins_ms:
            feed.push(candle.open_ms, floats_of(candle))

    def restart(self, from_ms: int) -> None:
        """Begin a new data set at `from_ms`: bars that opened before it count no more."""
        self._begins_ms = from_ms
        for feed in self.feeds.values():
            feed.restart(from_ms)

    def readings(self, missing_intervals: frozenset[str]) -> tuple[TrendReading, ...]:
        """Return every trend in order; those of `missing_intervals` are UNKNOWN."""
        found: list[TrendReading] = []
        for interval, feed in self.feeds.items():
            missing = interval in missing_intervals
            readings = feed.readings(missing)
            if interval not in self._told and any(r.trend is Trend.UNKNOWN for r in readings):
                self._told.add(interval)
                why = "its bar has not come" if missing else f"{len(feed.series)} bars"
                self.unknown.append(f"the trend of interval {interval} is not known ({why})")
            found += readings
        return tuple(found)
