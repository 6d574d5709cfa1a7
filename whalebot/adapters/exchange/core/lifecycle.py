"""Birth and end of an order: the only places where it enters and leaves the lists of open orders."""

from __future__ import annotations

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.events import OrderUpdated
from whalebot.adapters.exchange.core.orders import Order, snapshot
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderStatus


def open_order(world: World, account: Account, order: Order) -> None:
    """Enter a new order. Nothing is reported yet."""
    account.orders[order.order_id] = order
    world.markets[order.symbol].orders[order.order_id] = order
    if order.order_link_id:
        account.memory.links[order.order_link_id] = order.order_id
    account.audit.orders_born += 1
    world.touch(account, order.symbol, order.position_idx)


def end_order(
    world: World,
    order: Order,
    status: OrderStatus,
    cancel_type: str = "UNKNOWN",
    reject_reason: str = "EC_NoError",
) -> None:
    """Give an order its final state, report it and move it to the history."""
    account = world.accounts[order.account]
    order.status, order.cancel_type, order.reject_reason = status, cancel_type, reject_reason
    order.updated_ms = world.now_ms
    del account.orders[order.order_id]
    del world.markets[order.symbol].orders[order.order_id]
    _unlink_from_position(account, order)
    account.audit.orders_ended += 1
    if world.tells(order):
        record = snapshot(order)
        account.memory.keep_order(record)
        world.out.append(OrderUpdated(order.account, record))
    world.touch(account, order.symbol, order.position_idx)


def cancel(world: World, order: Order, cancel_type: str, reject_reason: str = "EC_PerCancelRequest") -> None:
    """End an order as cancelled; what it had executed stays executed."""
    end_order(world, order, OrderStatus.CANCELLED, cancel_type, reject_reason)


def _unlink_from_position(account: Account, order: Order) -> None:
    position = account.find(order.symbol, order.position_idx)
    if position is None:
        return
    if position.stop_id == order.order_id:
        position.stop_id = ""
    elif position.target_id == order.order_id:
        position.target_id = ""
    elif position.trailing_id == order.order_id:
        position.trailing_id = ""
