"""A trigger fires: a waiting order becomes active, is cut to what it may close, and goes to the market."""

from __future__ import annotations

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.lifecycle import cancel
from whalebot.adapters.exchange.core.margin import margin_of, opening_value
from whalebot.adapters.exchange.core.market import Market, Source
from whalebot.adapters.exchange.core.matching import place
from whalebot.adapters.exchange.core.orders import PARTIAL_STOP_LOSS, Order
from whalebot.adapters.exchange.core.stops import REDUCED
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderStatus, OrderType

_BY_STOP = "CancelByOCOTpCanceledBySlTriggered"
_BY_TARGET = "CancelByOCOSlCanceledByTpTriggered"
_NOT_AFFORDED = "CancelByCannotAffordOrderCost"


def fire_due(world: World, market: Market, source: Source) -> None:
    """Fire everything that the newest price of a path triggers: stops first, then targets, then the rest."""
    price = market.price_of(source)
    while price is not None:
        due = [
            order
            for order in market.orders.values()
            if order.is_waiting and market.source_of(order.trigger_by) is source and order.is_due(price)
        ]
        if not due:
            return
        fire(world, market, min(due, key=lambda order: order.urgency))


def fire(world: World, market: Market, order: Order) -> None:
    """Turn one waiting order into an active one and work it."""
    account = world.accounts[order.account]
    order.status = OrderStatus.TRIGGERED
    world.report(order)
    world.touch(account, order.symbol, order.position_idx)
    order.status = OrderStatus.NEW
    _cancel_mate(world, account, order)
    if order.is_reducing:
        if not _cut_to_position(world, account, order):
            return
    elif not _is_affordable(world, account, market, order):
        cancel(world, order, _NOT_AFFORDED, "EC_Others")
        return
    place(world, market, order)


def _cancel_mate(world: World, account: Account, order: Order) -> None:
    mate = account.orders.get(order.mate_id)
    if mate is not None and mate.is_waiting:
        cancel(world, mate, _BY_STOP if order.stop_order_type == PARTIAL_STOP_LOSS else _BY_TARGET)


def _cut_to_position(world: World, account: Account, order: Order) -> bool:
    room = world.position(account, order.symbol, order.position_idx).room(order.side)
    if room == 0:
        cancel(world, order, REDUCED)
        return False
    order.qty = min(order.qty, room)
    return True


def _is_affordable(world: World, account: Account, market: Market, order: Order) -> bool:
    """Say whether the margin is there: while it waited, the order had none set aside."""
    if order.order_type is OrderType.MARKET:
        order.price = market.last or order.price
    position = account.find(order.symbol, order.position_idx)
    if opening_value(position, [order], order.side) == 0:
        return True
    # the order is active by now, so that its own cost is already part of the margin
    return margin_of(world, account).available >= 0
