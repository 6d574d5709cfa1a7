"""The queries that every market of bars answers.

How time passes is the player's affair, where bars come from the feeds'.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from whalebot.adapters.exchange.market.activity import Activity
from whalebot.adapters.exchange.market.book import make_book
from whalebot.adapters.exchange.market.events import Batch, Kline, PricePoint
from whalebot.adapters.exchange.market.history import History, Span
from whalebot.adapters.exchange.market.lane import Lane
from whalebot.adapters.exchange.market.noise import mix
from whalebot.adapters.exchange.market.player import Player
from whalebot.adapters.exchange.market.units import tick_units
from whalebot.adapters.exchange.market.views import (
    Book,
    FundingRow,
    OpenInterestRow,
    PriceKind,
    Quote,
    RatioRow,
)
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import DAY_MS

_HOUR_MS: Final = 3_600_000
_RATIO_GRID: Final = Decimal("0.000001")
_CENT: Final = Decimal("0.01")


class BarMarket:
    """Everything of `MarketSource` but the state, for lanes that a player merges."""

    def __init__(self, name: str, is_synthetic: bool, player: Player, start_ms: int, book_key: int) -> None:
        self.name: Final = name
        self.is_synthetic: Final = is_synthetic
        self.symbols: Final = tuple(lane.symbol for lane in player.lanes)
        self.start_ms: Final = start_ms
        self._player: Final = player
        self._book_key: Final = book_key
        self._lanes: Final = {lane.symbol: lane for lane in player.lanes}
        self._histories: Final = {lane.symbol: History(lane) for lane in player.lanes}
        self._activities: Final = {lane.symbol: Activity(lane) for lane in player.lanes}

    @property
    def now_ms(self) -> int:
        """The simulated clock."""
        return self._player.now_ms

    @property
    def is_finished(self) -> bool:
        """True when no event will ever follow."""
        return self._player.next_ms() is None

    def next_ms(self) -> int | None:
        """Return the time of the next event, None when there is none."""
        return self._player.next_ms()

    def advance(self, until_ms: int | None) -> Batch:
        """Let time pass, see `MarketSource`."""
        return self._player.advance(until_ms)

    def instrument(self, symbol: str) -> Instrument:
        """Return the order rules as of now, as the data has them."""
        return self._lanes[symbol].feed.instrument_at(self.now_ms)

    def regrid(self, symbol: str, tick: Decimal) -> None:
        """Put prices to come onto another tick, see `MarketSource`."""
        lane = self._lanes[symbol]
        lane.regrid(tick_units(tick, lane.feed.units))

    def klines(
        self,
        symbol: str,
        interval: str,
        kind: PriceKind = PriceKind.LAST,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 200,
    ) -> tuple[Kline, ...]:
        """Return bars, see `MarketSource`. Raises ValueError for an interval shorter than the data's."""
        return self._histories[symbol].klines(interval, kind, start_ms, end_ms, limit, self.now_ms)

    def forming(self, symbol: str, interval: str, kind: PriceKind = PriceKind.LAST) -> Kline | None:
        """Return the bar that contains now, see `MarketSource`."""
        return self._histories[symbol].forming(interval, kind, self.now_ms)

    def quote(self, symbol: str) -> Quote | None:
        """Return newest prices and statistics, see `MarketSource`."""
        lane, history, now = self._lanes[symbol], self._histories[symbol], self.now_ms
        book = self.book(symbol, 1)
        day, hour = history.span(now - DAY_MS, now), history.span(now - _HOUR_MS, now)
        if lane.last is None or book is None or day is None or hour is None:
            return None
        return _make_quote(lane, book, day, hour, now)

    def book(self, symbol: str, depth: int) -> Book | None:
        """Return the synthetic book, see `MarketSource`."""
        lane = self._lanes[symbol]
        shape = self._activities[symbol].book_shape(self.now_ms)
        if shape is None:
            return None
        key = mix(self._book_key ^ self.symbols.index(symbol))
        return make_book(key, symbol, self.now_ms, shape, lane.feed.units, depth)

    def recent_trades(self, symbol: str, limit: int = 500) -> tuple[PricePoint, ...]:
        """Return the newest trades, newest first."""
        return self._histories[symbol].recent_trades(limit, self.now_ms)

    def funding_history(
        self, symbol: str, start_ms: int | None = None, end_ms: int | None = None, limit: int = 200
    ) -> tuple[FundingRow, ...]:
        """Return settled funding rates, newest first."""
        feed = self._lanes[symbol].feed
        oldest = max(feed.mood_start_ms(), 0 if start_ms is None else start_ms)
        newest = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        rows = feed.funding_between(oldest - 1, newest)
        chosen = rows[:limit] if start_ms is not None and end_ms is None else rows[-limit:]
        return tuple(reversed(chosen))

    def open_interest(
        self,
        symbol: str,
        period_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> tuple[OpenInterestRow, ...]:
        """Return open interest on a grid of time, newest first."""
        feed = self._lanes[symbol].feed
        return tuple(
            OpenInterestRow(ts_ms, feed.mood(ts_ms).open_interest)
            for ts_ms in self._grid(symbol, period_ms, start_ms, end_ms, limit)
        )

    def account_ratio(
        self,
        symbol: str,
        period_ms: int,
        start_ms: int | None = None,
        end_ms: int | None = None,
        limit: int = 50,
    ) -> tuple[RatioRow, ...]:
        """Return long and short shares on a grid of time, newest first."""
        feed = self._lanes[symbol].feed
        shares = (
            (ts_ms, feed.mood(ts_ms).long_share)
            for ts_ms in self._grid(symbol, period_ms, start_ms, end_ms, limit)
        )
        return tuple(RatioRow(ts_ms, share, 1 - share) for ts_ms, share in shares)

    def _grid(
        self, symbol: str, period_ms: int, start_ms: int | None, end_ms: int | None, limit: int
    ) -> Iterable[int]:
        oldest = self._lanes[symbol].feed.mood_start_ms()
        if start_ms is not None:
            oldest = max(oldest, start_ms)
        newest = self.now_ms if end_ms is None else min(end_ms, self.now_ms)
        first, last = -(-oldest // period_ms), newest // period_ms
        if start_ms is not None and end_ms is None:
            last = min(last, first + limit - 1)
        return (at * period_ms for at in range(last, max(first - 1, last - limit), -1))


def _make_quote(lane: Lane, book: Book, day: Span, hour: Span, now_ms: int) -> Quote:
    assert lane.last is not None
    feed, units = lane.feed, lane.feed.units
    (bid_price, bid_qty), (ask_price, ask_qty) = book.bids[0], book.asks[0]
    last, mark, index = (price * units.price_unit for price in lane.last)
    before = day.first * units.price_unit
    mood = feed.mood(now_ms)
    return Quote(
        symbol=lane.symbol,
        ts_ms=now_ms,
        last_price=last,
        mark_price=mark,
        index_price=index,
        bid_price=bid_price,
        bid_qty=bid_qty,
        ask_price=ask_price,
        ask_qty=ask_qty,
        prev_price_24h=before,
        prev_price_1h=hour.first * units.price_unit,
        price_change_24h=((last - before) / before).quantize(_RATIO_GRID),
        high_24h=day.high * units.price_unit,
        low_24h=day.low * units.price_unit,
        volume_24h=day.volume * units.volume_unit,
        turnover_24h=day.turnover * units.turnover_unit,
        open_interest=mood.open_interest,
        open_interest_value=(mood.open_interest * mark).quantize(_CENT),
        funding_rate=mood.funding_rate,
        next_funding_ms=feed.next_funding_ms(now_ms),
    )
