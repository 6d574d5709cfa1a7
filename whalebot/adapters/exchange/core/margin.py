"""Margin: what is used, what is free, where liquidation lies.

Initial margin of a position = value / leverage + the fee of closing it at its bankruptcy price; maintenance
margin = value × maintenance rate + the same fee. An order costs value × (1 / leverage + 2 × taker fee), as
far as it can open something. In cross mode values are reckoned on the mark price and all positions stand in
for one another: they are one pool. In isolated mode a position's initial margin is reckoned on its entry and
is all that it can lose: each is a pool of its own.
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

Pool = tuple[Position, ...]
"""Positions that share what keeps them from liquidation."""


@dataclass(frozen=True, slots=True)
class Margin:
    """The margin of an account at this moment, unrounded."""

    wallet: Decimal
    unrealised: Decimal
    position_im: Decimal
    position_mm: Decimal
    order_im: Decimal
    is_isolated: bool

    @property
    def equity(self) -> Decimal:
        """Wallet plus unrealised result: the margin balance."""
        return self.wallet + self.unrealised

    @property
    def available(self) -> Decimal:
        """What new positions may use: unrealised results only in cross mode."""
        balance = self.wallet if self.is_isolated else self.equity
        return balance - self.position_im - self.order_im


def margin_of(world: World, account: Account) -> Margin:
    """Return the margin of an account."""
    unrealised = position_im = position_mm = ZERO
    for position in account.held():
        mark = mark_price(world, position)
        unrealised += position.unrealised(mark)
        position_im += initial_margin(world, account, position)
        position_mm += maintenance_margin(world, account, position)
    order_im = _orders_margin(world, account)
    return Margin(account.wallet, unrealised, position_im, position_mm, order_im, account.is_isolated)


def pools_of(account: Account, symbol: str | None = None) -> list[Pool]:
    """Return the pools of an account, or those with a position in `symbol`."""
    held = tuple(account.held())
    pools = [(position,) for position in held] if account.is_isolated else [held]
    return [pool for pool in pools if any(symbol in (None, position.symbol) for position in pool)]


def pool_of(account: Account, position: Position) -> Pool:
    """Return the pool of a position that is not flat."""
    return (position,) if account.is_isolated else tuple(account.held())


def equity_of(world: World, account: Account, pool: Pool) -> Decimal:
    """Return what a pool has to lose: its cash and its unrealised result."""
    equity = _isolated_cash(world, account, pool) if account.is_isolated else account.wallet
    for position in pool:
        equity += position.unrealised(mark_price(world, position))
    return equity


def slack_of(world: World, account: Account, pool: Pool) -> Decimal:
    """Return how much a pool can lose before it is liquidated: equity minus maintenance margin."""
    slack = equity_of(world, account, pool)
    for position in pool:
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
    value = position.cost if account.is_isolated else position.size * mark_price(world, position)
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


def liquidation_price(world: World, account: Account, market: Market, pool: Pool) -> Decimal | None:
    """Return the mark price of a symbol at which a pool is liquidated, all else unmoved; None: at none."""
    slope = margin_slope(market, pool)
    mark = market.mark
    if slope == 0 or mark is None:
        return None
    price = mark - slack_of(world, account, pool) / slope
    return price if price > 0 else None


def margin_slope(market: Market, pool: Pool) -> Decimal:
    """Return how fast the slack of a pool grows with the mark price of a symbol."""
    net = gross = ZERO
    for position in pool:
        if position.symbol == market.symbol:
            net += position.qty
            gross += position.size
    return net - gross * market.rules.maintenance_rate


def _isolated_cash(world: World, account: Account, pool: Pool) -> Decimal:
    """Return the initial margin of a pool; a share of it where funding has eaten into the cash behind all."""
    cash = sum((initial_margin(world, account, position) for position in pool), ZERO)
    whole = sum((initial_margin(world, account, position) for position in account.held()), ZERO)
    return cash if whole <= account.wallet else cash * max(account.wallet, ZERO) / whole


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
