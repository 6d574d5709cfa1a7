"""From market events to stream frames: prints and closed bars at once, tickers and books at their pace."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from whalebot.adapters.exchange.market.events import Kline, Liquidation, PricePoint
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.adapters.exchange.market.views import Book
from whalebot.adapters.exchange.server.books import PUSH_EVERY_S as BOOK_EVERY_S
from whalebot.adapters.exchange.server.books import BookFeed
from whalebot.adapters.exchange.server.envelope import encode
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.tick_direction import TickDirection
from whalebot.adapters.exchange.server.tickers import PUSH_EVERY_S as TICKER_EVERY_S
from whalebot.adapters.exchange.server.tickers import Prices, TickerFeed
from whalebot.adapters.exchange.server.topics import BadTopic, PublicTopic, parse_public_topic
from whalebot.adapters.exchange.server.wire import ZERO, plain
from whalebot.adapters.exchange.server.wire_market import kline_object, trade_object
from whalebot.domain.instrument import Instrument

FORMING_EVERY_S: Final = 1.0
_FIRST_SEQ: Final = 100_000_000_000


class MarketFeed:
    """Publishes what happens in the market to whoever has subscribed it, and nothing else."""

    def __init__(
        self,
        market: MarketSource,
        hub: Hub,
        instruments: Mapping[str, Instrument],
        skips_book: Callable[[], bool],
    ) -> None:
        self._market = market
        self._hub = hub
        self._skips_book = skips_book
        self._seq = _FIRST_SEQ
        self._tickers = {
            symbol: TickerFeed(symbol, instrument.funding_interval_min, self.next_seq)
            for symbol, instrument in instruments.items()
        }
        self._books: dict[str, BookFeed] = {}
        self._forming: dict[str, tuple[str, str]] = {}
        self._forming_sent_s = 0.0
        self._directions = {symbol: TickDirection() for symbol in instruments}
        self._points: dict[str, PricePoint] = {}
        self._quoted_s: dict[str, float] = {}
        self._closed: set[str] = set()
        self._symbols = instruments.keys()
        hub.watch(self._on_first, self._on_last)

    def next_seq(self) -> int:
        """Return the next number of the cross sequence."""
        self._seq += 1
        return self._seq

    def book_update_id(self, symbol: str) -> int:
        """Return the update id of the deepest book that is streamed, 1 when none is."""
        ids = [book.update_id for book in self._books.values() if book.symbol == symbol]
        return max(ids, default=1)

    def serves(self, topic: PublicTopic) -> bool:
        """Return whether there is anything to send: no bars shorter than the data's exist."""
        if topic.kind == "kline":
            try:
                self._market.forming(topic.symbol, topic.option)
            except ValueError:
                return False
        return True

    def first_frames(self, topic: PublicTopic) -> Iterable[bytes]:
        """Return what a new subscriber gets at once: a snapshot, or the bar that is forming."""
        now_ms = self._market.now_ms
        if topic.kind == "tickers":
            quote = self._market.quote(topic.symbol)
            return () if quote is None else (self._tickers[topic.symbol].snapshot(quote, now_ms),)
        if topic.kind == "orderbook":
            feed = self._books[topic.name]
            book = self._market.book(topic.symbol, feed.depth)
            return () if book is None else (feed.snapshot(book, now_ms),)
        if topic.kind == "kline":
            bar = self._market.forming(topic.symbol, topic.option)
            return () if bar is None else (_kline_frame(topic.name, bar, now_ms),)
        return ()

    def print(self, point: PricePoint) -> None:
        """Publish one trade."""
        self._points[point.symbol] = point
        topic = f"publicTrade.{point.symbol}"
        if not point.volume or not self._hub.has_subscribers(topic):
            return
        trade = trade_object(
            point, self._directions[point.symbol].after(point.last_price or ZERO), self.next_seq()
        )
        self._hub.publish(
            topic, encode({"topic": topic, "type": "snapshot", "ts": point.ts_ms, "data": [trade]})
        )

    def close(self, bar: Kline) -> None:
        """Publish one confirmed bar."""
        topic = f"kline.{bar.interval}.{bar.symbol}"
        if self._hub.has_subscribers(topic):
            self._closed.add(bar.symbol)
            self._hub.publish(topic, _kline_frame(topic, bar, bar.ts_ms))

    def liquidate(self, event: Liquidation) -> None:
        """Publish one foreign liquidation."""
        topic = f"allLiquidation.{event.symbol}"
        if not self._hub.has_subscribers(topic):
            return
        row = {
            "T": event.ts_ms,
            "s": event.symbol,
            "S": event.side.value,
            "v": plain(event.qty),
            "p": plain(event.price),
        }
        self._hub.publish(
            topic, encode({"topic": topic, "type": "snapshot", "ts": event.ts_ms, "data": [row]})
        )

    def push_due(self, now_s: float) -> None:
        """Publish tickers, books and forming bars whose turn has come in real time."""
        now_ms = self._market.now_ms
        for ticker in self._tickers.values():
            if now_s - ticker.sent_s >= TICKER_EVERY_S:
                self._push_ticker(ticker, now_ms, now_s)
        for book in self._books.values():
            if now_s - book.sent_s >= BOOK_EVERY_S[book.depth]:
                self._push_book(book, now_ms, now_s)
        if now_s - self._forming_sent_s >= FORMING_EVERY_S:
            self._forming_sent_s = now_s
            for topic, (symbol, interval) in self._forming.items():
                bar = self._market.forming(symbol, interval)
                if bar is not None:
                    self._hub.publish(topic, _kline_frame(topic, bar, now_ms))

    def push_step(self, now_s: float) -> None:
        """Publish books and tickers at this instant, whatever the pace (lock-step: equal runs, equal frames).

        Only of symbols of which a bar has just closed that somebody listens to, or whose bars nobody listens
        to: in between nothing is decided on them. A ticker's statistics of the day are costly and decide
        nothing: they follow at the venue's pace.
        """
        now_ms = self._market.now_ms
        waiting = {symbol for symbol, _ in self._forming.values()} - self._closed
        self._closed.clear()
        touches: dict[str, Book] = {}
        for book in self._books.values():
            if book.symbol in waiting:
                continue
            self._push_book(book, now_ms, now_s)
            if book.book is not None and book.book.ts_ms == now_ms:
                touches[book.symbol] = book.book
        for symbol, ticker in self._tickers.items():
            if symbol in waiting or not self._hub.has_subscribers(ticker.topic):
                continue
            if now_s - self._quoted_s.get(symbol, 0.0) >= TICKER_EVERY_S:
                self._quoted_s[symbol] = now_s
                self._push_ticker(ticker, now_ms, now_s)
            else:
                self._push_prices(ticker, touches.get(symbol), now_ms, now_s)

    def push_points(self, symbols: Iterable[str], now_s: float) -> None:
        """Publish the prices of some symbols at this instant (lock-step, while something is at stake)."""
        for symbol in sorted(symbols):
            ticker = self._tickers[symbol]
            if self._hub.has_subscribers(ticker.topic):
                self._push_prices(ticker, None, self._market.now_ms, now_s)

    def push_books(self, symbol: str, now_s: float) -> None:
        """Publish the books of a symbol at this instant, whatever the pace."""
        for book in self._books.values():
            if book.symbol == symbol:
                self._push_book(book, self._market.now_ms, now_s)

    def _push_prices(self, ticker: TickerFeed, touch: Book | None, now_ms: int, now_s: float) -> None:
        point = self._points.get(ticker.symbol)
        book = self._market.book(ticker.symbol, 1) if touch is None else touch
        if point is None or book is None or not book.bids or not book.asks or point.last_price is None:
            return
        last = point.last_price
        prices = Prices(last, point.mark_price or last, point.index_price or last, book.bids[0], book.asks[0])
        payload = ticker.prices(prices, now_ms, now_s)
        if payload is not None:
            self._hub.publish(ticker.topic, payload)

    def restart(self) -> None:
        """Begin every book afresh with `u` 1, as the venue does after a restart."""
        for feed in self._books.values():
            feed.restart()

    def has_paced_topics(self) -> bool:
        """Return whether anything must be pushed at the venue's pace."""
        return bool(self._books or self._forming) or any(
            self._hub.has_subscribers(ticker.topic) for ticker in self._tickers.values()
        )

    def _push_ticker(self, ticker: TickerFeed, now_ms: int, now_s: float) -> None:
        if not self._hub.has_subscribers(ticker.topic):
            return
        quote = self._market.quote(ticker.symbol)
        payload = ticker.delta(quote, now_ms, now_s) if quote is not None else None
        if payload is not None:
            self._hub.publish(ticker.topic, payload)

    def _push_book(self, feed: BookFeed, now_ms: int, now_s: float) -> None:
        if not self._hub.has_subscribers(feed.topic):
            return
        book = self._market.book(feed.symbol, feed.depth)
        if book is None:
            return
        if feed.depth != 1 and self._skips_book():
            feed.skip(book)
            return
        payload = feed.update(book, now_ms, now_s)
        if payload is not None:
            self._hub.publish(feed.topic, payload)

    def _on_first(self, name: str) -> None:
        topic = self._parse(name)
        if topic is None:
            return
        if topic.kind == "orderbook" and name not in self._books:
            self._books[name] = BookFeed(topic.symbol, int(topic.option), self.next_seq)
        elif topic.kind == "kline":
            self._forming[name] = (topic.symbol, topic.option)

    def _on_last(self, name: str) -> None:
        topic = self._parse(name)
        if topic is None:
            return
        if topic.kind == "orderbook":
            self._books[name].reset()
        elif topic.kind == "tickers":
            self._tickers[topic.symbol].reset()
        self._forming.pop(name, None)

    def _parse(self, name: str) -> PublicTopic | None:
        try:
            return parse_public_topic(name, self._symbols)
        except BadTopic:
            return None


def _kline_frame(topic: str, bar: Kline, now_ms: int) -> bytes:
    return encode({"topic": topic, "data": [kline_object(bar)], "ts": now_ms, "type": "snapshot"})
