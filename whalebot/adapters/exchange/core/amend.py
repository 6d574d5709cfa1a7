"""Changing an open order in place: price, quantity, trigger, attached stops."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal

from whalebot.adapters.exchange.core import checks, codes
from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import Refusal
from whalebot.adapters.exchange.core.commands import FULL, AmendOrder
from whalebot.adapters.exchange.core.entry import check_affordable, free_to_reduce
from whalebot.adapters.exchange.core.lookup import open_order_named
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.matching import is_marketable, place
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderType, Side, TriggerBy


@dataclass(frozen=True, slots=True)
class _Terms:
    """Those parts of an order that an amendment may change, as one value to compare."""

    qty: Decimal
    price: Decimal
    trigger_price: Decimal | None
    trigger_by: TriggerBy | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    sl_trigger_by: TriggerBy | None
    tp_trigger_by: TriggerBy | None
    sl_limit_price: Decimal | None
    tp_limit_price: Decimal | None


def amend_order(world: World, account: Account, request: AmendOrder) -> Order:
    """Change an order. A new price or a larger quantity goes to the back of the queue, or takes at once.

    Raises Refusal, before anything is changed, where the venue would say no.
    """
    market = world.trading_market(request.symbol)
    order = open_order_named(account, request.symbol, request.order_id, request.order_link_id, "replace")
    before = _terms_of(order)
    after = _wanted(order, request)
    if after == before:
        text = "The order remains unchanged as the parameters entered match the existing ones."
        raise Refusal(codes.PARAMETER, text)
    _check(account, market, order, before, after)
    _put(order, after)
    if not order.is_waiting and not order.is_reducing:
        try:
            check_affordable(world, account, market, order)
        except Refusal:
            _put(order, before)
            raise
    world.touch(account, order.symbol, order.position_idx)
    is_requeued = after.price != before.price or after.qty > before.qty
    if order.is_waiting or not is_requeued:
        world.report(order)
        return order
    order.rank = world.mint.rank()
    if not is_marketable(world, market, order.side, order.price):
        order.queue_ahead = world.liquidity(market.symbol).queue_ahead(market, order.side, order.price)
        world.report(order)
        return order
    place(world, market, order)
    return order


def _terms_of(order: Order) -> _Terms:
    return _Terms(
        order.qty,
        order.price,
        order.trigger_price,
        order.trigger_by,
        order.stop_loss,
        order.take_profit,
        order.sl_trigger_by,
        order.tp_trigger_by,
        order.sl_limit_price,
        order.tp_limit_price,
    )


def _put(order: Order, terms: _Terms) -> None:
    for field in fields(terms):
        setattr(order, field.name, getattr(terms, field.name))


def _wanted(order: Order, request: AmendOrder) -> _Terms:
    stop = _stop_term(request.stop_loss, order.stop_loss)
    target = _stop_term(request.take_profit, order.take_profit)
    sl_by = (request.sl_trigger_by or order.sl_trigger_by or TriggerBy.LAST_PRICE) if stop else None
    tp_by = (request.tp_trigger_by or order.tp_trigger_by or TriggerBy.LAST_PRICE) if target else None
    is_limit = order.order_type is OrderType.LIMIT
    return _Terms(
        qty=order.qty if request.qty is None else request.qty,
        price=request.price if request.price is not None and is_limit else order.price,
        trigger_price=(request.trigger_price or order.trigger_price)
        if order.is_waiting
        else order.trigger_price,
        trigger_by=(request.trigger_by or order.trigger_by) if order.is_waiting else order.trigger_by,
        stop_loss=stop,
        take_profit=target,
        sl_trigger_by=sl_by,
        tp_trigger_by=tp_by,
        sl_limit_price=request.sl_limit_price or order.sl_limit_price,
        tp_limit_price=request.tp_limit_price or order.tp_limit_price,
    )


def _stop_term(wanted: Decimal | None, current: Decimal | None) -> Decimal | None:
    if wanted is None:
        return current
    return wanted if wanted else None


def _check(account: Account, market: Market, order: Order, before: _Terms, after: _Terms) -> None:
    if after.qty != before.qty:
        _check_qty(account, market, order, after)
    if after.price != before.price:
        base = after.trigger_price if order.is_waiting else market.last
        checks.check_limit_price(market, order.side, after.price, base)
    has_new_trigger = (after.trigger_price, after.trigger_by) != (before.trigger_price, before.trigger_by)
    if has_new_trigger:
        _check_trigger(market, order, after)
    if not order.is_reducing and (after.price, after.qty) != (before.price, before.qty):
        value_price = after.price or after.trigger_price or market.last
        if value_price is not None:
            checks.check_notional(market, after.qty * value_price)
    if (after.stop_loss, after.take_profit) != (before.stop_loss, before.take_profit):
        _check_stops(market, order, after)


def _check_qty(account: Account, market: Market, order: Order, after: _Terms) -> None:
    if order.is_position_stop and order.tpsl_mode == FULL:
        raise Refusal(codes.FULL_MODE_FIXED, "Under full TP/SL mode, it is not allowed to modify TP/SL")
    checks.check_qty(market, after.qty, order.order_type, order.is_reducing)
    if after.qty <= order.cum_exec_qty:
        text = "The modified contract quantity cannot be less than or equal to the filled quantity."
        raise Refusal(codes.QTY_BELOW_FILLED, text)
    if order.is_reducing and not order.is_waiting and after.qty - order.qty > free_to_reduce(account, order):
        raise Refusal(codes.REDUCE_ONLY, "Reduce-only rule not satisfied")


def _check_trigger(market: Market, order: Order, after: _Terms) -> None:
    if order.trail is not None or after.trigger_price is None:
        raise Refusal(codes.PARAMETER, "TriggerPrice invalid")
    by = after.trigger_by or TriggerBy.LAST_PRICE
    checks.check_trigger(market, after.trigger_price, order.trigger_direction, by)


def _check_stops(market: Market, order: Order, after: _Terms) -> None:
    if order.is_reducing:
        raise Refusal(codes.PARAMETER, "TP/SL can not be set for reduce-only order")
    if order.cum_exec_qty:
        raise Refusal(
            codes.STOPS_OF_PARTLY_FILLED, "Not allowed to modify the TP/SL of a partially filled open order"
        )
    base = after.trigger_price if order.is_waiting else after.price
    last = market.last
    if not order.is_waiting and last is not None:
        base = min(after.price, last) if order.side is Side.BUY else max(after.price, last)
    if base is None:
        return
    if after.stop_loss is not None:
        by = after.sl_trigger_by or TriggerBy.LAST_PRICE
        checks.check_stop_loss(market, order.side, after.stop_loss, base, by)
    if after.take_profit is not None:
        by = after.tp_trigger_by or TriggerBy.LAST_PRICE
        checks.check_take_profit(market, order.side, after.take_profit, base, by)
