"""Newest prices and the order book of one symbol, with their ages."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from whalebot.domain.events import BookDelta, BookSnapshot, TickerChanged, TradesPrinted
from whalebot.engine.book import OrderBook

_ASK_AGAIN_MS: Final = 10_000
"""Real time after which a book that was asked for without an answer is asked for again."""


class SymbolMarket:
    """What the market says now. Ages are real time in ms, None before the first fact.

    `settles_nothing`: every funding rate told so far was zero.
    """

    def __init__(self, symbol: str, depth: int) -> None:
        self.symbol = symbol
        self.book = OrderBook(depth)
        self._depth = depth
        self.last_price: Decimal | None = None
        self.mark_price: Decimal | None = None
        self.bid_price: Decimal | None = None
        self.ask_price: Decimal | None = None
        self.next_funding_ms: int | None = None
        self.settles_nothing = False
        self._paid_rate: Decimal | None = None
        self._ticker_ms: int | None = None
        self._book_ms: int | None = None
        self._ticker_stamp_ms = self._book_stamp_ms = 0
        self._asked_ms: int | None = None

    def on_ticker(self, event: TickerChanged) -> None:
        """Merge a ticker; absent fields keep their value, a bid or ask of zero is a side without orders."""
        self._ticker_ms, self._ticker_stamp_ms = event.recv_ms, event.ts_ms
        if event.last_price is not None:
            self.last_price = event.last_price
        if event.mark_price is not None:
            self.mark_price = event.mark_price
        if event.bid_price is not None:
            self.bid_price = event.bid_price or None
        if event.ask_price is not None:
            self.ask_price = event.ask_price or None
        if event.funding_rate is not None:
            self.settles_nothing = event.funding_rate == 0 and self._paid_rate is None
            self._paid_rate = event.funding_rate or self._paid_rate
        if event.next_funding_ms is not None:
            self.next_funding_ms = event.next_funding_ms

    def on_trades(self, event: TradesPrinted) -> None:
        """Take the newest traded price."""
        self.last_price = event.last

    def on_snapshot(self, event: BookSnapshot) -> None:
        """Replace the book."""
        self.book.apply_snapshot(event)
        self._book_ms, self._book_stamp_ms = event.recv_ms, event.ts_ms
        self._asked_ms = None

    def on_delta(self, event: BookDelta) -> bool:
        """Change the book; True when it is unusable and must be subscribed again."""
        if self.book.stale:
            return self._ask_again(event.recv_ms)
        self._book_ms, self._book_stamp_ms = event.recv_ms, event.ts_ms
        return not self.book.apply_delta(event) and self._ask_again(event.recv_ms)

    def lose_book(self, reason: str, real_ms: int) -> bool:
        """Mark the book stale; True when it must be subscribed again."""
        self.book.mark_stale(reason)
        return self._ask_again(real_ms)

    def disconnect(self, real_ms: int) -> None:
        """The stream is gone: nothing known about the book is true any more.

        A new connection brings a snapshot by itself; one that lives on (the symbols may share several) does
        not, and is asked for one a little later.
        """
        self.book.mark_stale("public stream down")
        self._asked_ms = real_ms

    def _ask_again(self, real_ms: int) -> bool:
        if self._asked_ms is not None and abs(real_ms - self._asked_ms) < _ASK_AGAIN_MS:
            return False
        self._asked_ms = real_ms
        return True

    def spread(self) -> float | None:
        """Return ask - bid in quote from the ticker; None when a side is missing or they are crossed."""
        bid, ask = self.bid_price, self.ask_price
        if bid is None or ask is None or ask < bid:
            return None
        return float(ask - bid)

    def imbalance(self) -> float | None:
        """Return (bid volume - ask volume) / sum over the configured depth, None when the book is stale."""
        return None if self.book.stale else self.book.imbalance(self._depth)

    def ticker_age_ms(self, real_ms: int, venue_ms: int | None = None) -> int | None:
        """Time since the last ticker came or, by the venue's clock where it is known, was made."""
        return _age_ms(self._ticker_ms, real_ms, self._ticker_stamp_ms, venue_ms)

    def book_age_ms(self, real_ms: int, venue_ms: int | None = None) -> int | None:
        """Time since the last change of a usable book came or, by the venue's clock, was made."""
        return None if self.book.stale else _age_ms(self._book_ms, real_ms, self._book_stamp_ms, venue_ms)


def _age_ms(came_ms: int | None, real_ms: int, stamp_ms: int, venue_ms: int | None) -> int | None:
    """A process or machine that stood still reads what waited for it as if it were new: its stamp is not."""
    if came_ms is None:
        return None
    return real_ms - came_ms if venue_ms is None else max(real_ms - came_ms, venue_ms - stamp_ms)
