"""A feed as it is played: on its own ticks, or brought onto others that were set from outside."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Columns, Ints
from whalebot.adapters.exchange.market.events import Liquidation, PricePoint
from whalebot.adapters.exchange.market.feed import Feed
from whalebot.adapters.exchange.market.ladder import RawBar
from whalebot.adapters.exchange.market.prints import Item, Script
from whalebot.adapters.exchange.market.units import tick_units, to_units
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.enums import Side


class Grid:
    """What a feed gives, on the tick it is to have, in units of price.

    `changes` holds (open of the first bar, tick), oldest first. Without changes nothing is touched.

    Prices are rounded to the nearest tick, halves up, and never to zero. Rounding keeps the order of prices,
    so that a rounded bar is the bar of its rounded prints.
    """

    def __init__(self, feed: Feed, index: int) -> None:
        """`index` is the bar that is played first."""
        bar = feed.bar(index)
        open_ms = feed.first_ms if bar is None else bar.open_ms
        self.tick = tick_units(feed.instrument_at(open_ms).tick_size, feed.units)
        self._feed: Final = feed
        self._units: Final = feed.units
        self.changes: list[tuple[int, int]] = []

    def change(self, open_ms: int, tick: int) -> None:
        """Put every bar that opens at or after `open_ms` onto another tick."""
        self.changes.append((open_ms, tick))
        self.tick = tick

    def bar_at(self, index: int) -> RawBar | None:
        """Return a bar of the feed, None beyond its end."""
        bar = self._feed.bar(index)
        return bar if bar is None or not self.changes else self.bar(bar)

    def script_at(self, index: int, bar: RawBar, close_before: int | None, side_before: Side) -> Script:
        """Return what happens inside a bar, see `Feed`."""
        return self.script(self._feed.script(index, bar, close_before, side_before), bar.open_ms)

    def columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        """Return bars in [start_ms, end_ms), see `Feed`."""
        return self._on_ticks(self._feed.columns(kind, interval, start_ms, end_ms))

    def bar(self, bar: RawBar) -> RawBar:
        """Return a bar on the tick of its time."""
        tick = self._tick_at(bar.open_ms)
        if not tick:
            return bar
        return bar._replace(
            open=_rounded(bar.open, tick),
            high=_rounded(bar.high, tick),
            low=_rounded(bar.low, tick),
            close=_rounded(bar.close, tick),
        )

    def script(self, script: Script, open_ms: int) -> Script:
        """Return what happens inside the bar that opens at `open_ms` on the tick of that time."""
        tick = self._tick_at(open_ms)
        if not tick:
            return script
        prices, marks, indexes = (
            tuple(_rounded(price, tick) for price in row)
            for row in (script.prices, script.marks, script.indexes)
        )
        unit = self._units.price_unit
        points: list[PricePoint] = []
        for point, last, mark, index in zip(script.points, prices, marks, indexes, strict=True):
            points.append(
                replace(point, last_price=last * unit, mark_price=mark * unit, index_price=index * unit)
            )
        extra = [self._item(item, tick) for item in script.extra]
        return Script(points, prices, marks, indexes, script.volumes, extra)

    def _on_ticks(self, columns: Columns) -> Columns:
        for number, (open_ms, tick) in enumerate(self.changes):
            following = self.changes[number + 1 :]
            chosen = columns.open_ms >= open_ms
            if following:
                chosen &= columns.open_ms < following[0][0]
            if chosen.any():
                columns = _on_tick(columns, chosen, tick)
        return columns

    def price(self, price: int) -> int:
        """Return a price on the newest tick."""
        return _rounded(price, self.changes[-1][1]) if self.changes else price

    def _tick_at(self, open_ms: int) -> int:
        return next((tick for start_ms, tick in reversed(self.changes) if start_ms <= open_ms), 0)

    def _item(self, item: Item, tick: int) -> Item:
        ts_ms, rank, event = item
        if isinstance(event, Liquidation):
            price = _rounded(to_units(event.price, self._units.price_decimals), tick)
            event = replace(event, price=price * self._units.price_unit)
        return ts_ms, rank, event


def _rounded(price: int, tick: int) -> int:
    return max((2 * price + tick) // (2 * tick), 1) * tick


def _on_tick(columns: Columns, chosen: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], tick: int) -> Columns:
    def put(prices: Ints) -> Ints:
        return np.where(chosen, np.maximum((2 * prices + tick) // (2 * tick), 1) * tick, prices)

    return replace(
        columns,
        open=put(columns.open),
        high=put(columns.high),
        low=put(columns.low),
        close=put(columns.close),
    )
