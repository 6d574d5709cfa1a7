"""Public market frames into domain events. Each function decodes one kind of topic."""

from __future__ import annotations

from typing import Final

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.route import Route
from whalebot.adapters.bybit.wire import (
    BookFrame,
    KlineData,
    KlineFrame,
    LiquidationFrame,
    TickerData,
    TickerFrame,
    TickerTexts,
    TradeFrame,
)
from whalebot.domain.events import (
    BookDelta,
    BookSnapshot,
    CandleClosed,
    CandleForming,
    Event,
    Liquidated,
    TickerChanged,
    TradesPrinted,
)
from whalebot.domain.intervals import bar_open_ms, interval_ms
from whalebot.domain.market import Candle

_book = msgspec.json.Decoder(BookFrame, strict=False)
_ticker = msgspec.json.Decoder(TickerFrame, strict=False)
_ticker_texts = msgspec.json.Decoder(TickerTexts)
_trades = msgspec.json.Decoder(TradeFrame, strict=False)
_LONGEST_TICKER: Final = 4000
SIDES: Final = ("bid1Price", "ask1Price")
"""Fields of a ticker that are blank where a side of the book has no orders."""
_MOST_EARLY_MS: Final = 60_000
"""A bar that opens later than this after its frame was made is refused: true ones would look old after it."""
_klines = msgspec.json.Decoder(KlineFrame, strict=False)
_liquidations = msgspec.json.Decoder(LiquidationFrame, strict=False)


class BadBar(say.BadValue):
    """A bar that contradicts itself or lies off its grid."""


def book_events(frame: bytes, route: Route, recv_ms: int) -> list[Event]:
    """Decode `orderbook`: a snapshot or a delta, levels as floats. Raises BadValue."""
    message = _book.decode(frame)
    data = message.data
    if message.type == "delta":
        return [BookDelta(route.symbol, data.b, data.a, data.u, data.seq, message.ts, recv_ms)]
    if message.type == "snapshot":
        return [BookSnapshot(route.symbol, data.b, data.a, data.u, data.seq, message.ts, recv_ms)]
    raise say.BadValue(f"book type {message.type[:40]!r}")


def ticker_events(frame: bytes, route: Route, recv_ms: int) -> list[Event]:
    """Decode `tickers`: what the frame says, None for what it leaves out. Raises BadValue.

    A price of zero is the venue's way to say that there is none. Bid and ask keep the zero, which says that
    this side of the book has no orders now; another price that is absent stays what it was.
    """
    try:
        message = _ticker.decode(frame)
    except msgspec.ValidationError:
        message = _decode_ticker_with_blanks(frame)
    if len(frame) > _LONGEST_TICKER:
        raise say.BadValue(f"a ticker of {len(frame)} bytes")  # cheaper than a look at its digits
    data = message.data
    if data.usd_index_price is not None:
        raise say.Foreign("spot")
    last, mark, index = data.last_price, data.mark_price, data.index_price
    bid, ask, rate = data.bid1_price, data.ask1_price, data.funding_rate
    for price in (last, mark, index, bid, ask):
        if price is not None and (not say.is_amount(price) or price < 0):
            raise say.BadValue(f"ticker price {price!s:.40}")
    if rate is not None and not say.is_amount(rate):
        raise say.BadValue(f"funding rate {rate!s:.40}")
    return [
        TickerChanged(
            route.symbol,
            last or None,
            mark or None,
            index or None,
            bid,
            ask,
            rate,
            data.next_funding_time,
            message.ts,
            recv_ms,
        )
    ]


def _decode_ticker_with_blanks(frame: bytes) -> TickerFrame:
    # Rare (an instrument before its launch, a side of the book without orders), hence not in the first type.
    message = _ticker_texts.decode(frame)
    said = {name: text or "0" for name, text in message.data.items() if text or name in SIDES}
    return TickerFrame(message.ts, msgspec.convert(said, TickerData, strict=False))


def trade_events(frame: bytes, route: Route, recv_ms: int) -> list[Event]:
    """Decode `publicTrade`: one summary of all trades of the frame. Raises BadValue."""
    trades = _trades.decode(frame).data
    if not trades:
        return []
    first = trades[0]
    high = low = first.p
    bought = sold = 0.0
    for trade in trades:
        if trade.p > high:
            high = trade.p
        elif trade.p < low:
            low = trade.p
        if trade.S == "Buy":
            bought += trade.v
        elif trade.S == "Sell":
            sold += trade.v
        else:
            raise say.BadValue(f"trade side {trade.S[:40]!r}")
    last = trades[-1]
    if low <= 0 or not all(say.is_amount(price) and say.is_short(price) for price in (low, high, last.p)):
        raise say.BadValue(f"trade prices {low!s:.40} to {high!s:.40}")
    return [TradesPrinted(route.symbol, high, low, last.p, bought, sold, len(trades), last.T, recv_ms)]


def kline_events(frame: bytes, route: Route, recv_ms: int) -> list[Event]:
    """Decode `kline`: closed and forming bars, each checked. Raises BadBar."""
    events: list[Event] = []
    kline = _klines.decode(frame)
    for bar in kline.data:
        candle = _make_candle(bar, route)
        if kline.ts is not None and bar.start > kline.ts + _MOST_EARLY_MS:
            raise BadBar(f"{route.symbol} {route.interval}: open time {bar.start} lies ahead of the frame's")
        if bar.confirm:
            route.bar_left_ms = interval_ms(route.interval)
            events.append(CandleClosed(candle, recv_ms))
        else:
            route.bar_left_ms = max(bar.end + 1 - bar.timestamp, 0)
            events.append(CandleForming(candle, recv_ms))
    return events


def liquidation_events(frame: bytes, route: Route, recv_ms: int) -> list[Event]:
    """Decode `allLiquidation`: Buy means that a long was liquidated. Raises BadValue."""
    return [
        Liquidated(
            route.symbol, say.side(row.S).sign > 0, say.positive(row.v), say.positive(row.p), row.T, recv_ms
        )
        for row in _liquidations.decode(frame).data
    ]


def _make_candle(bar: KlineData, route: Route) -> Candle:
    if bar.interval != route.interval:
        raise BadBar(f"interval {bar.interval[:10]!r} in a frame of {route.topic}")
    candle = Candle(
        route.symbol, route.interval, bar.start, bar.open, bar.high, bar.low, bar.close, bar.volume
    )
    check_candle(candle)
    return candle


def check_candle(candle: Candle) -> None:
    """Check a bar: open time on the grid, low <= open, close <= high, volume >= 0. Raises BadBar."""
    if not 0 <= candle.open_ms < say.LATEST_MS:
        raise BadBar(f"{candle.symbol} {candle.interval}: open time {candle.open_ms!s:.40} is no time")
    if bar_open_ms(candle.open_ms, candle.interval) != candle.open_ms:
        raise BadBar(f"{candle.symbol} {candle.interval}: open time {candle.open_ms} is off the grid")
    high, low = candle.high, candle.low
    numbers = (candle.open, high, low, candle.close, candle.volume)
    sane = (
        all(map(say.is_amount, numbers))
        and all(map(say.is_short, numbers))
        and low > 0
        and low <= candle.open <= high
        and low <= candle.close <= high
        and candle.volume >= 0
    )
    if not sane:
        raise BadBar(
            f"{candle.symbol} {candle.interval} {candle.open_ms}: open {candle.open!s:.40} "
            f"high {high!s:.40} low {low!s:.40} close {candle.close!s:.40} volume {candle.volume!s:.40}"
        )
