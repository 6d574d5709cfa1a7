"""Cancelling orders: one by name, or all that a filter names."""

from __future__ import annotations

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import PARAMETER, Refusal
from whalebot.adapters.exchange.core.commands import CancelAll, CancelOrder
from whalebot.adapters.exchange.core.lifecycle import cancel
from whalebot.adapters.exchange.core.lookup import open_order_named
from whalebot.adapters.exchange.core.orders import CONDITIONAL, Order
from whalebot.adapters.exchange.core.world import World

_BY_USER = "CancelByUser"
_FILTERS = ("", "Order", "StopOrder", "OpenOrder")


def cancel_order(world: World, account: Account, request: CancelOrder) -> Order:
    """Cancel one order; the other leg of a pair of partial stops goes with it."""
    world.market(request.symbol)
    order = open_order_named(account, request.symbol, request.order_id, request.order_link_id, "cancel")
    cancel(world, order, _BY_USER)
    mate = account.orders.get(order.mate_id)
    if mate is not None and mate.is_waiting:
        cancel(world, mate, _BY_USER)
    return order


def cancel_all(world: World, account: Account, request: CancelAll) -> list[Order]:
    """Cancel what the filter names, oldest first; without one, stops of positions go too."""
    if request.symbol is not None:
        world.market(request.symbol)
    if request.order_filter not in _FILTERS:
        raise Refusal(PARAMETER, "params error: OrderFilter invalid")
    chosen = [order for order in account.orders.values() if _is_meant(order, request)]
    for order in chosen:
        cancel(world, order, _BY_USER)
    return chosen


def _is_meant(order: Order, request: CancelAll) -> bool:
    if request.symbol is not None and order.symbol != request.symbol:
        return False
    if request.order_filter == "StopOrder":
        is_spared = request.stop_order_type == CONDITIONAL and order.stop_order_type != CONDITIONAL
        return order.is_waiting and not is_spared
    return not request.order_filter or not order.is_waiting
