"""Placing an order: every check before the first change, then the order is born and worked."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.exchange.core import checks, codes
from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import Refusal
from whalebot.adapters.exchange.core.commands import FULL, PARTIAL, CreateOrder
from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.lifecycle import open_order
from whalebot.adapters.exchange.core.margin import margin_of, opening_value, order_cost
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.matching import place
from whalebot.adapters.exchange.core.orders import CONDITIONAL, Order
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderStatus, OrderType, Side, TimeInForce, TriggerBy
from whalebot.domain.records import replace


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that has passed the checks of its own numbers."""

    request: CreateOrder
    qty: Decimal
    value_price: Decimal
    is_reducing: bool
    trigger_direction: int


def create_order(
    world: World, account: Account, request: CreateOrder, create_type: str = "CreateByUser"
) -> Order:
    """Place one order. Raises Refusal, before anything is changed, where the venue would say no."""
    market = world.trading_market(request.symbol)
    if ZERO in (request.stop_loss, request.take_profit):
        request = replace(
            request, stop_loss=request.stop_loss or None, take_profit=request.take_profit or None
        )
    draft = _draft(world, account, market, request)
    if not draft.is_reducing:
        _check_stops(market, draft)
        checks.check_notional(market, draft.qty * draft.value_price)
    _check_counts(world, account, draft)
    order = _make(world, account, market, draft, create_type)
    if not draft.is_reducing and not draft.trigger_direction:
        check_affordable(world, account, market, order)
    order.order_id, order.rank, order.seq = world.mint.order_id(), world.mint.rank(), world.mint.next_seq()
    open_order(world, account, order)
    if order.is_waiting:
        world.report(order)
    else:
        place(world, market, order)
    return order


def check_affordable(world: World, account: Account, market: Market, order: Order) -> None:
    """Refuse an order for which margin is missing or which would exceed the risk limit of its symbol.

    What the account's older orders of the same side already close is not free a second time.
    """
    position = account.find(order.symbol, order.position_idx)
    older = [other for other in account.orders_of(order.symbol, order.position_idx) if other is not order]
    before = opening_value(position, older, order.side)
    added = opening_value(position, [*older, order], order.side) - before
    if added <= 0:
        return
    held = (
        position.size * (market.mark or ZERO)
        if position is not None and position.side is order.side
        else ZERO
    )
    if held + before + added > market.rules.risk_limit_value:
        limit = f"{market.rules.risk_limit_value.normalize():f}"
        raise Refusal(
            codes.RISK_LIMIT, f"Order placement failed as your position may exceed the max limit {limit}."
        )
    if order_cost(world, account, order.symbol, added) > margin_of(world, account).available:
        raise Refusal(codes.AVAILABLE_BALANCE, "ab not enough for new order")


def _draft(world: World, account: Account, market: Market, request: CreateOrder) -> Draft:
    checks.check_link_id(account, request.order_link_id)
    checks.check_position_idx(account, request.symbol, request.position_idx)
    direction = _check_trigger(market, request)
    is_closing_side = request.position_idx == (2 if request.side is Side.BUY else 1)
    is_reducing = request.reduce_only or request.close_on_trigger or is_closing_side
    if is_reducing and (request.stop_loss or request.take_profit):
        raise Refusal(codes.PARAMETER, "TP/SL can not be set for reduce-only order")
    qty = request.qty
    if qty == 0 and request.reduce_only and request.close_on_trigger:
        qty = _whole_position(world, account, market, request)
    if not _is_whole_position(account, request, qty):
        checks.check_qty(market, qty, request.order_type, is_reducing)
    value_price = _check_price(world, market, request)
    if is_reducing and not direction:
        qty = _reducing_qty(account, request, qty)
    return Draft(request, qty, value_price, is_reducing, direction)


def _check_trigger(market: Market, request: CreateOrder) -> int:
    if request.trigger_price is None:
        return 0
    return checks.check_trigger(market, request.trigger_price, request.trigger_direction, request.trigger_by)


