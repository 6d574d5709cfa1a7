"""The loop of a live scan: takes what streams and REST bring, has it judged, hands on what happened."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Any, Final, Protocol

from whalebot.adapters.bybit.rest_survey import ListedSymbol
from whalebot.domain.errors import RateLimited, TransportError, VenueRefused
from whalebot.domain.events import BookDelta, BookLost, BookSnapshot, CandleClosed, CandleForming
from whalebot.domain.intervals import interval_ms
from whalebot.scanner.arrivals import (
    HistoryArrived,
    HistoryFailed,
    HoleFilled,
    SessionArrived,
    UniverseArrived,
)
from whalebot.scanner.asking import Asking, Stopped
from whalebot.scanner.bootstrap import fetch_bars, fetch_history, fetch_session
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.lane import Phase
from whalebot.scanner.sink import ScanSink
from whalebot.scanner.streams import FALLBACK_DEPTH, Refused, ScanStreams, StreamState, topics_of

_WAIT_S: Final = 0.05
_MOST_A_ROUND: Final = 2_000
_INVALID_SYMBOL: Final = 10001
_LONGEST_RETRY_S: Final = 300.0
_log = logging.getLogger("whalebot.scanner")


class Listener(Protocol):
    """What is done with the outcome; called on the loop's thread after each round."""

    def after_round(self, loop: ScanLoop) -> None:
        """Look at what the desk has new. Must not block."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of the loop, seconds."""

    housekeeping_s: float = 1.0
    retry_s: float = 5.0
    universe_s: float = 3600.0


