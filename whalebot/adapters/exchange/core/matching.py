"""Matching: an active order takes what the liquidity model offers, then rests or is cancelled."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core.exact import HUNDRED, ONE, ZERO
from whalebot.adapters.exchange.core.ledger import post_fill
from whalebot.adapters.exchange.core.lifecycle import cancel, end_order
from whalebot.adapters.exchange.core.liquidity import Slice
from whalebot.adapters.exchange.core.market import Market
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.stops import after_fills, trim_reduce_only
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import OrderStatus, OrderType, Side, TimeInForce

_MATCHING = "UNKNOWN"
_NOT_QUEUED = frozenset({TimeInForce.IOC, TimeInForce.FOK})


def place(world: World, market: Market, order: Order) -> None:
    """Work an order that has become active: take, then rest, fill or cancel. Reports how it ends up."""
    if order.order_type is OrderType.MARKET:
        order.price = _market_limit(world, market, order)
    is_taking = is_marketable(world, market, order.side, order.price)
    if is_taking and order.time_in_force is TimeInForce.POST_ONLY:
        cancel(world, order, _MATCHING, "EC_PostOnlyWillTakeLiquidity")
        return
    if is_taking:
        slices = world.liquidity(market.symbol).walk(market, order.side, order.leaves_qty, order.price)
        total = sum((piece.qty for piece in slices), ZERO)
        if order.time_in_force is TimeInForce.FOK and total < order.leaves_qty:
            cancel(world, order, _MATCHING, "EC_CancelForNoFullFill")
            return
        _take(world, market, order, slices)
    filled = order.cum_exec_qty
    _conclude(world, market, order)
    account = world.accounts[order.account]
    if filled and is_taking:
        after_fills(world, account, order)
    elif order.is_reducing and not order.status.is_final:
        trim_reduce_only(world, account, world.position(account, order.symbol, order.position_idx))


def is_marketable(world: World, market: Market, side: Side, price: Decimal) -> bool:
    """Say whether a limit order at `price` would take at once."""
    touch = world.liquidity(market.symbol).touch(market, side)
    return touch is not None and (price - touch) * side.sign >= 0


def fill_resting(world: World, order: Order, qty: Decimal) -> None:
    """Execute a resting order as maker at its own price."""
    post_fill(world, order, order.price, qty, is_maker=True, seq=world.mint.next_seq())
    if order.qty == order.cum_exec_qty:
        end_order(world, order, OrderStatus.FILLED)
    else:
        world.report(order)
    after_fills(world, world.accounts[order.account], order)


def use_queue(world: World, market: Market, price: Decimal, volume: Decimal, taker: Side) -> None:
    """Let a trade at exactly `price` eat the queue in front of resting orders, then the orders."""
    resting = [order for order in by_age(market) if order.side is taker.opposite and order.price == price]
    spent = ZERO
    for order in resting:
        if order.queue_ahead is None or order.status.is_final:
            continue
        reached = volume - order.queue_ahead - spent
        order.queue_ahead = max(order.queue_ahead - volume, ZERO)
        if reached > 0:
            qty = min(reached, order.leaves_qty)
            spent += qty
            fill_resting(world, order, qty)


def follow_book(world: World, market: Market) -> None:
    """After a change of the book: shrink queues to what is still shown, fill what the book now crosses."""
    for order in by_age(market):
        if order.status.is_final:
            continue
        best = market.depth.best_ask() if order.side is Side.BUY else market.depth.best_bid()
        if best is not None and (order.price - best) * order.side.sign >= 0:
            fill_resting(world, order, order.leaves_qty)
            continue
        shown = market.depth.resting(order.side, order.price)
        if shown is not None:
            order.queue_ahead = shown if order.queue_ahead is None else min(order.queue_ahead, shown)


def by_age(market: Market) -> list[Order]:
    """Return the resting orders of a symbol by their place in time."""
    resting = (order for order in market.orders.values() if not order.is_waiting)
    return sorted(resting, key=lambda order: order.rank)


def _take(world: World, market: Market, order: Order, slices: list[Slice]) -> None:
    seq = world.mint.next_seq()
    for piece in slices:
        post_fill(world, order, piece.price, piece.qty, is_maker=False, seq=seq)
        if piece.level is not None:
            market.depth.consume(order.side, piece.level, piece.qty)


def _conclude(world: World, market: Market, order: Order) -> None:
    if order.qty == order.cum_exec_qty:
        end_order(world, order, OrderStatus.FILLED)
    elif order.time_in_force in _NOT_QUEUED or is_marketable(world, market, order.side, order.price):
        cancel(world, order, _MATCHING, "EC_NoImmediateQtyToFill")
    else:
        order.status = OrderStatus.PARTIALLY_FILLED if order.cum_exec_qty else OrderStatus.NEW
        order.queue_ahead = world.liquidity(market.symbol).queue_ahead(market, order.side, order.price)
        world.report(order)
        world.touch(world.accounts[order.account], order.symbol, order.position_idx)


def _market_limit(world: World, market: Market, order: Order) -> Decimal:
    """Return the protective price of a market order; 0 for a buyer without any price to start from."""
    touch = world.liquidity(market.symbol).touch(market, order.side)
    start = market.last if market.last is not None else touch
    if start is None:
        return ZERO
    reach = market.protective_price(order.side, start)
    tolerance = order.slippage_tolerance
    if order.slippage_tolerance_type == "TickSize":
        reach = (touch or start) + tolerance * market.instrument.tick_size * order.side.sign
    elif order.slippage_tolerance_type == "Percent":
        limit = (touch or start) * (ONE + order.side.sign * tolerance / HUNDRED)
        grid = market.instrument
        reach = grid.floor_price(limit) if order.side is Side.BUY else grid.ceil_price(limit)
    return max(reach, market.instrument.tick_size)
