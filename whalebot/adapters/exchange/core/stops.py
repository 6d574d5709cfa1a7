"""Stops of a position: born as waiting orders of their own, resized with it, gone when it is flat."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.commands import FULL, PARTIAL
from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.lifecycle import cancel, open_order
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.orders import (
    FALLING,
    PARTIAL_STOP_LOSS,
    PARTIAL_TAKE_PROFIT,
    RISING,
    STOP_LOSS,
    TAKE_PROFIT,
    TRAILING_STOP,
    Order,
    Trail,
)
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderStatus, OrderType, Side, TimeInForce, TriggerBy

FLAT = "CancelByTpSlTsClear"
REDUCED = "CancelByReduceOnly"


@dataclass(frozen=True, slots=True)
class Leg:
    """One stop to be placed. `limit_price` None fires a market order."""

    kind: str
    trigger_price: Decimal
    trigger_by: TriggerBy
    qty: Decimal
    limit_price: Decimal | None = None


def after_fills(world: World, account: Account, order: Order) -> None:
    """Let everything that hangs on a position follow the fills of an order."""
    position = world.position(account, order.symbol, order.position_idx)
    _drop_orphans(world, account, position)
    if position.side is order.side:
        _attach(world, account, position, order)
    _resize(world, account, position)
    trim_reduce_only(world, account, position)


def trim_reduce_only(world: World, account: Account, position: Position) -> None:
    """Keep the active reduce-only orders within the position: the youngest shrink first."""
    room = position.size
    for order in account.orders_of(position.symbol, position.position_idx):
        if order.is_waiting or not order.is_reducing:
            continue
        if order.side is position.side or room <= 0:
            cancel(world, order, REDUCED)
            continue
        if order.leaves_qty > room:
            order.qty = order.cum_exec_qty + room
            world.report(order)
        room -= order.leaves_qty


def set_full(
    world: World, account: Account, position: Position, kind: str, price: Decimal, by: TriggerBy
) -> None:
    """Set the stop-loss or take-profit of the whole position, in place where there is one."""
    current = position.stop_id if kind == STOP_LOSS else position.target_id
    order = account.orders.get(current)
    if order is not None:
        order.trigger_price, order.trigger_by = price, by
        world.touch(account, order.symbol, order.position_idx)
        world.report(order)
        return
    order = _place(world, account, position, Leg(kind, price, by, position.size), FULL)
    if kind == STOP_LOSS:
        position.stop_id = order.order_id
    else:
        position.target_id = order.order_id


def set_trailing(
    world: World, account: Account, position: Position, distance: Decimal, active_price: Decimal | None
) -> None:
    """Set the trailing stop of the whole position, starting afresh from the last price."""
    last = world.markets[position.symbol].last or ZERO
    order = account.orders.get(position.trailing_id)
    if order is None:
        leg = Leg(TRAILING_STOP, last, TriggerBy.LAST_PRICE, position.size)
        order = _make(world, position, leg, FULL)
        open_order(world, account, order)
        position.trailing_id = order.order_id
    best = last if active_price is None else None
    order.trail = Trail(distance, active_price, best)
    _follow_best(order, last if active_price is None else active_price)
    world.touch(account, position.symbol, position.position_idx)
    world.report(order)


def add_pair(world: World, account: Account, position: Position, legs: list[Leg]) -> list[Order]:
    """Add partial stops; two of them are a pair: one that fires or is cancelled takes the other along."""
    orders = [_place(world, account, position, leg, PARTIAL) for leg in legs]
    if len(orders) == 2:
        orders[0].mate_id, orders[1].mate_id = orders[1].order_id, orders[0].order_id
    return orders


def ratchet(market: Market, price: Decimal) -> None:
    """Move the trailing stops of a symbol behind a better last price; never back."""
    for order in market.orders.values():
        trail = order.trail
        if trail is None or not order.is_waiting:
            continue
        sign = order.side.opposite.sign
        if trail.best_price is None:
            is_better = trail.active_price is not None and (price - trail.active_price) * sign >= 0
        else:
            is_better = (price - trail.best_price) * sign > 0
        if is_better:
            trail.best_price = price
            _follow_best(order, price)
            market.is_stale = True


def _follow_best(order: Order, best: Decimal) -> None:
    if order.trail is not None:
        order.trigger_price = best - order.trail.distance * order.side.opposite.sign


def _drop_orphans(world: World, account: Account, position: Position) -> None:
    """Cancel the waiting stops that no longer have a position of their side."""
    for order in account.orders_of(position.symbol, position.position_idx):
        if order.is_position_stop and order.is_waiting and position.side is not order.side.opposite:
            cancel(world, order, FLAT)


def _attach(world: World, account: Account, position: Position, order: Order) -> None:
    if order.stop_loss is None and order.take_profit is None:
        return
    if order.tpsl_mode == PARTIAL:
        _attach_partial(world, account, position, order)
        return
    if order.has_set_stops:
        return
    order.has_set_stops = True
    if order.stop_loss is not None:
        by = order.sl_trigger_by or TriggerBy.LAST_PRICE
        set_full(world, account, position, STOP_LOSS, order.stop_loss, by)
    if order.take_profit is not None:
        by = order.tp_trigger_by or TriggerBy.LAST_PRICE
        set_full(world, account, position, TAKE_PROFIT, order.take_profit, by)


def _attach_partial(world: World, account: Account, position: Position, order: Order) -> None:
    """Give an order its own pair of stops at its first fill; let the pair grow with the next ones."""
    qty = min(order.cum_exec_qty, position.size)
    if order.stop_child_id or order.target_child_id:
        for child_id in (order.stop_child_id, order.target_child_id):
            child = account.orders.get(child_id)
            if child is not None and child.is_waiting:
                child.qty = qty
                world.report(child)
        return
    for child in add_pair(world, account, position, partial_legs(order, qty)):
        if child.stop_order_type == PARTIAL_STOP_LOSS:
            order.stop_child_id = child.order_id
        else:
            order.target_child_id = child.order_id


def partial_legs(order: Order, qty: Decimal) -> list[Leg]:
    """Return the legs that an order's stops stand for, of `qty` each."""
    legs = []
    if order.stop_loss is not None:
        by, limit = order.sl_trigger_by or TriggerBy.LAST_PRICE, order.sl_limit_price
        legs.append(Leg(PARTIAL_STOP_LOSS, order.stop_loss, by, qty, limit))
    if order.take_profit is not None:
        by, limit = order.tp_trigger_by or TriggerBy.LAST_PRICE, order.tp_limit_price
        legs.append(Leg(PARTIAL_TAKE_PROFIT, order.take_profit, by, qty, limit))
    return legs


