"""Taking one market input: which paths move, what the book does, what is listed."""

from __future__ import annotations

from typing import assert_never

from whalebot.adapters.exchange.core.funding import settle_funding
from whalebot.adapters.exchange.core.inputs import (
    BookChanged,
    FundingDue,
    InstrumentListed,
    MarketInput,
    PricePoint,
)
from whalebot.adapters.exchange.core.market import Market, Source
from whalebot.adapters.exchange.core.matching import follow_book, use_queue
from whalebot.adapters.exchange.core.path import jump, move
from whalebot.adapters.exchange.core.watch import refresh
from whalebot.adapters.exchange.core.world import World


def is_quiet(world: World, event: MarketInput) -> bool:
    """Take an input of which nothing can come, at the cost of a few comparisons; False leaves it untaken."""
    if world.held:
        return False
    if type(event) is PricePoint:
        market = world.markets.get(event.symbol)
        if market is None or not market.moves_quietly(event):
            return False
    elif type(event) is BookChanged:
        market = world.markets.get(event.symbol)
        if market is None or not market.changes_quietly(event):
            return False
    else:
        return False
    if event.ts_ms > world.now_ms:
        world.now_ms = event.ts_ms
    return True


def take(world: World, event: MarketInput) -> None:
    """Take one input and let everything happen that comes of it. Raises ValueError for an unlisted symbol."""
    match event:
        case PricePoint():
            _move(world, _listed(world, event.symbol), event)
        case BookChanged():
            market = _listed(world, event.symbol)
            market.change_book(event)
            follow_book(world, market)
            refresh(world, market)
        case FundingDue():
            settle_funding(world, _listed(world, event.symbol), event)
        case InstrumentListed():
            _list(world, event)
        case _:
            assert_never(event)


def _listed(world: World, symbol: str) -> Market:
    found = world.markets.get(symbol)
    if found is None:
        raise ValueError(
            f"{symbol}: market input for a symbol that is not listed; feed InstrumentListed first"
        )
    return found


def _move(world: World, market: Market, point: PricePoint) -> None:
    given = (
        (Source.LAST, point.last_price),
        (Source.MARK, point.mark_price),
        (Source.INDEX, point.index_price),
    )
    targets = {source: price for source, price in given if price is not None}
    for source, price in targets.items():
        if not (price.is_finite() and price > 0):
            name = source.value
            raise ValueError(
                f"{point.symbol} at {point.ts_ms}: {name} price {price} must be above 0; mend the data"
            )
    if any(market.price_of(source) is None for source in targets):
        # from its first price on a path takes its triggers over from the last price
        market.is_stale = True
    market.ts_ms = point.ts_ms
    if point.is_gap:
        jump(world, market, targets)
    else:
        for source, price in targets.items():
            move(world, market, source, price)
    if point.last_price is not None and point.volume and point.taker_side is not None:
        use_queue(world, market, point.last_price, point.volume, point.taker_side)
    refresh(world, market)


def _list(world: World, event: InstrumentListed) -> None:
    market = world.markets.get(event.instrument.symbol)
    if market is None:
        world.markets[event.instrument.symbol] = Market(event.instrument, event.rules)
    else:
        market.instrument, market.rules, market.is_stale = event.instrument, event.rules, True
