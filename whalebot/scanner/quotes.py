"""The newest market facts of one symbol: merged ticker, book, open interest an hour ago."""

from __future__ import annotations

import math
from collections import deque
from decimal import Decimal
from typing import Final

from whalebot.adapters.bybit.day_ticker import DayTicker
from whalebot.decisions.scan.ranking import MarketFacts
from whalebot.domain.events import BookDelta, BookLost, BookSnapshot
from whalebot.engine.book import OrderBook
from whalebot.scanner.sink import merged

_HOUR_MS: Final = 3_600_000
_SAMPLE_MS: Final = 60_000


class Quote:
    """Market facts of a symbol; one thread. Times of the venue, ms UTC; `seen_s` is monotonic time."""

    __slots__ = ("_interest", "book", "levels", "seen_s", "ticker")

    def __init__(self, symbol: str, levels: int) -> None:
        self.ticker = DayTicker(symbol, None, None, None, None, None, None, None, None, None, None, 0, 0)
        self.levels = levels
        self.book = OrderBook(levels) if levels else None
        self.seen_s = -math.inf
        self._interest: deque[tuple[int, float]] = deque()

    @property
    def price(self) -> Decimal | None:
        """The last price."""
        return self.ticker.last_price

    def take(self, ticker: DayTicker, now_s: float) -> bool:
        """Merge a ticker; tell whether the last price changed."""
        before = self.ticker.last_price
        self.ticker = merged(self.ticker, ticker)
        if ticker.last_price is not None:
            self.seen_s = now_s
        interest = ticker.open_interest
        if interest is not None and (
            not self._interest or ticker.ts_ms - self._interest[-1][0] >= _SAMPLE_MS
        ):
            self._interest.append((ticker.ts_ms, interest))
            while len(self._interest) > 1 and self._interest[1][0] <= ticker.ts_ms - _HOUR_MS:
                self._interest.popleft()
        return self.ticker.last_price != before

    def take_book(self, event: BookSnapshot | BookDelta | BookLost) -> None:
        """Apply a change of the book; without a snapshot before it a delta is nothing."""
        if self.book is None:
            return
        if isinstance(event, BookSnapshot):
            self.book.apply_snapshot(event)
        elif isinstance(event, BookDelta):
            if event.u == 1:
                self.book.apply_snapshot(
                    BookSnapshot(
                        event.symbol, event.bids, event.asks, event.u, event.seq, event.ts_ms, event.recv_ms
                    )
                )
            else:
                self.book.apply_delta(event)
        else:
            self.book.mark_stale(event.reason)

    def facts(self) -> MarketFacts:
        """Return the facts as the table shows them; NaN where one is not known."""
        ticker = self.ticker
        imbalance = self.book.imbalance(self.levels) if self.book is not None else None
        return MarketFacts(
            change24h=_percent(ticker.change_24h),
            spread_bps=self._spread_bps(),
            imbalance=math.nan if imbalance is None else imbalance,
            turnover24h=math.nan if ticker.turnover_24h is None else ticker.turnover_24h,
            oi_change1h=self._interest_change(),
            funding=_percent(ticker.funding_rate),
            depth_10bps=self._depth_10bps(),
        )

    def _depth_10bps(self) -> float:
        levels = self.book.levels() if self.book is not None else None
        if levels is None or not levels[0] or not levels[1]:
            return math.nan
        middle = (levels[0][0][0] + levels[1][0][0]) / 2
        return sum(
            price * size for side in levels for price, size in side if abs(price / middle - 1) <= 0.001
        )

    def _spread_bps(self) -> float:
        bid, ask = self.ticker.bid_price, self.ticker.ask_price
        if self.book is not None:
            best_bid, best_ask = self.book.best_bid(), self.book.best_ask()
            if best_bid is not None and best_ask is not None:
                bid, ask = best_bid[0], best_ask[0]
        if bid is None or ask is None or bid <= 0 or ask < bid:
            return math.nan
        return (ask - bid) / ((ask + bid) / 2) * 10_000

    def _interest_change(self) -> float:
        """Return the change of open interest over the last hour in percent; NaN before an hour is known."""
        if len(self._interest) < 2:
            return math.nan
        first, last = self._interest[0], self._interest[-1]
        if last[0] - first[0] < _HOUR_MS or first[1] <= 0:
            return math.nan
        return (last[1] / first[1] - 1) * 100


def _percent(value: float | None) -> float:
    return math.nan if value is None else value * 100
