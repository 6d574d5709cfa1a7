"""The quiet bands of a symbol: while its prices stay inside them, nothing can fire, fill or be liquidated."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.margin import margin_slope, pools_of, slack_of
from whalebot.adapters.exchange.core.market import Band, Market, Source
from whalebot.adapters.exchange.core.orders import RISING, Order
from whalebot.adapters.exchange.core.world import World
from whalebot.domain.enums import Side


def refresh(world: World, market: Market) -> None:
    """Rebuild the bands of a symbol if anything behind them changed."""
    if not market.is_stale:
        return
    bands = {Source.LAST: market.last_band, Source.MARK: market.mark_band, Source.INDEX: market.index_band}
    for band in (*bands.values(), market.margin, market.resting):
        band.clear()
    for order in market.orders.values():
        if not order.is_waiting:
            _watch_resting(market.last_band, order)
            _watch_resting(market.resting, order)
        elif order.trail is not None:
            _watch_trailing(market.last_band, order)
        else:
            _watch_trigger(bands[market.source_of(order.trigger_by)], order)
    _watch_margin(world, market)
    margin_band = bands[market.margin_source]
    margin_band.stop_below(market.margin.low)
    margin_band.stop_above(market.margin.high)
    market.is_stale = False


def accounts_in(world: World, market: Market) -> list[Account]:
    """Return the accounts that hold a position in a symbol."""
    return [
        account
        for account in world.accounts.values()
        if any(position.symbol == market.symbol for position in account.held())
    ]


def _watch_resting(band: Band, order: Order) -> None:
    if order.side is Side.BUY:
        band.stop_below(order.price)
    else:
        band.stop_above(order.price)


def _watch_trigger(band: Band, order: Order) -> None:
    if order.trigger_price is None:
        return
    if order.trigger_direction == RISING:
        band.stop_above(order.trigger_price)
    else:
        band.stop_below(order.trigger_price)


def _watch_trailing(band: Band, order: Order) -> None:
    trail = order.trail
    favourable = (
        None if trail is None else trail.active_price if trail.best_price is None else trail.best_price
    )
    if favourable is None or trail is None:
        return
    if order.side is Side.SELL:
        band.stop_above(favourable)
    else:
        band.stop_below(favourable)
    if trail.best_price is not None:
        _watch_trigger(band, order)


def _watch_margin(world: World, market: Market) -> None:
    """Share the slack of each pool among its symbols: while each stays in its part, the sum is safe."""
    mark = market.mark
    if mark is None:
        return
    for account in accounts_in(world, market):
        for pool in pools_of(account, market.symbol):
            slope = margin_slope(market, pool)
            if slope == 0:
                continue
            symbols = len({position.symbol for position in pool})
            edge: Decimal = mark - slack_of(world, account, pool) / symbols / slope
            if slope > 0:
                market.margin.stop_below(edge)
            else:
                market.margin.stop_above(edge)
