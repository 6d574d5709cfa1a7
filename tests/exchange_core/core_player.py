"""A player for laws: turns small random numbers into market inputs and commands that make sense now."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from core_desk import BTC, ETH, ME, D
from hypothesis import strategies as st

from whalebot.adapters.exchange.core import (
    AmendOrder,
    BookChanged,
    CancelAll,
    CancelOrder,
    ClosePosition,
    Command,
    CreateOrder,
    Deposit,
    Event,
    Exchange,
    FundingDue,
    InstrumentListed,
    MarketInput,
    PricePoint,
    SetLeverage,
    SetMarginMode,
    SetTradingStop,
    SwitchMode,
)
from whalebot.domain.enums import OrderType, Side, TimeInForce, TriggerBy

ACCOUNTS = (ME, "other")
QTYS = [D(qty) for qty in ("0.1", "0.3", "1", "2", "5", "17", "45")]
WAYS = [TriggerBy.LAST_PRICE, TriggerBy.LAST_PRICE, TriggerBy.MARK_PRICE, TriggerBy.INDEX_PRICE]

Step = tuple[str, int, int, int, int]


class Player:
    """Plays steps on an exchange with two symbols and two accounts of 1,000 USDT."""

    def __init__(self, balance: int = 1000, **models: Any) -> None:
        self.x = Exchange(**models)
        self.ts = 1_700_000_000_000
        for instrument in (BTC, ETH):
            self.x.apply(InstrumentListed(instrument, self.ts))
        for account in ACCOUNTS:
            self.x.open_account(account, D(balance), self.ts)
        for instrument in (BTC, ETH):
            self.x.apply(PricePoint(instrument.symbol, self.ts, D(100)))

    def play(self, step: Step) -> list[Event]:
        """Make one step; return its events."""
        kind, a, b, c, d = step
        self.ts += 1
        if kind in MARKET:
            return self.feed(MARKET[kind](self, a, b, c, d))
        account = ACCOUNTS[d % 5 == 0]
        return self.send(COMMANDS[kind](self, account, a, b, c, d), account)

    def feed(self, event: MarketInput) -> list[Event]:
        return list(self.x.apply(event))

    def send(self, command: Command, account: str = ME) -> list[Event]:
        return list(self.x.submit(account, command, self.ts).events)

    def point(self, price: Decimal, *, gap: bool = False) -> list[Event]:
        self.ts += 1
        return self.feed(PricePoint("BTCUSDT", self.ts, price, is_gap=gap))

    def last(self, symbol: str) -> Decimal:
        return self.x.read.market(symbol).last_price or D(100)

    def near(self, symbol: str, ticks: int) -> Decimal:
        return max(self.last(symbol) + D(ticks) / 10, D("20"))

    def idx(self, account: str, symbol: str, side: Side, closing: bool) -> int:
        if not self.x.read.is_hedge(account, symbol):
            return 0
        return 1 if (side is Side.BUY) != closing else 2


def _symbol(a: int) -> str:
    return "ETHUSDT" if a % 5 == 0 else "BTCUSDT"


def _side(b: int) -> Side:
    return Side.BUY if b % 2 else Side.SELL


def _price(player: Player, a: int, b: int, c: int, d: int) -> MarketInput:
    symbol = _symbol(a)
    step = (b - 50) * (4 if c % 7 == 0 else 1)
    price = player.near(symbol, step)
    return PricePoint(
        symbol,
        player.ts,
        price,
        mark_price=price + D(d % 9 - 4) / 100 if c % 4 == 0 else None,
        index_price=price if c % 11 == 0 else None,
        volume=QTYS[d % 7] if d % 2 else None,
        taker_side=_side(d // 2),
        is_gap=c % 5 == 0,
    )


def _book(player: Player, a: int, b: int, c: int, d: int) -> MarketInput:
    symbol, mid = _symbol(a), player.near(_symbol(a), b - 50)
    half = D(c % 9 + 1) / 10
    levels = [(half + D(3 * step) / 10, QTYS[(d + step) % 7]) for step in range(1 + d % 4)]
    return BookChanged(
        symbol,
        player.ts,
        tuple((mid - away, qty) for away, qty in levels),
        tuple((mid + away, qty) for away, qty in levels),
    )


def _funding(player: Player, a: int, b: int, c: int, d: int) -> MarketInput:
    rate = D(b - 50) / 10_000
    return FundingDue(_symbol(a), player.ts, rate, player.near(_symbol(a), c - 50) if d % 2 else None)


def _market(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    symbol, side = _symbol(a), _side(b)
    closing = c % 4 == 0
    is_bare = closing or c % 3 == 0
    return CreateOrder(
        symbol,
        side,
        OrderType.MARKET,
        QTYS[d % 7],
        position_idx=player.idx(account, symbol, side, closing),
        reduce_only=closing,
        stop_loss=None if is_bare else player.near(symbol, -side.sign * (1 + c)),
        take_profit=None if is_bare or c % 2 else player.near(symbol, side.sign * (1 + d)),
        tpsl_mode="Partial" if c % 5 == 0 else "",
        sl_trigger_by=WAYS[d % 4],
    )


def _limit(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    symbol, side = _symbol(a), _side(b)
    price = player.near(symbol, (c - 80) * side.sign)
    closing = d % 3 == 0
    has_stop = not closing and d % 2 == 0
    return CreateOrder(
        symbol,
        side,
        OrderType.LIMIT,
        QTYS[d % 7],
        price,
        time_in_force=list(TimeInForce)[b // 2 % 4] if b % 3 == 0 else TimeInForce.GTC,
        order_link_id=f"link-{player.ts}" if a % 2 else "",
        position_idx=player.idx(account, symbol, side, closing),
        reduce_only=closing,
        stop_loss=min(price, player.last(symbol)) - D(b) / 10 if has_stop and side is Side.BUY else None,
        take_profit=min(price, player.last(symbol)) - D(b) / 10 if has_stop and side is Side.SELL else None,
        tpsl_mode="Partial" if d % 4 == 0 else "Full",
    )


def _conditional(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    symbol, side = _symbol(a), _side(b)
    trigger = player.near(symbol, c - 50)
    closing = d % 3 == 0
    return CreateOrder(
        symbol,
        side,
        OrderType.LIMIT if d % 4 == 0 else OrderType.MARKET,
        QTYS[d % 7],
        trigger + D(a % 7 - 3) / 10,
        position_idx=player.idx(account, symbol, side, closing),
        reduce_only=closing,
        close_on_trigger=closing and d % 2 == 0,
        trigger_price=trigger,
        trigger_by=WAYS[d // 2 % 4],
        stop_loss=None if closing else trigger - side.sign * D(1 + b) / 10,
    )


def _stops(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    symbol = _symbol(a)
    held = [row for row in player.x.read.positions(account, symbol) if row.side is not None]
    row = held[a % len(held)] if held else None
    sign = row.side.sign if row is not None and row.side is not None else 1
    is_partial = d % 4 == 0
    size = min(QTYS[b % 5], row.qty) if row is not None else D(1)
    return SetTradingStop(
        symbol,
        row.position_idx if row is not None else 0,
        tpsl_mode="Partial" if is_partial else "Full",
        stop_loss=D(0) if c % 13 == 0 else player.near(symbol, -sign * (1 + b)) if c % 3 else None,
        take_profit=player.near(symbol, sign * (1 + c)) if b % 3 == 0 else None,
        trailing_stop=D(1 + d) / 10 if d % 3 == 0 else None,
        active_price=player.near(symbol, sign * (1 + b)) if d % 9 == 0 else None,
        sl_trigger_by=WAYS[c % 4],
        sl_size=size,
        tp_size=size,
        tp_order_type=OrderType.LIMIT if is_partial and b % 2 else OrderType.MARKET,
        tp_limit_price=player.near(symbol, sign * (3 + c)) if is_partial else None,
    )


def _amend(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    orders = player.x.read.open_orders(account)
    if not orders:
        return AmendOrder("BTCUSDT", "none", qty=D(1))
    order = orders[a % len(orders)]
    trigger = None
    if order.trigger_price is not None and d % 2:
        trigger = order.trigger_price + D(c - 50) / 10
    return AmendOrder(
        order.symbol,
        order.order_id,
        qty=QTYS[b % 7] if b % 2 else None,
        price=order.price + D(c - 50) / 10 if c % 3 and order.price else None,
        trigger_price=trigger,
        stop_loss=D(0) if d % 7 == 0 else None,
    )


def _cancel(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    orders = player.x.read.open_orders(account)
    if b % 9 == 0 or not orders:
        return CancelAll(_symbol(a), ["", "Order", "StopOrder"][c % 3])
    order = orders[a % len(orders)]
    return CancelOrder(order.symbol, order.order_id)


def _setting(player: Player, account: str, a: int, b: int, c: int, d: int) -> Command:
    choices: list[Command] = [
        SwitchMode(b % 2 == 0, _symbol(a)),
        SetLeverage(_symbol(a), D(1 + b), D(1 + b)),
        Deposit(D(b - 20) * 5),
        ClosePosition(_symbol(a), b % 3),
        SetMarginMode(b % 3 != 0),
    ]
    return choices[c % 5]


MARKET: dict[str, Callable[..., MarketInput]] = {"price": _price, "book": _book, "funding": _funding}
COMMANDS: dict[str, Callable[..., Command]] = {
    "market": _market,
    "limit": _limit,
    "conditional": _conditional,
    "stops": _stops,
    "amend": _amend,
    "cancel": _cancel,
    "setting": _setting,
}
_KINDS = ["price"] * 8 + ["market"] * 3 + ["limit"] * 3 + ["conditional", "stops", "stops", "amend"]
_KINDS += ["cancel", "setting", "funding", "book"]
_NUMBER = st.integers(0, 100)


def steps(size: int = 40) -> st.SearchStrategy[list[Step]]:
    """Return lists of `size` random steps."""
    step = st.tuples(st.sampled_from(_KINDS), _NUMBER, _NUMBER, _NUMBER, _NUMBER)
    return st.lists(step, min_size=size, max_size=size)
