"""The recorded market moves a simulated exchange: prices as they came, books where orders meet them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final, Protocol

from whalebot.adapters.exchange.core.inputs import (
    BookChanged,
    InstrumentListed,
    MarketInput,
)
from whalebot.adapters.exchange.inprocess.paper import PaperSink
from whalebot.domain.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    CandleClosed,
    Event,
    InstrumentsFetched,
    TickerChanged,
    TradesPrinted,
)
from whalebot.domain.instrument import Instrument
from whalebot.domain.known import Known
from whalebot.engine.book import OrderBook
from whalebot.ports import EventSink
from whalebot.research.comparing.assumptions import Assumptions

_DEPTH: Final = 1000


class Moved(Protocol):
    """What the market moves: a simulated account."""

    def apply(self, found: MarketInput) -> None:
        """Let the market move."""
        ...

    @property
    def is_exposed(self) -> bool:
        """True while there is a position or an order."""
        ...


class RecordedMarket:
    """Applies market events of a recording to an account. `now_ms`: market time reached, ms UTC."""

    def __init__(
        self, account: Moved, symbols: tuple[str, ...], sink: EventSink, assumed: Assumptions
    ) -> None:
        self.now_ms = 0
        self._account = account
        self._assumed = assumed
        self._books = {symbol: OrderBook(_DEPTH) for symbol in symbols}
        self._offered: dict[str, tuple[int, ...]] = {}
        moved = self._moved = _Prices(account) if assumed.walks_book else account
        self._prices = PaperSink(moved, symbols, sink, lambda _: True)

    def put(self, event: Event) -> None:
        """Let one market event happen and hand it on."""
        ts_ms = time_of(event)
        if ts_ms is not None:
            self.now_ms = max(self.now_ms, ts_ms)
        if isinstance(event, BookSnapshot | BookDelta | BookLost):
            self._on_book(event)
        elif isinstance(event, InstrumentsFetched) and isinstance(event.instruments, Known):
            self.list_all(event.instruments.value)
        elif isinstance(event, TickerChanged | TradesPrinted) and self._has_fresh_book:
            self.offer_book(event.symbol)
        self._prices.put(event)

    def list_all(self, instruments: Iterable[Instrument]) -> None:
        """Tell the exchange the order rules."""
        for instrument in instruments:
            self._account.apply(InstrumentListed(instrument, self.now_ms))

    def offer_book(self, symbol: str, at_ms: int | None = None) -> None:
        """Put the newest recorded book where the next order meets it, unless it lies there already.

        at_ms: when the order meets it, market time. The local exchange renews its book for every instant, so
        that what an order took is there again for the next one, even where the stream had nothing to say.
        """
        book = self._books.get(symbol)
        levels = None if book is None else book.levels()
        if book is None or levels is None or not self._assumed.walks_book:
            return
        renews = self._assumed.book_at_orders and at_ms is not None
        key = (at_ms or 0,) if renews else (book.u, book.ts_ms)
        if self._offered.get(symbol) == key:
            return
        self._offered[symbol] = key
        bids, asks = (tuple((_exact(price), _exact(size)) for price, size in side) for side in levels)
        self._account.apply(BookChanged(symbol, max(book.ts_ms, self.now_ms), bids, asks))

    @property
    def _has_fresh_book(self) -> bool:
        return not self._assumed.book_at_orders and self._account.is_exposed

    def _on_book(self, event: BookSnapshot | BookDelta | BookLost) -> None:
        book = self._books.get(event.symbol)
        if book is None:
            return
        if isinstance(event, BookSnapshot):
            book.apply_snapshot(event)
        elif isinstance(event, BookDelta):
            book.apply_delta(event)
        else:
            book.mark_stale(event.reason)


class _Prices:
    """An account that hears of prices and funding only: its books come from the recording."""

    def __init__(self, account: Moved) -> None:
        self._account = account

    def apply(self, found: MarketInput) -> None:
        """Pass on everything but the touch."""
        if not isinstance(found, BookChanged):
            self._account.apply(found)


def time_of(event: Event) -> int | None:
    """Return the market time of a market event, ms UTC; None for one that has none."""
    if isinstance(event, CandleClosed):
        return event.candle.close_ms
    if isinstance(event, TickerChanged | TradesPrinted | BookSnapshot | BookDelta):
        return event.ts_ms
    return None


def _exact(value: float) -> Decimal:
    """Return the decimal that was meant: the shortest text of the number."""
    return Decimal(repr(value))
