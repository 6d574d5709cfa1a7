"""A cross of two exponential averages with a stop by ATR: the strategy that backtesters are compared on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from whalebot.decisions.analysis.settings import ScoringSettings
from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Signal
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import bar_close_ms, interval_ms
from whalebot.domain.market import Candle
from whalebot.engine.bars import Analyzer
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.streaming.averages import EmaStream
from whalebot.indicators.streaming.wilder import AtrStream
from whalebot.indicators.volatility import atr
from whalebot.research.dataset import GAP_BARS, SymbolData
from whalebot.research.strategy import DecisionColumns

FAST: Final = 12
SLOW: Final = 26
_CODES: Final = {1: Signal.BUY, 0: Signal.HOLD, -1: Signal.SELL}
_PART: Final = "ema_cross"


class EmaCrossStrategy:
    """+1 on the bar where EMA12 comes to stand above EMA26, -1 where below; the held view is the last cross.

    A cross: now strictly beyond, on the bar before at or on the other side. ATR by the configured period.
    """

    name = "ema_cross"

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Decide on every decision bar; each data set begins afresh."""
        cross_averages = _loop()
        bars, period = data.decisions.bars, self._settings.indicators.atr_period
        count, start = len(bars), max(SLOW, period + 1)
        score, signal, warm = np.zeros(count), np.zeros(count, dtype=np.int8), np.zeros(count, dtype=np.bool_)
        spans = []
        for first, end in pairwise([*data.decisions.starts.tolist(), count]):
            part = bars.part(first, end)
            cross_averages(part.close, FAST, SLOW, start, score[first:end], signal[first:end])
            span = atr(part.high, part.low, part.close, period)
            span[:period] = 0.0
            spans.append(span)
            warm[first + start : end] = True
        return DecisionColumns(
            score=score,
            threshold=np.broadcast_to(1.0, count),
            signal=signal,
            atr=spans[0] if len(spans) == 1 else np.concatenate(spans),
            may_enter=warm,
            breakdown={_PART: score},
        )

    def analyzer(self, symbol: str) -> Analyzer:
        """Return the same, bar by bar."""
        return _EmaCross(symbol, self._settings)


def _loop() -> Callable[..., None]:
    """Return the loop over a history: compiled where Numba is installed."""
    try:
        from whalebot.research.column.crossing import cross_averages
    except ConfigError:
        from whalebot.indicators.crossing import cross_averages
    return cross_averages


class _EmaCross:
    """The `Analyzer` of one symbol."""

    higher_intervals: tuple[str, ...] = ()

    def __init__(self, symbol: str, settings: EngineSettings) -> None:
        self._symbol = symbol
        self._interval = settings.interval
        self._period = settings.indicators.atr_period
        self._last_ms: int | None = None
        self._start()

    def _start(self) -> None:
        self._fast, self._slow, self._atr = EmaStream(FAST), EmaStream(SLOW), AtrStream(self._period)
        self._away = self._span = float("nan")
        self._warm = self._was_ready = False
        self._code = 0
        self._crossed = 0

    def load_history(self, interval: str, candles: Sequence[Candle]) -> None:
        """Take bars without deciding on them."""
        for candle in candles if interval == self._interval else ():
            self._step(candle)

    def on_higher_close(self, candle: Candle) -> None:
        """Nothing is watched there."""

    def on_close(
        self,
        candle: Candle,
        imbalance: float | None,
        trade_delta: float | None,
        missing_intervals: frozenset[str],
    ) -> Analysis:
        """Take a closed bar and judge it."""
        self._step(candle)
        if self._warm and self._crossed:
            self._code = self._crossed
        score = float(self._crossed)
        return Analysis(
            symbol=self._symbol,
            interval=self._interval,
            open_ms=candle.open_ms,
            close_ms=candle.close_ms,
            close=candle.close,
            volume=float(candle.volume),
            score=score,
            breakdown=((_PART, score),),
            signal=_CODES[self._code],
            trends=(),
            atr=self._span if self._span == self._span else 0.0,
            warming=() if self._warm else (_PART,),
            without_input=(),
            may_enter=self._warm,
            threshold=1.0,
        )

    def latest(self) -> Mapping[str, float]:
        """Return the newest ATR."""
        return {"atr": self._span}

    def restore_signal(self, signal: Signal) -> None:
        """Go on from a remembered signal."""
        self._code = {Signal.BUY: 1, Signal.SELL: -1, Signal.HOLD: 0}[signal]

    def use_scoring(self, scoring: ScoringSettings) -> None:
        """There is nothing to weigh."""

    def _step(self, candle: Candle) -> None:
        last = self._last_ms
        if last is not None:
            missing = candle.open_ms - bar_close_ms(last, self._interval)
            if missing > GAP_BARS * interval_ms(self._interval):
                self._start()
        self._last_ms = candle.open_ms
        close = float(candle.close)
        before, self._away = self._away, self._fast.step(close) - self._slow.step(close)
        self._span = self._atr.step(float(candle.high), float(candle.low), close)
        up, down = self._away > 0 and before <= 0, self._away < 0 and before >= 0
        self._crossed = int(up) - int(down)
        ready = self._away == self._away and self._span == self._span
        self._warm = self._warm or (ready and self._was_ready)
        self._was_ready = ready
