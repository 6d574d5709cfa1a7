"""`TradingAnalyzer`: one symbol's bars in, one `Analysis` per closed bar out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from whalebot.decisions.analysis.bars import Bars, floats_of
from whalebot.decisions.analysis.columns import COLUMN_NAMES
from whalebot.decisions.analysis.live import LiveColumns
from whalebot.decisions.analysis.scoring import Scorer, make_scorer, threshold_factor
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.decisions.analysis.signal import SignalState
from whalebot.decisions.analysis.timeframes import usable_timeframes
from whalebot.decisions.analysis.trend_feeds import TrendBoard
from whalebot.decisions.analysis.trends import balance
from whalebot.domain.analysis import Analysis, TrendReading
from whalebot.domain.enums import Signal
from whalebot.domain.intervals import bar_close_ms, interval_ms
from whalebot.domain.market import Candle

NAN = float("nan")
_NOTHING_MISSING: frozenset[str] = frozenset()


class TradingAnalyzer:
    """Score every closed bar of one symbol and hold its signal.

    Bars of the primary interval and of the higher timeframes come in order of time, at equal times the higher
    ones first. `higher_intervals` are those that are really watched, longest first; `notices` collects what
    the owner should read once (a timeframe left out, a trend that is not known). Plain state for the one
    thread that owns it.
    """

    def __init__(
        self,
        symbol: str,
        interval: str,
        scoring: ScoringSettings,
        indicators: IndicatorSettings,
        mtf: MtfSettings,
        window: int = 1000,
    ) -> None:
        self.symbol = symbol
        self.interval = interval
        self._watched, dropped = usable_timeframes(interval, mtf)
        self.higher_intervals = tuple(sorted(self._watched, key=interval_ms, reverse=True))
        self.notices: list[str] = [f"{symbol}: {line}" for line in dropped]
        self._indicators = indicators
        self._window = window
        self._use(scoring)
        self._board = TrendBoard(self._watched, mtf, indicators, window)
        self._start_primary()

    def _use(self, scoring: ScoringSettings) -> None:
        self._scoring = scoring
        self._scorer: Scorer = make_scorer(scoring, self._indicators, bool(self._watched))

    def _start_primary(self) -> None:
        mean_atr = self._scoring.dynamic_threshold.mean_period
        self._live = LiveColumns(self.interval, self._indicators, mean_atr, self._window)
        self._signal = SignalState()
        self._warm = self._was_warm = self._gap_ahead = False

    # --- bars in ------------------------------------------------------------------------------------------

    def load_history(self, interval: str, candles: Iterable[Candle]) -> None:
        """Take closed bars, oldest first, without deciding on them: at the start, or to fill a hole.

        Bars not newer than the last one known, and bars of an interval that is not watched, are passed over.
        """
        if interval != self.interval:
            for candle in candles:
                self.on_higher_close(candle)
            return
        for candle in candles:
            last = self._live.series.last_open_ms
            if last is None or candle.open_ms > last:
                self._append(candle)

    def on_higher_close(self, candle: Candle) -> None:
        """Take a closed bar of a higher timeframe; after a gap only one that opened in the new data set."""
        self._board.push(candle)

    def on_close(
        self,
        candle: Candle,
        imbalance: float | None,
        trade_delta: float | None = None,
        missing_intervals: frozenset[str] = _NOTHING_MISSING,
    ) -> Analysis:
        """Take the next closed bar of the primary interval and return what it says.

        imbalance: (bid volume - ask volume) / (their sum) over the configured depth, None when there is no
        book or it is stale. trade_delta: (taker buys - taker sells) / (their sum) over the last
        `volume_delta_period` bars, -1 to 1, None when the trades do not cover them; used only where volume
        delta is taken from trades. missing_intervals: higher timeframes whose bar is due but has not come.
        Raises ValueError when the bar is not newer than the last one.
        """
        last = self._live.series.last_open_ms
        if last is not None and candle.open_ms <= last:
            raise ValueError(
                f"{self.symbol} {self.interval}: bar {candle.open_ms} is not after the last one, {last}"
            )
        self._append(candle)
        trends = self._board.readings(missing_intervals)
        self.notices += [f"{self.symbol}: {line}" for line in self._board.unknown]
        self._board.unknown.clear()
        self._put_outside(imbalance, trade_delta, trends)
        return self._analyse(candle, trends)

    # --- state --------------------------------------------------------------------------------------------

    def restore_signal(self, signal: Signal) -> None:
        """Go on with the signal that was held before a restart."""
        self._signal = SignalState(signal)

    def reset(self) -> None:
        """Forget every bar, every indicator and the signal: the next bar begins a new data set."""
        self._start_primary()
        self._gap_ahead = True

    def use_scoring(self, scoring: ScoringSettings) -> None:
        """Score by other thresholds, weights and switches from the next bar on; indicators go on."""
        self._use(scoring)

    @property
    def signal(self) -> Signal:
        """The signal held after the last bar."""
        return self._signal.signal

    def last_open_ms(self, interval: str) -> int | None:
        """Return the open time of the newest bar of the primary or a higher interval, None without one."""
        series = self._live.series if interval == self.interval else self._board.feeds[interval].series
        return series.last_open_ms

    def bars(self, interval: str) -> Bars:
        """Return a copy of the window of bars of the primary or a higher interval."""
        series = self._live.series if interval == self.interval else self._board.feeds[interval].series
        return series.bars()

    def latest(self) -> Mapping[str, float]:
        """Return the newest value of every indicator by name, NaN while warming."""
        return {name: getattr(self._live.columns, name)[2] for name in COLUMN_NAMES}

    # --- inside -------------------------------------------------------------------------------------------

    def _append(self, candle: Candle) -> None:
        if self._gap_ahead or self._is_after_gap(candle):
            self._start_primary()
            self._board.restart(candle.open_ms)
        self._live.append(candle.open_ms, floats_of(candle))
        self._follow_warm_up()

    def _is_after_gap(self, candle: Candle) -> bool:
        last = self._live.series.last_open_ms
        if last is None:
            return False
        return candle.open_ms - bar_close_ms(last, self.interval) > 10 * interval_ms(self.interval)

    def _follow_warm_up(self) -> None:
        columns = self._live.columns
        self._warming = self._scorer.warming(columns)
        warm = not self._warming and columns.atr[2] == columns.atr[2]
        self._warm = self._warm or (warm and self._was_warm)
        self._was_warm = warm

    def _put_outside(
        self, imbalance: float | None, trade_delta: float | None, trends: tuple[TrendReading, ...]
    ) -> None:
        live = self._live
        live.put("orderbook_imbalance", NAN if imbalance is None else float(imbalance))
        live.put("mtf_balance", balance(trends))
        if self._scoring.volume_delta_source == "trades":
            live.put("volume_delta", NAN if trade_delta is None else float(trade_delta))

    def _analyse(self, candle: Candle, trends: tuple[TrendReading, ...]) -> Analysis:
        columns = self._live.columns
        score, breakdown = self._scorer.score_bar(columns)
        atr = float(columns.atr[2])
        threshold = self._scoring.threshold * threshold_factor(atr, float(columns.mean_atr[2]), self._scoring)
        if self._warm:
            signal = self._signal.step(score, threshold, self._scoring.hysteresis_ratio)
        else:
            signal = Signal.HOLD
        return Analysis(
            symbol=self.symbol,
            interval=self.interval,
            open_ms=candle.open_ms,
            close_ms=candle.close_ms,
            close=candle.close,
            volume=float(columns.volume[2]),
            score=score,
            breakdown=breakdown,
            signal=signal,
            trends=trends,
            atr=atr if atr == atr else 0.0,
            warming=self._warming,
            without_input=self._scorer.without_input(columns),
            may_enter=self._warm,
            threshold=threshold,
        )
