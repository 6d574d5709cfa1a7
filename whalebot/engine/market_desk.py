"""Market events: prices to the positions, bars to the analyzers, holes in a book back to the stream."""

from __future__ import annotations

from collections.abc import Callable

from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Resubscribe
from whalebot.domain.enums import Level, Stream, TriggerBy
from whalebot.domain.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    CandleClosed,
    CandleForming,
    HistoryFetched,
    TickerChanged,
    TradesPrinted,
)
from whalebot.domain.intervals import iso_utc
from whalebot.engine.bars import BarFeed
from whalebot.engine.context import Context
from whalebot.engine.funding import FundingDesk
from whalebot.engine.market import SymbolMarket
from whalebot.engine.positions import PositionManager


class MarketDesk:
    """Routes market facts. `decide` takes each finished analysis."""

    def __init__(
        self,
        ctx: Context,
        markets: dict[str, SymbolMarket],
        feeds: dict[str, BarFeed],
        positions: PositionManager,
        decide: Callable[[Analysis], None],
        funding: FundingDesk,
    ) -> None:
        self._ctx = ctx
        self._markets = markets
        self._feeds = feeds
        self._positions = positions
        self._decide = decide
        self._funding = funding
        self._wild: set[str] = set()

    @property
    def _by_mark(self) -> bool:
        """True when the venue fires stops on the mark price: then ours follow it too."""
        return self._ctx.settings.trade.trigger_by is TriggerBy.MARK_PRICE

    def on_candle(self, event: CandleClosed) -> None:
        """A bar is complete."""
        candle = event.candle
        feed = self._feeds.get(candle.symbol)
        if feed is not None and self._is_of_now(candle.close_ms, candle.symbol):
            self._ctx.clock.saw(candle.close_ms, event.recv_ms)
            self._decide_all(feed.on_closed(candle))

    def on_forming(self, event: CandleForming) -> None:
        """A bar in progress decides nothing; it tells that time goes on, and that bars before it ended."""
        feed = self._feeds.get(event.candle.symbol)
        if feed is not None and self._is_of_now(event.candle.open_ms, event.candle.symbol):
            self._ctx.clock.saw(event.candle.open_ms, event.recv_ms)
            feed.on_forming(event.candle)

    def on_history(self, event: HistoryFetched) -> None:
        """Bars that were asked for."""
        self._decide_all(self._feeds[event.symbol].on_history(event))

    def compare_last(self, symbol: str) -> None:
        """Ask the venue once more for the bar that was just decided on."""
        self._feeds[symbol].compare_last()

    def give_up_waiting(self, symbol: str) -> None:
        """A higher bar did not come in time."""
        self._decide_all(self._feeds[symbol].give_up_waiting())

    def on_ticker(self, event: TickerChanged) -> None:
        """Prices of a symbol."""
        market = self._markets.get(event.symbol)
        if market is None or not self._is_of_now(event.ts_ms, event.symbol):
            return
        self._ctx.clock.saw(event.ts_ms, event.recv_ms)
        market.on_ticker(event)
        self._funding.on_ticker(event.symbol)
        price = event.mark_price if self._by_mark else event.last_price
        if price is not None:
            self._positions.on_price(event.symbol, price, price, price)

    def on_trades(self, event: TradesPrinted) -> None:
        """Public trades of a symbol."""
        market = self._markets.get(event.symbol)
        if market is None or not self._is_of_now(event.ts_ms, event.symbol):
            return
        self._ctx.clock.saw(event.ts_ms, event.recv_ms)
        market.on_trades(event)
        self._feeds[event.symbol].flow.add(event.buy_qty, event.sell_qty)
        if not self._by_mark:
            self._positions.on_price(event.symbol, event.high, event.low, event.last)

    def on_snapshot(self, event: BookSnapshot) -> None:
        """A whole book."""
        market = self._markets.get(event.symbol)
        if market is not None:
            market.on_snapshot(event)

    def on_delta(self, event: BookDelta) -> None:
        """A change of a book; a hole in it asks for a new one."""
        market = self._markets.get(event.symbol)
        if market is not None and market.on_delta(event):
            self._ask_for_book(market, market.book.stale_reason or "")

    def on_book_lost(self, event: BookLost) -> None:
        """Deltas were dropped on the way."""
        market = self._markets.get(event.symbol)
        if market is not None and market.lose_book(event.reason, event.recv_ms):
            self._ask_for_book(market, event.reason)

    def disconnect(self) -> None:
        """The public stream is down: books and half-made sums are void."""
        for market in self._markets.values():
            market.disconnect(self._ctx.clock.real_ms)
        for feed in self._feeds.values():
            feed.flow.interrupt()

    def _is_of_now(self, market_ms: int, symbol: str) -> bool:
        """False, and said, for an event that claims to come from the far future: none of it is believed."""
        if self._ctx.clock.believes(market_ms):
            return True
        text = f"an event stamped {iso_utc(market_ms)} is left out"
        if symbol in self._wild:
            self._ctx.count("future_stamp", text, symbol)
        else:
            self._wild.add(symbol)
            self._ctx.notice(Level.WARNING, "future_stamp", text, symbol)
        return False

    def _ask_for_book(self, market: SymbolMarket, reason: str) -> None:
        self._ctx.count("book_lost", f"order book unusable: {reason}; subscribing again", market.symbol)
        self._ctx.emit(Resubscribe(Stream.PUBLIC, market.symbol))

    def _decide_all(self, analyses: list[Analysis]) -> None:
        for analysis in analyses:
            self._decide(analysis)
