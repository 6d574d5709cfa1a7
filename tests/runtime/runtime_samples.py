"""Small events for the tests of the runtime."""

from __future__ import annotations

from decimal import Decimal

from whalebot.domain.enums import Side, Stream
from whalebot.domain.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    CandleClosed,
    CandleForming,
    Command,
    Event,
    Liquidated,
    Order,
    StreamDown,
    TickerChanged,
    TradesPrinted,
)
from whalebot.domain.market import Candle
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.domain.state import IntentMemory, StateDocument
from whalebot.runtime.inbox import Inbox

ONE = Decimal(1)


def ticker(symbol: str = "A", last: int | None = None, mark: int | None = None, at: int = 0) -> TickerChanged:
    return TickerChanged(
        symbol,
        None if last is None else Decimal(last),
        None if mark is None else Decimal(mark),
        None,
        None,
        None,
        None,
        None,
        at,
        at,
    )


def trades(
    symbol: str = "A", price: int = 1, buy: float = 0.0, sell: float = 0.0, at: int = 0
) -> TradesPrinted:
    value = Decimal(price)
    return TradesPrinted(symbol, value, value, value, buy, sell, 1, at, at)


def candle(symbol: str = "A", open_ms: int = 0, interval: str = "1") -> Candle:
    return Candle(symbol, interval, open_ms, ONE, ONE, ONE, ONE, ONE)


def closed(symbol: str = "A", open_ms: int = 0, interval: str = "1", at: int = 0) -> CandleClosed:
    return CandleClosed(candle(symbol, open_ms, interval), at)


def forming(symbol: str = "A", open_ms: int = 0, interval: str = "1", at: int = 0) -> CandleForming:
    return CandleForming(candle(symbol, open_ms, interval), at)


def delta(symbol: str = "A", u: int = 2, at: int = 0) -> BookDelta:
    return BookDelta(symbol, [(float(u), 1.0)], [], u, u, at, at)


def snapshot(symbol: str = "A", u: int = 1, at: int = 0) -> BookSnapshot:
    return BookSnapshot(symbol, [(1.0, 1.0)], [(2.0, 1.0)], u, u, at, at)


def lost(symbol: str = "A", at: int = 0) -> BookLost:
    return BookLost(symbol, "resubscribed", at)


def liquidated(symbol: str = "A", at: int = 0) -> Liquidated:
    return Liquidated(symbol, True, ONE, ONE, at, at)


def command(order: Order = Order.PAUSE, at: int = 0) -> Command:
    return Command(order, "test", at)


def down(stream: Stream = Stream.PUBLIC, at: int = 0) -> StreamDown:
    return StreamDown(stream, "test", at)


def intent(link_id: str = "w-1", symbol: str = "A", reduce_only: bool = False) -> OrderIntent:
    purpose = Purpose.EXIT if reduce_only else Purpose.ENTRY
    return OrderIntent(link_id, symbol, Side.BUY, ONE, purpose, 0, 0, reduce_only=reduce_only)


def document(*intents: OrderIntent, revision: int = 1) -> StateDocument:
    memories = tuple(IntentMemory(i, False, "", None, (), 1.0) for i in intents)
    return StateDocument("run", revision, intents=memories)


def drained(inbox: Inbox) -> list[Event]:
    """Take everything that waits."""
    found = []
    while (event := inbox.get(0)) is not None:
        found.append(event)
    return found
