"""Everything the scanner knows of its symbols: bars, prices, evaluations; told facts, it says what happened.

One thread; no socket, no file, no wall clock. What it needs from REST it asks for in `outbox.wishes`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.bybit.day_ticker import DayTicker
from whalebot.decisions.scan.announcing import Announcer
from whalebot.decisions.scan.compute import compute
from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.evaluation import Evaluation
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import SessionBar
from whalebot.domain.events import BookDelta, BookLost, BookSnapshot
from whalebot.domain.market import Candle
from whalebot.scanner.bar_store import BarStore, Taken
from whalebot.scanner.bootstrap import History
from whalebot.scanner.judging import LEAST_BARS, DeskCounts, Judge, Outbox
from whalebot.scanner.lane import Frame, Lane, Phase, SymbolCard
from whalebot.scanner.quotes import Quote

_log = logging.getLogger("whalebot.scanner")
_MOST_HOLE_TRIES: Final = 3


class ScanDesk:
    """The state of the scan. `frames`: settings by interval, the base interval first.

    `analysis_ms`: event time between two evaluations of a symbol on its live price. `now_s`: monotonic time,
    by which a price is too old after `ttl_s`. `book_levels`: 0 for no book.
    """

    def __init__(
        self,
        frames: Sequence[Frame],
        announcer: Announcer,
        analysis_ms: float,
        ttl_s: float,
        book_levels: int,
        now_s: Callable[[], float],
    ) -> None:
        self._frames = {frame.settings.interval: frame for frame in frames}
        self.base = frames[0].settings.interval
        self.announcer = announcer
        self._analysis_ms = analysis_ms
        self._ttl_s = ttl_s
        self._book_levels = book_levels
        self._now_s = now_s
        self.cards: dict[str, SymbolCard] = {}
        self.counts = DeskCounts()
        self.outbox = Outbox()
        self._judge = Judge(self._frames, self.base, announcer, self.counts, self.outbox)

    @property
    def intervals(self) -> tuple[str, ...]:
        """The intervals scanned, the base first."""
        return tuple(self._frames)

    def settings(self, interval: str) -> ScanSettings:
        """Return the settings of an interval."""
        return self._frames[interval].settings

    def add(self, symbol: str, tick_size: Decimal) -> None:
        """Begin to scan a symbol; it waits for its history."""
        lanes = {
            name: Lane(BarStore(symbol, name, frame.settings.kline_history))
            for name, frame in self._frames.items()
        }
        self.cards[symbol] = SymbolCard(symbol, tick_size, Quote(symbol, self._book_levels), lanes)

    def close_symbol(self, symbol: str, reason: str) -> None:
        """Stop a symbol for good; its row stays and says so."""
        card = self.cards.get(symbol)
        if card is not None and card.phase is not Phase.CLOSED:
            card.phase, card.reason = Phase.CLOSED, reason
            _log.error("%s is closed: %s", symbol, reason, extra={"symbol": symbol})

    def on_history(self, history: History) -> None:
        """Take the history of a symbol and judge its last bar."""
        card = self.cards.get(history.symbol)
        if card is None or card.phase is Phase.CLOSED:
            return
        lane = card.lanes[history.interval]
        waiting, lane.parked = lane.parked, []
        lane.store.load(history.closed, history.previous)
        if history.forming is not None:
            lane.store.form(history.forming)
            self._touch(card, history.forming.close, lane)
        lane.is_loaded = True
        if all(other.is_loaded for other in card.lanes.values()):
            card.phase = Phase.LIVE
        self._resume(card, lane, waiting)

    def on_failed(self, symbol: str, reason: str) -> None:
        """Take note that a symbol has no history yet."""
        card = self.cards.get(symbol)
        if card is not None and card.phase is Phase.WAITING:
            card.reason = reason
            card.failures += 1

    def on_closed(self, candle: Candle) -> None:
        """Take a closed bar: judge it, or first have the hole before it filled."""
        card, lane = self._find(candle.symbol, candle.interval)
        if card is None or lane is None:
            return
        self._touch(card, candle.close, lane)
        if not lane.is_loaded or lane.is_filling:
            lane.parked.append(candle)
            return
        taken = lane.store.take(candle)
        if taken is Taken.OLD:
            self.counts.old_bars += 1
        elif taken is Taken.AFTER_HOLE:
            lane.parked.append(candle)
            self._wish_hole(card, lane)
        else:
            self._judge.close(card, lane, candle.close)

    def on_forming(self, candle: Candle) -> None:
        """Take the bar in progress."""
        card, lane = self._find(candle.symbol, candle.interval)
        if card is None or lane is None or not lane.is_loaded:
            return
        lane.store.form(candle)
        self._touch(card, candle.close, lane)
        expected = lane.store.next_open_ms
        if expected is not None and candle.open_ms > expected and not lane.is_filling:
            self._wish_hole(card, lane)

    def on_hole_filled(self, symbol: str, interval: str, bars: Iterable[Candle]) -> None:
        """Take the bars over a hole, then those that came meanwhile; the last one is judged."""
        card, lane = self._find(symbol, interval)
        if card is None or lane is None:
            return
        lane.is_filling = False
        waiting, lane.parked = lane.parked, []
        merged = {bar.open_ms: bar for bar in (*bars, *waiting)}
        self._resume(card, lane, [merged[open_ms] for open_ms in sorted(merged)])

    def on_session(self, symbol: str, interval: str, bar: SessionBar | None) -> None:
        """Take the extremes of the session before; the last bar is judged with them."""
        card, lane = self._find(symbol, interval)
        if card is None or lane is None:
            return
        lane.asked_session = None if bar is None else bar.start_ms
        if bar is not None:
            lane.store.set_previous(bar)
            if len(lane.store) >= LEAST_BARS:
                lane.values = compute(lane.store.window(), self.settings(interval))

    def on_ticker(self, ticker: DayTicker) -> None:
        """Take a ticker; a changed price is judged where the last evaluation is long enough ago."""
        card = self.cards.get(ticker.symbol)
        if card is None or card.phase is Phase.CLOSED:
            return
        changed = card.quote.take(ticker, self._now_s())
        lane = card.lanes[self.base]
        card.is_price_new = card.is_price_new or changed
        if not card.is_price_new or lane.values is None or lane.is_filling or not lane.is_loaded:
            return
        if ticker.ts_ms - lane.judged_ms >= self._analysis_ms:
            self._judge.price(card, lane, ticker.ts_ms)

    def on_book(self, event: BookSnapshot | BookDelta | BookLost) -> None:
        """Take a change of an order book."""
        card = self.cards.get(event.symbol)
        if card is not None:
            card.quote.take_book(event)

    def is_stale(self, card: SymbolCard) -> bool:
        """Tell whether a live symbol's price is older than it may be."""
        return card.phase is Phase.LIVE and self._now_s() - card.quote.seen_s > self._ttl_s

    def judge_now(self, symbol: str, ts_ms: int) -> Evaluation | None:
        """Judge a symbol at its last price, whenever that was before; None where it cannot be judged."""
        card = self.cards[symbol]
        lane = card.lanes[self.base]
        if lane.values is None:
            return None
        self._judge.price(card, lane, ts_ms)
        return card.evaluation

    def _find(self, symbol: str, interval: str) -> tuple[SymbolCard, Lane] | tuple[None, None]:
        card = self.cards.get(symbol)
        if card is None or card.phase is Phase.CLOSED or interval not in card.lanes:
            return None, None
        return card, card.lanes[interval]

    def _touch(self, card: SymbolCard, price: Decimal, lane: Lane) -> None:
        """A bar tells the price too, for a symbol whose ticker is away or has not come yet."""
        if lane.store.interval == self.base:
            card.quote.seen_s = self._now_s()
            card.last_close = price

    def _wish_hole(self, card: SymbolCard, lane: Lane) -> None:
        lane.is_filling = True
        self.counts.holes += 1
        self.outbox.wishes[("hole", card.symbol, lane.store.interval)] = None

    def _resume(self, card: SymbolCard, lane: Lane, bars: Sequence[Candle]) -> None:
        for number, bar in enumerate(bars):
            taken = lane.store.take(bar)
            if taken is Taken.AFTER_HOLE and lane.hole_tries < _MOST_HOLE_TRIES:
                lane.hole_tries += 1
                lane.parked = list(bars[number:])
                self._wish_hole(card, lane)
                return
            if taken is Taken.AFTER_HOLE:
                _log.warning("%s: the venue has no bars for a hole; starting anew after it", card.symbol)
                lane.store.load(bars[number:])
                break
        lane.hole_tries = 0
        close = lane.store.last_close
        if close is not None:
            self._judge.close(card, lane, Decimal(repr(close)))


def make_frames(settings: ScanSettings, intervals: Sequence[str], guard: Any) -> Iterator[Frame]:
    """Yield the frame of each interval; `guard` runs the rules."""
    for interval in intervals:
        own = replace(settings, interval=interval)
        yield Frame(own, Evaluator(own, guard))
