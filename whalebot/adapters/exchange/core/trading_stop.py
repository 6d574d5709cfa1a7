"""Setting the stops of a position: stop-loss, take-profit, trailing stop, whole or partial."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core import checks, codes
from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import Refusal
from whalebot.adapters.exchange.core.commands import FULL, PARTIAL, SetTradingStop
from whalebot.adapters.exchange.core.entry import check_leg_type
from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.lifecycle import cancel
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.orders import (
    PARTIAL_STOP_LOSS,
    PARTIAL_TAKE_PROFIT,
    STOP_LOSS,
    TAKE_PROFIT,
    Order,
)
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.stops import Leg, add_pair, set_full, set_trailing
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderType, Side, TriggerBy

_BY_USER = "CancelByUser"


def set_trading_stop(world: World, account: Account, request: SetTradingStop) -> None:
    """Set, move or cancel the stops of a position. Raises Refusal, before anything is changed."""
    market = world.market(request.symbol)
    checks.check_position_idx(account, request.symbol, request.position_idx)
    position = account.find(request.symbol, request.position_idx)
    if position is None or position.side is None:
        raise Refusal(codes.PARAMETER, "can not set tp/sl/ts for zero position")
    if request.tpsl_mode not in (FULL, PARTIAL):
        raise Refusal(codes.PARAMETER, "TpslMode invalid")
    _check_levels(market, position.side, request)
    _check_trailing(market, position, request)
    if request.tpsl_mode == PARTIAL:
        legs = _partial_legs(world, account, market, position, request)
        has_trail = _change_trailing(world, account, position, request)
        if not legs and not has_trail:
            raise _not_modified()
        add_pair(world, account, position, legs)
    else:
        _set_whole(world, account, position, request)


def _set_whole(world: World, account: Account, position: Position, request: SetTradingStop) -> None:
    """Change what differs from what is set; refuse when nothing does."""
    stop = account.orders.get(position.stop_id)
    target = account.orders.get(position.target_id)
    changes = [
        _change_level(world, account, position, STOP_LOSS, stop, request.stop_loss, request.sl_trigger_by),
        _change_level(
            world, account, position, TAKE_PROFIT, target, request.take_profit, request.tp_trigger_by
        ),
        _change_trailing(world, account, position, request),
    ]
    if not any(changes):
        raise _not_modified()


def _change_level(
    world: World,
    account: Account,
    position: Position,
    kind: str,
    current: Order | None,
    price: Decimal | None,
    by: TriggerBy | None,
) -> bool:
    if price is None:
        return False
    if price == 0:
        if current is not None:
            cancel(world, current, _BY_USER)
        return current is not None
    wanted_by = by or (current.trigger_by if current is not None else None) or TriggerBy.LAST_PRICE
    if current is not None and (current.trigger_price, current.trigger_by) == (price, wanted_by):
        return False
    set_full(world, account, position, kind, price, wanted_by)
    return True


def _change_trailing(world: World, account: Account, position: Position, request: SetTradingStop) -> bool:
    current = account.orders.get(position.trailing_id)
    trail = current.trail if current is not None else None
    distance = request.trailing_stop
    if distance is None and request.active_price is not None and trail is not None:
        distance = trail.distance
    if distance is None:
        return False
    if distance == 0:
        if current is not None:
            cancel(world, current, _BY_USER)
        return current is not None
    active = request.active_price or None
    if trail is not None and trail.distance == distance and active in (None, trail.active_price):
        return False
    set_trailing(world, account, position, distance, active)
    return True


def _check_levels(market: Market, side: Side, request: SetTradingStop) -> None:
    if request.stop_loss:
        by = request.sl_trigger_by or TriggerBy.LAST_PRICE
        checks.check_stop_loss(market, side, request.stop_loss, _base(market, by), by)
    if request.take_profit:
        by = request.tp_trigger_by or TriggerBy.LAST_PRICE
        checks.check_take_profit(market, side, request.take_profit, _base(market, by), by)
    is_set = (bool(request.stop_loss), bool(request.take_profit))
    check_leg_type("slOrderType", request.sl_order_type, request.sl_limit_price, request.tpsl_mode, is_set[0])
    check_leg_type("tpOrderType", request.tp_order_type, request.tp_limit_price, request.tpsl_mode, is_set[1])
    for price, name in ((request.sl_limit_price, "SlLimitPrice"), (request.tp_limit_price, "TpLimitPrice")):
        if price:
            checks.check_on_grid(market, price, name)


def _check_trailing(market: Market, position: Position, request: SetTradingStop) -> None:
    """Refuse a distance as large as the price, or an activation that is not beyond entry and last price."""
    last = _base(market, TriggerBy.LAST_PRICE)
    if request.trailing_stop:
        checks.check_on_grid(market, request.trailing_stop, "TrailingStop")
        if request.trailing_stop >= last:
            raise Refusal(codes.PARAMETER, "TrailingStop invalid")
    if not request.active_price:
        return
    checks.check_on_grid(market, request.active_price, "ActivePrice")
    sign = 1 if position.qty > 0 else -1
    entry = position.cost / position.size
    bound = max(entry, last) if sign > 0 else min(entry, last)
    if (request.active_price - bound) * sign <= 0:
        relation = "higher" if sign > 0 else "lower"
        figures = (
            f"ActivePrice:{codes.scaled_price(request.active_price)} set for {_side_of(position)} position"
        )
        text = f"{figures} should be {relation} than base_price:{codes.scaled_price(bound)}??LastPrice"
        raise Refusal(codes.PARAMETER, text)


def _partial_legs(
    world: World, account: Account, market: Market, position: Position, request: SetTradingStop
) -> list[Leg]:
    sizes = {request.sl_size if request.stop_loss else None, request.tp_size if request.take_profit else None}
    if request.stop_loss and request.take_profit and len(sizes) != 1:
        raise Refusal(codes.PARAMETER, "tpSize and slSize must be equal")
    legs = []
    for kind, price, size, by, is_limit, limit in (
        (
            PARTIAL_STOP_LOSS,
            request.stop_loss,
            request.sl_size,
            request.sl_trigger_by,
            request.sl_order_type is OrderType.LIMIT,
            request.sl_limit_price,
        ),
        (
            PARTIAL_TAKE_PROFIT,
            request.take_profit,
            request.tp_size,
            request.tp_trigger_by,
            request.tp_order_type is OrderType.LIMIT,
            request.tp_limit_price,
        ),
    ):
        if price:
            _check_size(market, position, size)
            by_price = by or TriggerBy.LAST_PRICE
            legs.append(Leg(kind, price, by_price, size or ZERO, limit if is_limit else None))
    _check_partial_count(world, account, position, len(legs))
    return legs


def _check_size(market: Market, position: Position, size: Decimal | None) -> None:
    if size is None:
        raise Refusal(codes.PARAMETER, "tpSize or slSize is required when tpSlMode is Partial")
    checks.check_qty(market, size, OrderType.MARKET, is_reducing=True)
    if size > position.size:
        text = "You can't set take profit and stop loss due to insufficient size of remaining position size."
        raise Refusal(codes.STOP_SIZE, text)


def _check_partial_count(world: World, account: Account, position: Position, added: int) -> None:
    orders = account.orders_of(position.symbol, position.position_idx)
    present = sum(order.is_position_stop and order.tpsl_mode == PARTIAL for order in orders)
    ceiling = world.settings.max_partial_stops
    if added and present + added > ceiling:
        text = f"Not allowed to have more than {ceiling} TP/SLs under Partial tpSlMode"
        raise Refusal(codes.TOO_MANY_PARTIAL, text)


def _base(market: Market, by: TriggerBy) -> Decimal:
    base = market.base_price(by)
    if base is None:
        raise Refusal(codes.NO_PRICE, "Unable to retrieve a price of the market order due to low liquidity")
    return base


def _side_of(position: Position) -> str:
    return "Buy" if position.qty > 0 else "Sell"


def _not_modified() -> Refusal:
    return Refusal(codes.NOT_MODIFIED, "not modified")
