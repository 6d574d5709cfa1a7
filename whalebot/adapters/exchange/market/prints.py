"""How a finest bar becomes prints, and in which order things happen at one instant."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, TypeAlias

from whalebot.adapters.exchange.market.events import Kline, MarketEvent, PricePoint
from whalebot.adapters.exchange.market.ladder import RawBar
from whalebot.adapters.exchange.market.units import Units
from whalebot.domain.enums import Side
from whalebot.domain.intervals import INTERVALS

# Ranks order events of one instant. Closed bars take those from KLINE on, the longest interval first, so
# that a decision on a short bar finds the longer ones that closed with it.
PRINT: Final = 0
LIQUIDATION: Final = 1
FUNDING: Final = 2
_KLINE: Final = 3
OPEN: Final = _KLINE + len(INTERVALS)
KLINE_RANKS: Final = {name: OPEN - 1 - i for i, name in enumerate(INTERVALS)}

Item: TypeAlias = tuple[int, int, MarketEvent]
"""(ts_ms, rank, event)."""

FourPrices: TypeAlias = tuple[int, int, int, int]
"""Prices in units at the four points of a bar: open, nearer extreme, farther extreme, close."""


def is_kline_rank(rank: int) -> bool:
    """Tell whether an event of this rank is a closed bar."""
    return _KLINE <= rank < OPEN


def path_of(bar: RawBar) -> FourPrices:
    """Return open, nearer extreme, farther extreme, close; at equal distance the low comes first."""
    if bar.high - bar.open < bar.open - bar.low:
        return bar.open, bar.high, bar.low, bar.close
    return bar.open, bar.low, bar.high, bar.close


def point_times(open_ms: int, close_ms: int) -> FourPrices:
    """Return when the four points of a bar are printed: at 0, 1/3, 2/3 of the bar and in its last ms."""
    length = close_ms - open_ms
    return open_ms, open_ms + length // 3, open_ms + 2 * length // 3, close_ms - 1


def taker_sides(path: FourPrices, close_before: int | None, side_before: Side) -> list[Side]:
    """Return who traded at each point: a rise was bought, a fall sold, no move keeps the side before."""
    sides = []
    side, before = side_before, path[0] if close_before is None else close_before
    for price in path:
        if price != before:
            side = Side.BUY if price > before else Side.SELL
        sides.append(side)
        before = price
    return sides


def make_points(
    symbol: str,
    units: Units,
    bar: RawBar,
    path: FourPrices,
    sides: list[Side],
    close_before: int | None,
    references: tuple[FourPrices, FourPrices] | None = None,
) -> list[PricePoint]:
    """Return the four prints of a bar. Without `references` mark and index prices are left out.

    Mark and index that are the very path share its Decimals.
    """
    unit, volume_unit = units.price_unit, units.volume_unit
    last = [price * unit for price in path]
    marks = _priced(references[0], path, last, units) if references else (None,) * 4
    indexes = _priced(references[1], path, last, units) if references else (None,) * 4
    volumes = [volume * volume_unit for volume in units.split(bar.volume)]
    gap = close_before is not None and bar.open != close_before
    return [
        PricePoint(symbol, ts, last[i], marks[i], indexes[i], volumes[i], sides[i], gap and i == 0)
        for i, ts in enumerate(point_times(bar.open_ms, bar.close_ms))
    ]


def _priced(prices: FourPrices, path: FourPrices, known: list[Decimal], units: Units) -> list[Decimal]:
    return known if prices is path else [price * units.price_unit for price in prices]


def kline_of(bar: RawBar, symbol: str, interval: str, units: Units, ts_ms: int, is_confirmed: bool) -> Kline:
    """Return a bar in units as a `Kline`."""
    price = units.price_unit
    return Kline(
        ts_ms,
        symbol,
        interval,
        bar.open_ms,
        bar.close_ms,
        bar.open * price,
        bar.high * price,
        bar.low * price,
        bar.close * price,
        bar.volume * units.volume_unit,
        bar.turnover * units.turnover_unit,
        is_confirmed,
    )
