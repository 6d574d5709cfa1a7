"""Liquidation: a pool whose equity no longer covers maintenance margin loses its orders and positions.

Each position is taken over whole at its bankruptcy price, the price at which nothing is left of the equity
after the fee; the largest maintenance margin goes first, until what remains is safe. In cross mode that
concerns the whole account, in isolated mode one position. No laddered reduction and no auto-deleveraging.
"""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.events import Liquidated
from whalebot.adapters.exchange.core.ledger import post_fill
from whalebot.adapters.exchange.core.lifecycle import cancel, end_order, open_order
from whalebot.adapters.exchange.core.margin import (
    Pool,
    equity_of,
    maintenance_margin,
    mark_price,
    pools_of,
    slack_of,
)
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import ExecType, OrderStatus, OrderType, Side, TimeInForce


def liquidate_if_due(world: World, account: Account) -> bool:
    """Liquidate those pools of an account that must be; say whether there were any."""
    due = [pool for pool in pools_of(account) if slack_of(world, account, pool) <= 0]
    for pool in due:
        _liquidate(world, account, pool)
    return bool(due)


def _liquidate(world: World, account: Account, pool: Pool) -> None:
    alone = {(position.symbol, position.position_idx) for position in pool} if account.is_isolated else None
    for order in list(account.orders.values()):
        if alone is None or (order.symbol, order.position_idx) in alone:
            cancel(world, order, "CancelAllBeforeLiq")
    while pool and slack_of(world, account, pool) <= 0:
        _take_over(world, account, pool)
        pool = tuple(position for position in pool if position.qty)
    account.audit.liquidations += 1


def _take_over(world: World, account: Account, pool: Pool) -> None:
    position = max(pool, key=lambda held: maintenance_margin(world, account, held))
    side, qty = position.side or Side.BUY, position.size
    price = _bankruptcy_price(world, account, position, equity_of(world, account, pool))
    order = _takeover_order(world, position, side.opposite, price)
    open_order(world, account, order)
    post_fill(
        world,
        order,
        price,
        qty,
        is_maker=False,
        seq=world.mint.next_seq(),
        exec_type=ExecType.BUST_TRADE,
    )
    end_order(world, order, OrderStatus.FILLED)
    world.out.append(
        Liquidated(
            account=account.account_id,
            symbol=position.symbol,
            position_idx=position.position_idx,
            side=side,
            qty=qty,
            price=price,
            ts_ms=world.now_ms,
        )
    )


def _bankruptcy_price(world: World, account: Account, position: Position, equity: Decimal) -> Decimal:
    """Return the price that leaves no equity after the fee, on the grid, rounded in favour of the account."""
    mark = mark_price(world, position)
    fee_rate = world.taker_rate(account, position.symbol)
    grid = world.markets[position.symbol].instrument
    price = (position.qty * mark - equity) / (position.qty - position.size * fee_rate)
    on_grid = grid.ceil_price(price) if position.qty > 0 else grid.floor_price(price)
    return max(on_grid, grid.tick_size)


def _takeover_order(world: World, position: Position, side: Side, price: Decimal) -> Order:
    return Order(
        account=position.account,
        symbol=position.symbol,
        order_id=world.mint.order_id(),
        order_link_id="",
        side=side,
        position_idx=position.position_idx,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.IOC,
        price=price,
        qty=position.size,
        rank=world.mint.rank(),
        created_ms=world.now_ms,
        updated_ms=world.now_ms,
        seq=world.mint.next_seq(),
        create_type="CreateByTakeOver_PassThrough",
        reduce_only=True,
        close_on_trigger=True,
        last_price_on_created=world.markets[position.symbol].last,
    )
