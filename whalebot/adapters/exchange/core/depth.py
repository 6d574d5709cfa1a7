"""The book of one symbol: levels of both sides in price order, changed by snapshots, deltas and takers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from operator import itemgetter

from whalebot.adapters.exchange.core.exact import ZERO
from whalebot.adapters.exchange.core.inputs import Level
from whalebot.domain.enums import Side

_price_of = itemgetter(0)


@dataclass(slots=True)
class Ladder:
    """One side of a book: prices in ascending order, and beside them their quantities."""

    prices: list[Decimal] = field(default_factory=list)
    sizes: list[Decimal] = field(default_factory=list)

    def replace(self, levels: Iterable[Level]) -> None:
        """Take a whole side afresh; levels without quantity are dropped."""
        kept = sorted((level for level in levels if level[1]), key=_price_of)
        self.prices = [price for price, _ in kept]
        self.sizes = [qty for _, qty in kept]

    def put(self, price: Decimal, qty: Decimal) -> None:
        """Set one level; quantity 0 or less deletes it."""
        place = bisect_left(self.prices, price)
        is_known = place < len(self.prices) and self.prices[place] == price
        if qty <= 0:
            if is_known:
                del self.prices[place], self.sizes[place]
        elif is_known:
            self.sizes[place] = qty
        else:
            self.prices.insert(place, price)
            self.sizes.insert(place, qty)

    def size_at(self, price: Decimal) -> Decimal:
        """Return the quantity at a price, 0 where there is none."""
        place = bisect_left(self.prices, price)
        is_known = place < len(self.prices) and self.prices[place] == price
        return self.sizes[place] if is_known else ZERO


@dataclass(slots=True)
class Depth:
    """Both sides of a book. What a taker took stays gone until the market names the level again.

    `anchor_bid` and `anchor_ask` are the best prices as the market last gave them, before any taker.
    """

    bids: Ladder = field(default_factory=Ladder)
    asks: Ladder = field(default_factory=Ladder)
    anchor_bid: Decimal | None = None
    anchor_ask: Decimal | None = None

    def change(self, bids: Iterable[Level], asks: Iterable[Level], is_snapshot: bool) -> None:
        """Apply a snapshot or a delta."""
        for ladder, levels in ((self.bids, bids), (self.asks, asks)):
            if is_snapshot:
                ladder.replace(levels)
            else:
                for price, qty in levels:
                    ladder.put(price, qty)
        self.anchor_bid, self.anchor_ask = self.best_bid(), self.best_ask()

    def best_bid(self) -> Decimal | None:
        """Return the highest bid."""
        return self.bids.prices[-1] if self.bids.prices else None

    def best_ask(self) -> Decimal | None:
        """Return the lowest ask."""
        return self.asks.prices[0] if self.asks.prices else None

    def offers(self, taker: Side) -> Iterator[Level]:
        """Yield the levels that a taker of this side meets, best first."""
        if taker is Side.BUY:
            return zip(self.asks.prices, self.asks.sizes, strict=True)
        return zip(reversed(self.bids.prices), reversed(self.bids.sizes), strict=True)

    def resting(self, side: Side, price: Decimal) -> Decimal | None:
        """Return the quantity shown at a price on a side; None beyond the depth that is known."""
        ladder = self.bids if side is Side.BUY else self.asks
        if not ladder.prices:
            return None
        is_beyond = price < ladder.prices[0] if side is Side.BUY else price > ladder.prices[-1]
        return None if is_beyond else ladder.size_at(price)

    def consume(self, taker: Side, price: Decimal, qty: Decimal) -> None:
        """Remove what a taker took from a level."""
        ladder = self.asks if taker is Side.BUY else self.bids
        ladder.put(price, ladder.size_at(price) - qty)
