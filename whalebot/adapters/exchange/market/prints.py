"""How a finest bar becomes prints, and in which order things happen at one instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
LISTING: Final = _KLINE + len(INTERVALS)
OPEN: Final = LISTING + 1
BOOK: Final = OPEN + 1
KLINE_RANKS: Final = {name: LISTING - 1 - i for i, name in enumerate(INTERVALS)}

Item: TypeAlias = tuple[int, int, MarketEvent]
"""(ts_ms, rank, event)."""

FourPrices: TypeAlias = tuple[int, int, int, int]
"""Prices in units at the four points of a bar: open, nearer extreme, farther extreme, close."""


def is_kline_rank(rank: int) -> bool:
    """Tell whether an event of this rank is a closed bar."""
    return _KLINE <= rank < LISTING


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


@dataclass(frozen=True, slots=True)
class Script:
    """What happens inside one finest bar, in order of time.

    `points` are its prints; `prices`, `marks`, `indexes`, `volumes` say the same in units. `extra` holds
    what else happens, each item with its rank.
    """

    points: list[PricePoint]
    prices: tuple[int, ...]
    marks: tuple[int, ...]
    indexes: tuple[int, ...]
    volumes: tuple[int, ...]
    extra: list[Item]

    def items(self, open_ms: int) -> list[Item]:
        """Return everything in order of time; the first print is the bar's open if it stands there."""
        items: list[Item] = [(p.ts_ms, PRINT, p) for p in self.points]
        if self.points[0].ts_ms == open_ms:
            items[0] = (open_ms, OPEN, self.points[0])
        return sorted([*self.extra, *items], key=_by_time) if self.extra else items


NOTHING: Final = Script([], (), (), (), (), [])


def script_of_bar(
    symbol: str,
    units: Units,
    bar: RawBar,
    close_before: int | None,
    side_before: Side,
    references: tuple[FourPrices, FourPrices] | None = None,
    extra: Sequence[Item] = (),
) -> Script:
    """Return the four prints of a bar. Without `references` mark and index are the last price itself."""
    unit, volume_unit = units.price_unit, units.volume_unit
    path, volumes = path_of(bar), units.split(bar.volume)
    marks, indexes = references or (path, path)
    last = [price * unit for price in path]
    mark_prices, index_prices = _priced(marks, path, last, units), _priced(indexes, path, last, units)
    sides = taker_sides(path, close_before, side_before)
    times = point_times(bar.open_ms, bar.close_ms)
    gap = close_before is not None and bar.open != close_before
    points = [
        PricePoint(
            symbol,
            times[i],
            last[i],
            mark_prices[i],
            index_prices[i],
            volumes[i] * volume_unit,
            sides[i],
            gap and i == 0,
        )
        for i in range(4)
    ]
    return Script(points, path, marks, indexes, volumes, list(extra))


def _by_time(item: Item) -> int:
    return item[0]


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