def _resize(world: World, account: Account, position: Position) -> None:
    for order_id in (position.stop_id, position.target_id, position.trailing_id):
        order = account.orders.get(order_id)
        if order is not None and order.is_waiting and order.qty != position.size:
            order.qty = position.size
            world.report(order)


def _place(world: World, account: Account, position: Position, leg: Leg, mode: str) -> Order:
    order = _make(world, position, leg, mode)
    open_order(world, account, order)
    world.report(order)
    return order


def _make(world: World, position: Position, leg: Leg, mode: str) -> Order:
    side = Side.SELL if position.qty > 0 else Side.BUY
    is_target = leg.kind in (TAKE_PROFIT, PARTIAL_TAKE_PROFIT)
    is_rising = is_target == (side is Side.SELL)
    is_limit = leg.limit_price is not None
    return Order(
        account=position.account,
        symbol=position.symbol,
        order_id=world.mint.order_id(),
        order_link_id="",
        side=side,
        position_idx=position.position_idx,
        order_type=OrderType.LIMIT if is_limit else OrderType.MARKET,
        time_in_force=TimeInForce.GTC if is_limit else TimeInForce.IOC,
        price=leg.limit_price if leg.limit_price is not None else ZERO,
        qty=leg.qty,
        rank=world.mint.rank(),
        created_ms=world.now_ms,
        updated_ms=world.now_ms,
        seq=world.mint.next_seq(),
        create_type=f"CreateBy{leg.kind}",
        stop_order_type=leg.kind,
        status=OrderStatus.UNTRIGGERED,
        reduce_only=True,
        close_on_trigger=True,
        trigger_price=leg.trigger_price,
        trigger_by=leg.trigger_by,
        trigger_direction=RISING if is_rising else FALLING,
        tpsl_mode=mode,
        last_price_on_created=world.markets[position.symbol].last,
    )