def _check_price(world: World, market: Market, request: CreateOrder) -> Decimal:
    """Return the price at which the order is valued."""
    base = request.trigger_price if request.trigger_price is not None else market.last
    if request.order_type is OrderType.LIMIT:
        return checks.check_limit_price(market, request.side, request.price, base)
    _check_slippage(request)
    if base is None:
        base = world.liquidity(market.symbol).touch(market, request.side)
    if base is None:
        raise Refusal(codes.NO_PRICE, "Unable to retrieve a price of the market order due to low liquidity")
    return base


def _check_slippage(request: CreateOrder) -> None:
    kind, tolerance = request.slippage_tolerance_type, request.slippage_tolerance
    if kind == "TickSize" and (tolerance % 1 or not 1 <= tolerance <= 10_000):
        raise Refusal(codes.SLIPPAGE_TICKS, "Allowable range: 1 to 10000 tick size")
    if kind == "Percent" and not Decimal("0.01") <= tolerance <= 10:
        raise Refusal(codes.SLIPPAGE_PERCENT, "Allowable range: 0.01% to 10%")


def _whole_position(world: World, account: Account, market: Market, request: CreateOrder) -> Decimal:
    position = account.find(request.symbol, request.position_idx)
    room = position.room(request.side) if position is not None else ZERO
    if room == 0:
        raise Refusal(codes.REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    grid = market.instrument
    return min(room, grid.max_market_qty if request.order_type is OrderType.MARKET else grid.max_qty)


def _is_whole_position(account: Account, request: CreateOrder, qty: Decimal) -> bool:
    """Say whether an order closes exactly what is held: dust below the minimum may always be closed."""
    position = account.find(request.symbol, request.position_idx)
    return position is not None and position.qty != 0 and qty == position.room(request.side)


def _reducing_qty(account: Account, request: CreateOrder, qty: Decimal) -> Decimal:
    """Return the quantity cut to what older reduce-only orders leave of the position."""
    position = account.find(request.symbol, request.position_idx)
    if position is None or position.qty == 0:
        raise Refusal(codes.REDUCE_ONLY, "current position is zero, cannot fix reduce-only order qty")
    room = position.room(request.side)
    if room == 0:
        raise Refusal(codes.REDUCE_ONLY, "Reduce-only rule not satisfied")
    if request.order_type is OrderType.MARKET:
        return min(qty, room)
    free = room - _spoken_for(account, request.symbol, request.position_idx, request.side)
    if free <= 0:
        raise Refusal(codes.REDUCE_ONLY, "orderQty will be truncated to zero")
    return min(qty, free)


def free_to_reduce(account: Account, order: Order) -> Decimal:
    """Return how much of a position no active reduce-only order of this order's side is meant for yet."""
    position = account.find(order.symbol, order.position_idx)
    room = position.room(order.side) if position is not None else ZERO
    return room - _spoken_for(account, order.symbol, order.position_idx, order.side)


def _spoken_for(account: Account, symbol: str, position_idx: int, side: Side) -> Decimal:
    return sum(
        (
            order.leaves_qty
            for order in account.orders_of(symbol, position_idx)
            if order.side is side and order.is_reducing and not order.is_waiting
        ),
        ZERO,
    )


def _check_stops(market: Market, draft: Draft) -> None:
    request = draft.request
    if request.tpsl_mode not in ("", FULL, PARTIAL):
        raise Refusal(codes.PARAMETER, "TpslMode invalid")
    for name, kind, limit, stop in (
        ("slOrderType", request.sl_order_type, request.sl_limit_price, request.stop_loss),
        ("tpOrderType", request.tp_order_type, request.tp_limit_price, request.take_profit),
    ):
        check_leg_type(name, kind, limit, request.tpsl_mode, stop is not None)
    if request.stop_loss is not None:
        base = _stop_base(market, draft, request.sl_trigger_by)
        checks.check_stop_loss(market, request.side, request.stop_loss, base, request.sl_trigger_by)
    if request.take_profit is not None:
        base = _stop_base(market, draft, request.tp_trigger_by)
        checks.check_take_profit(market, request.side, request.take_profit, base, request.tp_trigger_by)


def check_leg_type(name: str, kind: OrderType, limit: Decimal | None, mode: str, is_set: bool) -> None:
    """Refuse a limit stop in Full mode, or one without its limit price."""
    if kind is not OrderType.LIMIT or not is_set:
        return
    if mode != PARTIAL:
        raise Refusal(codes.PARAMETER, f"{name} only support Market when tpSlMode is Full")
    if limit is None:
        raise Refusal(codes.PARAMETER, f"{name[:2]}LimitPrice invalid")


def _stop_base(market: Market, draft: Draft, by: TriggerBy) -> Decimal:
    """Return the price that stops are judged against: the newest one, or where a resting order will fill."""
    request, newest = draft.request, market.base_price(by)
    if request.trigger_price is not None or newest is None:
        return draft.value_price
    if request.order_type is OrderType.MARKET:
        return newest
    nearer = min if request.side is Side.BUY else max
    return nearer(draft.value_price, newest)


def _check_counts(world: World, account: Account, draft: Draft) -> None:
    orders = account.orders_of(draft.request.symbol)
    if draft.trigger_direction:
        waiting = sum(order.is_waiting and order.stop_order_type == CONDITIONAL for order in orders)
        if waiting >= world.settings.max_conditional_orders:
            raise Refusal(
                codes.TOO_MANY_CONDITIONAL, "The number of stop orders exceeds the maximum allowable limit"
            )
    elif sum(not order.is_waiting for order in orders) >= world.settings.max_active_orders:
        text = f"Not allowed to have more than {world.settings.max_active_orders} active orders."
        raise Refusal(codes.TOO_MANY_ACTIVE, text)


def _make(world: World, account: Account, market: Market, draft: Draft, create_type: str) -> Order:
    """Return the order as it would be born, without a name and a place in time."""
    request = draft.request
    is_market = request.order_type is OrderType.MARKET
    is_waiting = bool(draft.trigger_direction)
    order = Order(
        account=account.account_id,
        symbol=request.symbol,
        order_id="",
        order_link_id=request.order_link_id,
        side=request.side,
        position_idx=request.position_idx,
        order_type=request.order_type,
        time_in_force=TimeInForce.IOC if is_market else request.time_in_force,
        price=ZERO if is_market and is_waiting else draft.value_price,
        qty=draft.qty,
        rank=0,
        created_ms=world.now_ms,
        updated_ms=world.now_ms,
        seq=0,
        create_type="CreateByStopOrder" if is_waiting else create_type,
        stop_order_type=CONDITIONAL if is_waiting else "",
        status=OrderStatus.UNTRIGGERED if is_waiting else OrderStatus.NEW,
        reduce_only=draft.is_reducing,
        close_on_trigger=request.close_on_trigger,
        slippage_tolerance_type=request.slippage_tolerance_type,
        slippage_tolerance=request.slippage_tolerance,
        last_price_on_created=market.last,
    )
    if is_waiting:
        order.trigger_price = request.trigger_price
        order.trigger_by = request.trigger_by
        order.trigger_direction = draft.trigger_direction
    _give_stops(order, request)
    return order


def _give_stops(order: Order, request: CreateOrder) -> None:
    order.stop_loss, order.take_profit = request.stop_loss, request.take_profit
    if order.stop_loss is None and order.take_profit is None:
        return
    order.tpsl_mode = request.tpsl_mode or FULL
    order.sl_order_type, order.tp_order_type = request.sl_order_type, request.tp_order_type
    if order.stop_loss is not None:
        order.sl_trigger_by = request.sl_trigger_by
        order.sl_limit_price = request.sl_limit_price if request.sl_order_type is OrderType.LIMIT else None
    if order.take_profit is not None:
        order.tp_trigger_by = request.tp_trigger_by
        order.tp_limit_price = request.tp_limit_price if request.tp_order_type is OrderType.LIMIT else None