class ScanLoop:
    """Runs a scan until `stop`. `universe` tells what there is now, None where the symbols are fixed."""

    def __init__(
        self,
        desk: ScanDesk,
        sink: ScanSink,
        streams: ScanStreams,
        asking: Asking,
        depth: int,
        pace: Pace,
        universe: Callable[[Asking], tuple[Mapping[str, ListedSymbol], Mapping[str, float]]] | None = None,
        members: Callable[[Mapping[str, ListedSymbol], Mapping[str, float]], Iterable[str]] | None = None,
    ) -> None:
        self.desk = desk
        self.sink = sink
        self.streams = streams
        self.depth = depth
        self.state = StreamState(0, 0, 0, 0, 0)
        self._asking = asking
        self._pace = pace
        self._universe = universe
        self._members = members
        self._halt = threading.Event()
        self._next_care_s = 0.0
        self._next_universe_s = time.monotonic() + pace.universe_s
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._later_lock = threading.Lock()
        self._waiting: set[str] = set()

    def start(self) -> None:
        """Subscribe every symbol and ask for its history; returns at once."""
        symbols = list(self.desk.cards)
        self.streams.open(topics_of(symbols, self.desk.intervals, self.depth), self.depth)
        self._waiting = set(symbols)
        for interval in self.desk.intervals:
            for symbol in symbols:
                self._ask_history(symbol, interval)

    def run(self, listener: Listener) -> None:
        """Work until `stop`. Raises TransportError where no symbol at all could be loaded."""
        while not self._halt.is_set():
            self.round(_WAIT_S)
            listener.after_round(self)

    def round(self, wait_s: float) -> None:
        """Take what came, at most for `wait_s` where nothing does, and look after the rest."""
        event = self.sink.get(wait_s)
        for _ in range(_MOST_A_ROUND):
            if event is None:
                break
            self._take(event)
            event = self.sink.get(0)
        else:
            if event is not None:
                self._take(event)
        for ticker in self.sink.take_tickers():
            self.desk.on_ticker(ticker)
        self._fulfil()
        now_s = time.monotonic()
        if now_s >= self._next_care_s:
            self._next_care_s = now_s + self._pace.housekeeping_s
            self._care(now_s)

    def stop(self) -> None:
        """End the loop; any thread."""
        self._halt.set()

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is CandleForming:
            self.desk.on_forming(event.candle)
        elif kind is CandleClosed:
            self.desk.on_closed(event.candle)
        elif kind in (BookDelta, BookSnapshot, BookLost):
            self.desk.on_book(event)
        elif kind is HistoryArrived:
            self._waiting.discard(event.history.symbol)
            self.desk.on_history(event.history)
        elif kind is HistoryFailed:
            self._on_failed(event)
        elif kind is HoleFilled:
            self.desk.on_hole_filled(event.symbol, event.interval, event.bars)
        elif kind is SessionArrived:
            self.desk.on_session(event.symbol, event.interval, event.bar)
        elif kind is UniverseArrived:
            self._on_universe(event)

    def _on_failed(self, event: HistoryFailed) -> None:
        if event.gone:
            self.desk.close_symbol(event.symbol, event.reason)
        else:
            self.desk.on_failed(event.symbol, event.reason)
            failures = self.desk.cards[event.symbol].failures
            wait_s = min(self._pace.retry_s * 2.0 ** min(failures, 10), _LONGEST_RETRY_S)
            self._after(wait_s, lambda: self._ask_history(event.symbol, event.interval))
        self._waiting.discard(event.symbol)
        cards = self.desk.cards.values()
        if not self._waiting and all(card.phase is not Phase.LIVE for card in cards):
            loaded = any(lane.is_loaded for card in cards for lane in card.lanes.values())
            if not loaded:
                raise TransportError("no symbol could be loaded; see the lines above")

    def _fulfil(self) -> None:
        wishes, self.desk.outbox.wishes = self.desk.outbox.wishes, {}
        for kind, symbol, interval in wishes:
            if kind == "hole":
                self._ask_hole(symbol, interval)
            else:
                self._ask_session(symbol, interval)

    def _care(self, now_s: float) -> None:
        self.state = self.streams.state()
        for refused in self.streams.new_refusals():
            self._on_refused(refused)
        with self._later_lock:
            due = [work for at_s, work in self._later if at_s <= now_s]
            self._later = [(at_s, work) for at_s, work in self._later if at_s > now_s]
        for work in due:
            work()
        for card in self.desk.cards.values():
            book = card.quote.book
            if book is not None and book.stale and book.u and card.phase is not Phase.CLOSED:
                book.u = 0
                self.streams.renew_book(card.symbol)
        if self._universe is not None and now_s >= self._next_universe_s:
            self._next_universe_s = now_s + self._pace.universe_s
            self._ask_universe(self._universe)

    def _on_refused(self, refused: Refused) -> None:
        if refused.is_bar:
            self.desk.close_symbol(refused.symbol, f"{refused.topic} refused: {refused.reason}")
        elif refused.is_depth:
            _log.warning("%s refused (%s); taking depth %d", refused.topic, refused.reason, FALLBACK_DEPTH)
            self.streams.open([f"orderbook.{FALLBACK_DEPTH}.{refused.symbol}"], FALLBACK_DEPTH)
        else:
            _log.warning("%s refused: %s", refused.topic, refused.reason)

    def _on_universe(self, event: UniverseArrived) -> None:
        for symbol, card in self.desk.cards.items():
            if symbol not in event.listed and card.phase is not Phase.CLOSED:
                self.desk.close_symbol(symbol, "no longer in trade at the venue")
        if self._members is None:
            return
        new = [name for name in self._members(event.listed, event.turnover) if name not in self.desk.cards]
        for symbol in new:
            _log.info("%s joins the scan", symbol)
            self.desk.add(symbol, event.listed[symbol].tick_size)
        self.streams.open(topics_of(new, self.desk.intervals, self.depth), self.depth)
        for symbol in new:
            for interval in self.desk.intervals:
                self._ask_history(symbol, interval)

    def _ask_history(self, symbol: str, interval: str) -> None:
        card = self.desk.cards.get(symbol)
        if card is None or card.phase is Phase.CLOSED:
            return
        settings = self.desk.settings(interval)
        job = self._asking.submit(lambda asks: fetch_history(asks, symbol, settings))

        def done(future: Future[Any]) -> None:
            history, error = _outcome(future)
            if history is not None:
                self.sink.put_arrival(HistoryArrived(history, 0))
            elif error is not None:
                gone = isinstance(error, VenueRefused) and error.ret_code == _INVALID_SYMBOL
                self.sink.put_arrival(HistoryFailed(symbol, interval, str(error), gone, 0))

        job.add_done_callback(done)

    def _ask_hole(self, symbol: str, interval: str) -> None:
        lane = self.desk.cards[symbol].lanes[interval]
        last = lane.store.last_open_ms
        newest = max((bar.open_ms for bar in lane.parked), default=None)
        forming = lane.store.forming
        reach = newest if newest is not None else forming.open_ms if forming is not None else last
        if last is None or reach is None:
            self._ask_history(symbol, interval)
            return
        count = min((reach - last) // interval_ms(interval) + 3, 1000)
        job = self._asking.submit(lambda asks: fetch_bars(asks, symbol, interval, None, count))

        def done(future: Future[Any]) -> None:
            page, error = _outcome(future)
            if page is not None:
                # The newest row of the venue is the bar in progress.
                self.sink.put_arrival(HoleFilled(symbol, interval, page.bars[:-1], 0))
            elif error is not None:
                self._after(self._pace.retry_s, lambda: self._ask_hole(symbol, interval))

        job.add_done_callback(done)

    def _ask_session(self, symbol: str, interval: str) -> None:
        wanted = self.desk.cards[symbol].lanes[interval].store.wanted_session()
        job = self._asking.submit(lambda asks: fetch_session(asks, symbol, interval, wanted))

        def done(future: Future[Any]) -> None:
            bar, error = _outcome(future)
            if error is None or not isinstance(error, Stopped):
                self.sink.put_arrival(SessionArrived(symbol, interval, bar, 0))

        job.add_done_callback(done)

    def _ask_universe(
        self, ask: Callable[[Asking], tuple[Mapping[str, ListedSymbol], Mapping[str, float]]]
    ) -> None:
        def done(future: Future[Any]) -> None:
            found, _ = _outcome(future)
            if found is not None:
                self.sink.put_arrival(UniverseArrived(found[0], found[1], 0))

        self._asking.submit(ask).add_done_callback(done)

    def _after(self, wait_s: float, work: Callable[[], None]) -> None:
        with self._later_lock:
            self._later.append((time.monotonic() + wait_s, work))


def _outcome(future: Future[Any]) -> tuple[Any, Exception | None]:
    """Return what a job of the pool brought, or why it failed; (None, None) for one of a scan that ended."""
    try:
        return future.result(), None
    except (Stopped, CancelledError):
        return None, None
    except (TransportError, RateLimited, VenueRefused) as error:
        return None, error
    except Exception as error:  # noqa: BLE001  root of a pool's thread: a bug must be told, not swallowed
        _log.exception("a request for market data failed")
        return None, error
