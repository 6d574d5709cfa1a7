"""How several events of one kind become one that says the same."""

from __future__ import annotations

from collections.abc import Sequence

from whalebot.domain.events import TickerChanged, TradesPrinted


def merged_tickers(events: Sequence[TickerChanged]) -> TickerChanged:
    """Return one change that has the effect of all, oldest first: per field the newest value said.

    events: at least one, all of one symbol. Times are the newest ones.
    """
    newest = events[-1]
    last, mark, index = newest.last_price, newest.mark_price, newest.index_price
    bid, ask = newest.bid_price, newest.ask_price
    rate, next_funding_ms = newest.funding_rate, newest.next_funding_ms
    for event in reversed(events[:-1]):
        last = event.last_price if last is None else last
        mark = event.mark_price if mark is None else mark
        index = event.index_price if index is None else index
        bid = event.bid_price if bid is None else bid
        ask = event.ask_price if ask is None else ask
        rate = event.funding_rate if rate is None else rate
        next_funding_ms = event.next_funding_ms if next_funding_ms is None else next_funding_ms
    return TickerChanged(
        symbol=newest.symbol,
        last_price=last,
        mark_price=mark,
        index_price=index,
        bid_price=bid,
        ask_price=ask,
        funding_rate=rate,
        next_funding_ms=next_funding_ms,
        ts_ms=newest.ts_ms,
        recv_ms=newest.recv_ms,
    )


def merged_trades(events: Sequence[TradesPrinted]) -> TradesPrinted:
    """Return one print of all, oldest first: the range, the last price, and the sums of both sides.

    events: at least one, all of one symbol. Quantities in base units; times are the newest ones.
    """
    newest = events[-1]
    return TradesPrinted(
        symbol=newest.symbol,
        high=max(event.high for event in events),
        low=min(event.low for event in events),
        last=newest.last,
        buy_qty=sum(event.buy_qty for event in events),
        sell_qty=sum(event.sell_qty for event in events),
        count=sum(event.count for event in events),
        ts_ms=newest.ts_ms,
        recv_ms=newest.recv_ms,
    )
