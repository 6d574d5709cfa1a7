"""The price path: from one point to the next, level by level, everything in between happens in its order.

A path that runs passes through every level and fires each trigger there; a gap lands on its end at once.
At one and the same price: stops, targets, conditional orders, resting orders that are traded through,
liquidation. After a gap liquidation comes first: nobody could have acted before.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.liquidation import liquidate_if_due
from whalebot.adapters.exchange.core.margin import liquidation_price, margin_slope, pools_of
from whalebot.adapters.exchange.core.market import Market, Source
from whalebot.adapters.exchange.core.matching import fill_resting
from whalebot.adapters.exchange.core.orders import RISING, Order
from whalebot.adapters.exchange.core.stops import ratchet
from whalebot.adapters.exchange.core.triggers import fire_due
from whalebot.adapters.exchange.core.watch import accounts_in, refresh
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import Side


def move(world: World, market: Market, source: Source, target: Decimal) -> None:
    """Move one price path of a symbol to `target`, through everything on the way."""
    if market.price_of(source) is None:
        market.set_price(source, target)
    _act(world, market, source, target)
    while (level := _next_level(world, market, source, target)) is not None:
        market.set_price(source, level)
        _act(world, market, source, target)


def jump(world: World, market: Market, targets: dict[Source, Decimal]) -> None:
    """Land all price paths of a symbol on their targets at once, then see what that means."""
    for source, target in targets.items():
        market.set_price(source, target)
    _liquidate(world, market, market.margin_source)
    for source, target in targets.items():
        _act(world, market, source, target)


def fire_all_due(world: World, market: Market) -> None:
    """Fire what is due at the prices as they are: stops born behind the price among others."""
    for source in Source:
        fire_due(world, market, source)


def _act(world: World, market: Market, source: Source, target: Decimal) -> None:
    if source is Source.LAST:
        ratchet(market, market.last or ZERO)
    fire_due(world, market, source)
    if source is Source.LAST:
        _fill_traded_through(world, market, target)
        fire_due(world, market, source)
    _liquidate(world, market, source)


def _fill_traded_through(world: World, market: Market, target: Decimal) -> None:
    """Fill the resting orders at the present level that the path goes on beyond."""
    price = market.last or ZERO
    through = [
        order
        for order in market.orders.values()
        if not order.is_waiting
        and (order.price - price) * order.side.sign >= 0
        and (order.price - target) * order.side.sign > 0
    ]
    for order in sorted(through, key=lambda order: (-order.price * order.side.sign, order.rank)):
        if not order.status.is_final:
            fill_resting(world, order, order.leaves_qty)


def _liquidate(world: World, market: Market, source: Source) -> None:
    if source is not market.margin_source:
        return
    refresh(world, market)
    mark = market.mark
    if mark is None or market.margin.low < mark < market.margin.high:
        return
    for account in accounts_in(world, market):
        if not liquidate_if_due(world, account):
            # the slack was shared among several symbols: share it anew from the present prices
            for position in account.held():
                world.markets[position.symbol].is_stale = True


def _next_level(world: World, market: Market, source: Source, target: Decimal) -> Decimal | None:
    """Return the next price on the way where something is due, at the latest the target; None at the end."""
    price = market.price_of(source)
    if price is None or price == target:
        return None
    is_up = target > price
    levels = _order_levels(market, source, target, is_up)
    margins = _margin_levels(world, market, source, target)
    ahead = [
        level
        for level in (*levels, *margins)
        if (price < level < target if is_up else target < level < price)
    ]
    return (min(ahead) if is_up else max(ahead)) if ahead else target


def _order_levels(market: Market, source: Source, target: Decimal, is_up: bool) -> Iterator[Decimal]:
    for order in market.orders.values():
        level = _level_of(order, market, source, target, is_up)
        if level is not None:
            yield level


def _level_of(order: Order, market: Market, source: Source, target: Decimal, is_up: bool) -> Decimal | None:
    if order.is_waiting:
        is_idle = order.trail is not None and order.trail.best_price is None
        is_ahead = (order.trigger_direction == RISING) == is_up
        if is_idle or not is_ahead or market.source_of(order.trigger_by) is not source:
            return None
        return order.trigger_price
    is_met = source is Source.LAST and (order.side is Side.SELL) == is_up and order.price != target
    return order.price if is_met else None


def _margin_levels(world: World, market: Market, source: Source, target: Decimal) -> Iterator[Decimal]:
    """Yield, on the path that margin is reckoned on, the grid prices at which accounts are liquidated."""
    if source is not market.margin_source:
        return
    refresh(world, market)
    if market.margin.low < target < market.margin.high:
        return
    grid = market.instrument
    for account in accounts_in(world, market):
        for pool in pools_of(account, market.symbol):
            exact = liquidation_price(world, account, market, pool)
            if exact is None:
                continue
            if margin_slope(market, pool) > 0:
                if target <= exact:
                    yield max(grid.floor_price(exact), target)
            elif target >= exact:
                yield min(grid.ceil_price(exact), target)
