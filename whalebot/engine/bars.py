"""Bars of one symbol on all its timeframes: no holes, higher first, one analysis per closed bar."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from whalebot.decisions.analysis.settings import ScoringSettings
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import FetchHistory
from whalebot.domain.enums import Level, Signal
from whalebot.domain.events import HistoryFetched
from whalebot.domain.intervals import bar_close_ms, bar_open_ms, interval_ms
from whalebot.domain.known import Unknown
from whalebot.domain.market import Candle
from whalebot.engine.context import Context
from whalebot.engine.flow import TradeFlow
from whalebot.engine.market import SymbolMarket

# More missing time than this many bars is another data set, not a hole.
_GAP_BARS: Final = 10
_MOST_PENDING: Final = 5_000
# On a market that runs faster than this a bar is over before REST could be asked about it.
_COMPARED_SCALE: Final = 60


class Analyzer(Protocol):
    """What the engine asks of an analyzer; TradingAnalyzer is the one that runs live."""

    @property
    def higher_intervals(self) -> tuple[str, ...]:
        """Higher timeframes it wants, longest first."""
        ...

    def load_history(self, interval: str, candles: Sequence[Candle]) -> None:
        """Take the bars before the first live one."""
        ...

    def on_higher_close(self, candle: Candle) -> None:
        """Take a closed higher bar."""
        ...

    def on_close(
        self,
        candle: Candle,
        imbalance: float | None,
        trade_delta: float | None,
        missing_intervals: frozenset[str],
    ) -> Analysis:
        """Take a closed primary bar and judge it."""
        ...

    def latest(self) -> Mapping[str, float]:
        """Return the newest indicator values by name; `atr` among them."""
        ...

    def restore_signal(self, signal: Signal) -> None:
        """Go on from a remembered signal."""
        ...

    def use_scoring(self, scoring: ScoringSettings) -> None:
        """Score with other weights and thresholds from the next bar on."""
        ...


@dataclass(slots=True)
class _Series:
    """How far one timeframe is known. `next_open_ms` None until its history is loaded; `asked` the range
    of the question that is on its way while `fetching`; `behind_ms` when (real time) a later bar was first
    seen in progress although the one that is due was not told."""

    interval: str
    next_open_ms: int | None = None
    pending: deque[Candle] = field(default_factory=lambda: deque(maxlen=_MOST_PENDING))
    fetching: bool = False
    asked: tuple[int | None, int | None] = (None, None)
    behind_ms: int | None = None


class BarFeed:
    """Feeds the analyzer of one symbol with gapless closed bars and returns its analyses."""

    def __init__(self, ctx: Context, market: SymbolMarket, analyzer: Analyzer) -> None:
        self._ctx = ctx
        self._market = market
        self._analyzer = analyzer
        self.symbol = market.symbol
        self.interval = ctx.settings.interval
        self._series = {i: _Series(i) for i in (*analyzer.higher_intervals, self.interval)}
        self._queue: deque[Candle] = deque()
        self.flow = TradeFlow(ctx.settings.indicators.volume_delta_period)
        self.last_analysis: Analysis | None = None
        self._last: Candle | None = None

    @property
    def ready(self) -> bool:
        """True when the history of every timeframe is loaded and no hole is being filled."""
        return all(s.next_open_ms is not None and not s.fetching for s in self._series.values())

    @property
    def atr(self) -> float:
        """Newest ATR of the primary timeframe in quote, 0 while warming."""
        value = self._analyzer.latest().get("atr", 0.0)
        return value if value == value else 0.0

    def use_scoring(self, scoring: ScoringSettings) -> None:
        """Score with other weights and thresholds from the next bar on."""
        self._analyzer.use_scoring(scoring)

    def start(self) -> None:
        """Ask for the history of every timeframe, the highest first."""
        for series in self._series.values():
            self._fetch(series)

    def on_closed(self, candle: Candle) -> list[Analysis]:
        """Take a closed bar from the stream; return the analyses it completes, oldest first."""
        series = self._series.get(candle.interval)
        if series is None:
            return []
        if series.next_open_ms is None or series.fetching:
            series.pending.append(candle)
            return []
        return self._accept(series, candle)

    def on_forming(self, candle: Candle) -> None:
        """A bar in progress says that all before it are over: ask for one whose close does not come."""
        series = self._series.get(candle.interval)
        if series is None or series.next_open_ms is None or series.fetching:
            return
        now_ms = self._ctx.clock.real_ms
        if candle.open_ms <= series.next_open_ms:
            series.behind_ms = None
        elif series.behind_ms is None:
            series.behind_ms = now_ms
        elif now_ms - series.behind_ms >= self._ctx.settings.feed.retry_ms:
            series.behind_ms = None
            self._fetch(series)

    def on_history(self, event: HistoryFetched) -> list[Analysis]:
        """Take fetched bars: the first load, or the bars of a hole."""
        series = self._series[event.interval]
        if not series.fetching or (event.start_ms, event.end_ms) != series.asked:
            if not isinstance(event.candles, Unknown):
                self._compare(event.candles.value)
            return []
        if isinstance(event.candles, Unknown):
            text = f"{event.interval}: {event.candles.reason}"
            self._ctx.trouble("history_unknown", text, self.symbol)
            self._ctx.timers.arm(
                ("history", self.symbol, event.interval),
                self._ctx.clock.real_ms + self._ctx.settings.feed.retry_ms,
            )
            return []
        self._ctx.recovered("history_unknown", self.symbol)
        series.fetching = False
        candles = event.candles.value
        first_load = series.next_open_ms is None
        if first_load:
            self._load(series, candles)
        for candle in () if first_load else candles:
            if candle.open_ms >= (series.next_open_ms or 0):
                self._step(series, candle)
        return [*self._drain(), *self._flush_pending(series, hole_confirmed=not first_load)]

    def retry(self, interval: str) -> None:
        """Ask again for history after an unanswered question."""
        self._fetch(self._series[interval])

    def give_up_waiting(self) -> list[Analysis]:
        """The wait for a higher bar is over: decide without it."""
        return self._drain(without_missing=True)

    def _load(self, series: _Series, candles: tuple[Candle, ...]) -> None:
        self._analyzer.load_history(series.interval, candles)
        newest = candles[-1].close_ms if candles else 0
        series.next_open_ms = newest
        self._ctx.notice(
            Level.INFO,
            "history",
            f"history: {len(candles)} bars of interval {series.interval}",
            self.symbol,
            bars=len(candles),
        )

    def _flush_pending(self, series: _Series, hole_confirmed: bool) -> list[Analysis]:
        """Take the bars that came meanwhile. The venue just said what lies before the first of them."""
        found: list[Analysis] = []
        while series.pending and not series.fetching:
            candle = series.pending.popleft()
            found += self._accept(series, candle, hole_confirmed)
            hole_confirmed = False
        return found

    def _accept(self, series: _Series, candle: Candle, hole_confirmed: bool = False) -> list[Analysis]:
        next_open_ms = series.next_open_ms or candle.open_ms
        if candle.open_ms < next_open_ms:
            return []
        hole_confirmed = hole_confirmed or self._ctx.settings.feed.has_holes
        if candle.open_ms > next_open_ms and not hole_confirmed:
            series.pending.appendleft(candle)
            self._fetch(series)
            return []
        self._step(series, candle)
        return self._drain()

    def _step(self, series: _Series, candle: Candle) -> None:
        hole_ms = candle.open_ms - (series.next_open_ms or candle.open_ms)
        series.next_open_ms = candle.close_ms
        if series.interval != self.interval:
            self._analyzer.on_higher_close(candle)
            return
        if hole_ms > _GAP_BARS * interval_ms(self.interval):
            # The analyzer sees the gap itself and starts a new data set there.
            self._ctx.notice(
                Level.WARNING, "data_gap", f"{hole_ms // 1000} s without bars: warming up afresh", self.symbol
            )
        self._queue.append(candle)

    def _drain(self, without_missing: bool = False) -> list[Analysis]:
        found: list[Analysis] = []
        key = ("higher", self.symbol)
        while self._queue:
            candle = self._queue[0]
            missing = self._missing_higher(candle)
            if missing and not without_missing and candle is self._queue[-1]:
                if not self._ctx.timers.is_armed(key):
                    wait = self._ctx.settings.feed.higher_wait_ms
                    self._ctx.timers.arm(key, self._ctx.clock.real_ms + wait)
                return found
            self._queue.popleft()
            self._ctx.timers.cancel(key)
            if missing:
                text = f"{', '.join(sorted(missing))} not here in time: UNKNOWN for this bar"
                self._ctx.notice(Level.WARNING, "higher_bar_late", text, self.symbol)
            found.append(self._analyse(candle, frozenset(missing)))
        return found

    def _missing_higher(self, candle: Candle) -> list[str]:
        """Higher timeframes whose bar closed with this one but has not arrived."""
        close = candle.close_ms
        missing = []
        for interval, series in self._series.items():
            if interval == self.interval or series.next_open_ms is None:
                continue
            opened = bar_open_ms(close - 1, interval)
            if bar_close_ms(opened, interval) == close and series.next_open_ms < close:
                missing.append(interval)
        return missing

    def _analyse(self, candle: Candle, missing: frozenset[str]) -> Analysis:
        from_trades = self._ctx.settings.scoring.volume_delta_source == "trades"
        delta = self.flow.close_bar()
        analysis = self._analyzer.on_close(
            candle, self._market.imbalance(), delta if from_trades else None, missing
        )
        self.last_analysis = analysis
        self._last = candle
        if self._ctx.settings.feed.time_scale <= _COMPARED_SCALE:
            compare_at = self._ctx.clock.real_ms + self._ctx.settings.timing.compare_bar_ms
            self._ctx.timers.arm(("compare", self.symbol), compare_at)
        return analysis

    def compare_last(self) -> None:
        """Ask REST for the last decided bar; on_history tells where it differs from the stream's."""
        if self._last is not None and not self._series[self.interval].fetching:
            last = self._last
            self._ctx.emit(FetchHistory(self.symbol, self.interval, last.open_ms, last.close_ms, 1))

    def _compare(self, fetched: tuple[Candle, ...]) -> None:
        streamed = self._last
        for candle in fetched:
            same_bar = streamed is not None and candle.open_ms == streamed.open_ms
            if same_bar and candle.interval == self.interval and candle != streamed:
                self._ctx.alert(
                    Level.WARNING,
                    "bar_differs",
                    f"{self.symbol}: a bar differs between stream and REST",
                    f"decided on {streamed}, REST says {candle}",
                )

    def _fetch(self, series: _Series) -> None:
        series.fetching = True
        end_ms = series.pending[0].open_ms if series.pending and series.next_open_ms else None
        limit = self._ctx.settings.history_bars
        if end_ms is not None and series.next_open_ms is not None:
            limit = max(limit, (end_ms - series.next_open_ms) // interval_ms(series.interval) + 1)
        series.asked = (series.next_open_ms, end_ms)
        self._ctx.emit(FetchHistory(self.symbol, series.interval, series.next_open_ms, end_ms, limit))
