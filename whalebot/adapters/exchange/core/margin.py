"""Margin in cross mode, reckoned on the mark price: what is used, what is free, where liquidation lies.

Initial margin of a position = value / leverage + the fee of closing it at its bankruptcy price; maintenance
margin = value × maintenance rate + the same fee. An order costs value × (1 / leverage + 2 × taker fee), as
far as it can open something.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.exact import ONE, ZERO
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import Side


@dataclass(frozen=True, slots=True)
class Margin:
    """The margin of an account at this moment, unrounded."""

    wallet: Decimal
    unrealised: Decimal
    position_im: Decimal
    position_mm: Decimal
    order_im: Decimal

    @property
    def equity(self) -> Decimal:
        """Wallet plus unrealised result: the margin balance."""
        return self.wallet + self.unrealised

    @property
    def available(self) -> Decimal:
        """What new positions may use."""
        return self.equity - self.position_im - self.order_im

    @property
    def slack(self) -> Decimal:
        """How much can be lost before liquidation; 0 or less: now."""
        return self.equity - self.position_mm


def margin_of(world: World, account: Account) -> Margin:
    """Return the margin of an account."""
    unrealised = position_im = position_mm = ZERO
    for position in account.held():
        mark = mark_price(world, position)
        unrealised += position.unrealised(mark)
        position_im += initial_margin(world, account, position)
        position_mm += maintenance_margin(world, account, position)
    order_im = _orders_margin(world, account)
    return Margin(account.wallet, unrealised, position_im, position_mm, order_im)


def slack_of(world: World, account: Account) -> Decimal:
    """Return equity minus maintenance margin of an account."""
    slack = account.wallet
    for position in account.held():
        slack += position.unrealised(mark_price(world, position))
        slack -= maintenance_margin(world, account, position)
    return slack


def mark_price(world: World, position: Position) -> Decimal:
    """Return the mark price of a position that is not flat, which was filled at some price."""
    mark = world.markets[position.symbol].mark
    return position.cost / position.size if mark is None else mark


def initial_margin(world: World, account: Account, position: Position) -> Decimal:
    """Return the initial margin of a position; 0 when flat."""
    if position.qty == 0:
        return ZERO
    value = position.size * mark_price(world, position)
    return value / world.leverage(account, position.symbol) + _closing_fee(world, account, position)


def maintenance_margin(world: World, account: Account, position: Position) -> Decimal:
    """Return the maintenance margin of a position; 0 when flat."""
    if position.qty == 0:
        return ZERO
    rate = world.markets[position.symbol].rules.maintenance_rate
    value = position.size * mark_price(world, position)
    return value * rate + _closing_fee(world, account, position)


def order_cost(world: World, account: Account, symbol: str, value: Decimal) -> Decimal:
    """Return the margin that an order of this value needs to open a position."""
    rate = ONE / world.leverage(account, symbol) + 2 * world.taker_rate(account, symbol)
    return value * rate


def opening_value(position: Position | None, orders: Iterable[Order], side: Side) -> Decimal:
    """Return the value of those parts of the orders of `side` that would open, not close, a position."""
    room = position.room(side) if position is not None else ZERO
    value = ZERO
    for order in orders:
        if order.side is not side or order.is_reducing or order.is_waiting:
            continue
        closing = min(room, order.leaves_qty)
        room -= closing
        value += (order.leaves_qty - closing) * order.price
    return value


def liquidation_price(world: World, account: Account, market: Market) -> Decimal | None:
    """Return the mark price of a symbol at which equity meets maintenance margin, all else unmoved."""
    slope = margin_slope(account, market)
    mark = market.mark
    if slope == 0 or mark is None:
        return None
    price = mark - slack_of(world, account) / slope
    return price if price > 0 else None


def margin_slope(account: Account, market: Market) -> Decimal:
    """Return how fast equity minus maintenance margin grows with the mark price of a symbol."""
    net = gross = ZERO
    for position in account.held():
        if position.symbol == market.symbol:
            net += position.qty
            gross += position.size
    return net - gross * market.rules.maintenance_rate


def _closing_fee(world: World, account: Account, position: Position) -> Decimal:
    lever = ONE / world.leverage(account, position.symbol)
    bankruptcy_value = position.cost * (ONE - lever if position.qty > 0 else ONE + lever)
    return bankruptcy_value * world.taker_rate(account, position.symbol)


def _orders_margin(world: World, account: Account) -> Decimal:
    total = ZERO
    keys = dict.fromkeys((order.symbol, order.position_idx) for order in account.orders.values())
    for symbol, position_idx in keys:
        orders = account.orders_of(symbol, position_idx)
        position = account.find(symbol, position_idx)
        for side in Side:
            value = opening_value(position, orders, side)
            if value:
                total += order_cost(world, account, symbol, value)
    return total
