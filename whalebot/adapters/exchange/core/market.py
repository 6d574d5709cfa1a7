"""The state of one symbol: its rules, newest prices, depth, open orders, and the band of quiet prices."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Final

from whalebot.adapters.exchange.core.depth import Depth
from whalebot.adapters.exchange.core.exact import INFINITY, ZERO
from whalebot.adapters.exchange.core.inputs import BookChanged, PricePoint, SymbolRules
from whalebot.adapters.exchange.core.orders import Order
from whalebot.domain.enums import Side, TriggerBy
from whalebot.domain.instrument import Instrument

NOT_SAVED: Final = {"saved": False}
"""Marks a field that is left out of a saved state, because it can be rebuilt."""


class Source(Enum):
    """The three price paths of a symbol."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"


@dataclass(slots=True)
class Band:
    """Open interval of prices on which nothing can happen. A price of 0 or less lies in no band."""

    low: Decimal = ZERO
    high: Decimal = INFINITY

    def stop_below(self, price: Decimal) -> None:
        """Something happens at `price` or below."""
        if price > self.low:
            self.low = price

    def stop_above(self, price: Decimal) -> None:
        """Something happens at `price` or above."""
        if price < self.high:
            self.high = price

    def copy(self) -> Band:
        """Return the interval as it is now."""
        return Band(self.low, self.high)

    def clear(self) -> None:
        """Everything is quiet again."""
        self.low, self.high = ZERO, INFINITY


@dataclass(slots=True)
class Market:
    """One symbol. `orders` are the open orders of all accounts, by id, oldest first.

    The bands are a cache: `is_stale` says that an order, a position or a balance behind them changed.
    `margin` is the part of the mark band that keeps accounts from liquidation; `resting` lies between the
    resting orders, best buy to best sell.
    """

    instrument: Instrument
    rules: SymbolRules
    last: Decimal | None = None
    fed_mark: Decimal | None = None
    index: Decimal | None = None
    ts_ms: int = 0
    depth: Depth = field(default_factory=Depth)
    is_book_newer: bool = False
    orders: dict[str, Order] = field(default_factory=dict, metadata=NOT_SAVED)
    is_stale: bool = field(default=True, metadata=NOT_SAVED)
    last_band: Band = field(default_factory=Band, metadata=NOT_SAVED)
    mark_band: Band = field(default_factory=Band, metadata=NOT_SAVED)
    index_band: Band = field(default_factory=Band, metadata=NOT_SAVED)
    margin: Band = field(default_factory=Band, metadata=NOT_SAVED)
    resting: Band = field(default_factory=Band, metadata=NOT_SAVED)

    @property
    def symbol(self) -> str:
        """The venue's name of the contract."""
        return self.instrument.symbol

    @property
    def mark(self) -> Decimal | None:
        """The mark price; the last price where no mark is fed."""
        return self.last if self.fed_mark is None else self.fed_mark

    def price_of(self, source: Source) -> Decimal | None:
        """Return the newest price of a path, as it was fed."""
        if source is Source.LAST:
            return self.last
        return self.fed_mark if source is Source.MARK else self.index

    def set_price(self, source: Source, price: Decimal) -> None:
        """Move one path to a price."""
        if source is Source.LAST:
            self.last = price
            self.is_book_newer = False
        elif source is Source.MARK:
            self.fed_mark = price
        else:
            self.index = price

    def moves_quietly(self, point: PricePoint) -> bool:
        """Take the prices of a point if nothing can come of it; False leaves everything as it was."""
        if self.is_stale:
            return False
        last, mark, index = point.last_price, point.mark_price, point.index_price
        if last is not None and not self.last_band.low < last < self.last_band.high:
            return False
        if mark is not None and (
            self.fed_mark is None or not self.mark_band.low < mark < self.mark_band.high
        ):
            return False
        if index is not None:
            if self.index is None or not self.index_band.low < index < self.index_band.high:
                return False
            self.index = index
        if mark is not None:
            self.fed_mark = mark
        if last is not None:
            self.last = last
            self.is_book_newer = False
        self.ts_ms = point.ts_ms
        return True

    def changes_quietly(self, change: BookChanged) -> bool:
        """Take a change of the book if no resting order sees it; False leaves everything as it was."""
        if self.orders and (self.is_stale or not self._is_between(change)):
            return False
        self.change_book(change)
        return True

    def change_book(self, change: BookChanged) -> None:
        """Take a snapshot or a delta."""
        self.depth.change(change.bids, change.asks, change.is_snapshot)
        self.is_book_newer = True
        self.ts_ms = change.ts_ms

    def _is_between(self, change: BookChanged) -> bool:
        low, high = self.resting.low, self.resting.high
        if change.is_snapshot:
            # a level that a snapshot leaves out is gone, which the queue of a resting order has to see
            return low == ZERO and high == INFINITY
        return all(low < price < high for levels in (change.bids, change.asks) for price, _ in levels)

    def source_of(self, trigger_by: TriggerBy | None) -> Source:
        """Return the path that fires a trigger; a path that is not fed is the last price's."""
        if trigger_by is TriggerBy.MARK_PRICE and self.fed_mark is not None:
            return Source.MARK
        if trigger_by is TriggerBy.INDEX_PRICE and self.index is not None:
            return Source.INDEX
        return Source.LAST

    def base_price(self, trigger_by: TriggerBy | None) -> Decimal | None:
        """Return the price against which a trigger is validated."""
        return self.price_of(self.source_of(trigger_by))

    @property
    def margin_source(self) -> Source:
        """The path on which margin is reckoned."""
        return Source.LAST if self.fed_mark is None else Source.MARK

    def protective_price(self, side: Side, from_price: Decimal) -> Decimal:
        """Return the limit that a market order carries, rounded outwards: one tick at least."""
        reach = from_price * (1 + self.rules.market_price_ratio * side.sign)
        grid = self.instrument
        return grid.ceil_price(reach) if side is Side.BUY else max(grid.floor_price(reach), grid.tick_size)
