"""What the market says, in simulated time: the frozen types of its stream of events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from whalebot.domain.enums import Side
from whalebot.domain.market import Candle


@dataclass(frozen=True, slots=True)
class PricePoint:
    """One print: the last price moved here and `qty` was traded by takers of `taker_side`.

    `is_gap` marks an open that differs from the close before it: a jump, not a path. `qty` may be 0 (a bar
    with little volume): the price is valid, but there is no trade to show.
    """

    ts_ms: int
    symbol: str
    last_price: Decimal
    mark_price: Decimal
    index_price: Decimal
    qty: Decimal
    taker_side: Side
    is_gap: bool


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
class FundingDue:
    """A funding instant: long positions pay `rate` × `mark_price` × qty, short ones receive it."""

    ts_ms: int
    symbol: str
    rate: Decimal
    mark_price: Decimal


@dataclass(frozen=True, slots=True)
class Liquidation:
    """Somebody else's position was liquidated. `side` is the position's: BUY = a long. `price`: bankruptcy."""

    ts_ms: int
    symbol: str
    side: Side
    price: Decimal
    qty: Decimal


Level: TypeAlias = tuple[Decimal, Decimal]


@dataclass(frozen=True, slots=True)
class BookFrame:
    """A recorded L2 frame of (price, qty) levels; in a delta a qty of 0 deletes the level."""

    ts_ms: int
    symbol: str
    is_snapshot: bool
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


MarketEvent: TypeAlias = PricePoint | Kline | FundingDue | Liquidation | BookFrame


@dataclass(frozen=True, slots=True)
class Batch:
    """Events in order. `at_barrier`: bars closed at `now_ms`, their successors' opens are not out yet."""

    events: tuple[MarketEvent, ...]
    now_ms: int
    at_barrier: bool
