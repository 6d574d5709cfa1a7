"""Liquidation: an account whose equity no longer covers maintenance margin loses its orders and positions.

Each position is taken over whole at its bankruptcy price, the price at which nothing is left of the equity
after the fee; the largest maintenance margin goes first, until what remains is safe. No laddered reduction
and no auto-deleveraging.
"""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.events import Liquidated
from whalebot.adapters.exchange.core.ledger import post_fill
from whalebot.adapters.exchange.core.lifecycle import cancel, end_order, open_order
from whalebot.adapters.exchange.core.margin import maintenance_margin, margin_of, mark_price, slack_of
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import ExecType, OrderStatus, OrderType, Side, TimeInForce


def liquidate_if_due(world: World, account: Account) -> bool:
    """Liquidate an account if it must be; say whether it was."""
    if not any(account.held()) or slack_of(world, account) > 0:
        return False
    for order in list(account.orders.values()):
        cancel(world, order, "CancelAllBeforeLiq")
    while slack_of(world, account) <= 0:
        held = sorted(account.held(), key=lambda position: -maintenance_margin(world, account, position))
        if not held:
            break
        _take_over(world, account, held[0])
    account.audit.liquidations += 1
    return True


def _take_over(world: World, account: Account, position: Position) -> None:
    side, qty = position.side or Side.BUY, position.size
    price = _bankruptcy_price(world, account, position)
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


def _bankruptcy_price(world: World, account: Account, position: Position) -> Decimal:
    """Return the price that leaves no equity after the fee, on the grid, rounded in favour of the account."""
    mark = mark_price(world, position)
    equity = margin_of(world, account).equity
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
