"""What the market says, in simulated time.

Price points, funding instants, changed rules and recorded depth are the matching core's own inputs, so
that they go into it as they are; closed bars and foreign liquidations are for whoever watches the market.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from whalebot.adapters.exchange.core.inputs import (
    BookChanged,
    FundingDue,
    InstrumentListed,
    Level,
    PricePoint,
)
from whalebot.domain.enums import Side
from whalebot.domain.market import Candle

__all__ = [
    "Batch",
    "BookChanged",
    "FundingDue",
    "InstrumentListed",
    "Kline",
    "Level",
    "Liquidation",
    "MarketEvent",
    "PricePoint",
]


@dataclass(frozen=True, slots=True)
class Kline:
    """One bar of any interval, forming or confirmed. `ts_ms` is its last change, `close_ms` if confirmed."""

    ts_ms: int
    symbol: str
    interval: str
    open_ms: int
    close_ms: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    turnover: Decimal
    confirmed: bool

    def candle(self) -> Candle:
        """Return the bar as the domain knows it."""
        return Candle(
            self.symbol, self.interval, self.open_ms, self.open, self.high, self.low, self.close, self.volume
        )


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Somebody else's position was liquidated.

    `side` is the position's (BUY: a long was liquidated), `price` its bankruptcy price.
    """

    ts_ms: int
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal


MarketEvent: TypeAlias = PricePoint | Kline | FundingDue | Liquidation | BookChanged | InstrumentListed


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order. `at_barrier`: bars closed at `now_ms`, their successors' opens are not out yet."""

    events: tuple[MarketEvent, ...]
    now_ms: int
    at_barrier: bool
