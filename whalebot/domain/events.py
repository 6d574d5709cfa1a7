"""Everything the engine can be told. Past tense, frozen, complete: an event not listed here does not exist.

Every event carries `recv_ms`: local real time (ms UTC) at which the process learned of it. Market and
account facts carry the venue's market time besides (`ts_ms` or inside their payload). Where the market
runs at the speed of real time both are one clock; on an accelerated exchange they are two.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from whalebot.domain.answers import (
    BookingsFetched,
    ClosingsFetched,
    ExecutionsFetched,
    HistoryFetched,
    InstrumentsFetched,
    LeverageAnswered,
    LookUpVerdict,
    OrderAccepted,
    OrderLookedUp,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
    SnapshotFetched,
    StopAmended,
    StorageFailed,
    StorageRecovered,
    TradeRecorded,
)
from whalebot.domain.enums import ClosedBy, Stream
from whalebot.domain.market import Candle
from whalebot.domain.orders import (
    Execution,
    FundingPayment,
    OrderReport,
    PositionReport,
    WalletReport,
)

Level2: TypeAlias = list[tuple[float, float]]
"""Price levels (price, size); size 0 deletes a level in a delta."""


# --- market -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CandleClosed:
    """A bar is complete and will not change."""

    candle: Candle
    recv_ms: int


@dataclass(frozen=True, slots=True)
class CandleForming:
    """The bar in progress; for display, never for decisions unless the owner asked for it."""

    candle: Candle
    recv_ms: int


@dataclass(frozen=True, slots=True)
class TickerChanged:
    """New values of a symbol's ticker; None means unchanged. Bid or ask zero: that side has no orders."""

    symbol: str
    last_price: Decimal | None
    mark_price: Decimal | None
    index_price: Decimal | None
    bid_price: Decimal | None
    ask_price: Decimal | None
    funding_rate: Decimal | None
    next_funding_ms: int | None
    ts_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class BookSnapshot:
    """A whole order book; replaces what was known. `u` 1 means that the venue's service restarted."""

    symbol: str
    bids: Level2
    asks: Level2
    u: int
    seq: int
    ts_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class BookDelta:
    """Changes to an order book; `u` must be the last one plus 1."""

    symbol: str
    bids: Level2
    asks: Level2
    u: int
    seq: int
    ts_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class BookLost:
    """The book of a symbol has a hole (overflow, resubscription); it is stale until the next snapshot."""

    symbol: str
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class TradesPrinted:
    """Public trades of one frame (or several, conflated), in base units by taker side."""

    symbol: str
    high: Decimal
    low: Decimal
    last: Decimal
    buy_qty: float
    sell_qty: float
    count: int
    ts_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class Liquidated:
    """Someone was liquidated. `long` tells the side of the position that was closed."""

    symbol: str
    long: bool
    qty: Decimal
    price: Decimal
    ts_ms: int
    recv_ms: int


# --- account ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderUpdated:
    """The venue reports the state of an order."""

    order: OrderReport
    recv_ms: int


@dataclass(frozen=True, slots=True)
class Filled:
    """The venue reports a fill. May come twice, by stream and by query; `exec_id` tells."""

    execution: Execution
    recv_ms: int


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """The venue settled funding on our position."""

    payment: FundingPayment
    recv_ms: int


@dataclass(frozen=True, slots=True)
class PositionReported:
    """The venue reports a position, changed or not."""

    position: PositionReport
    recv_ms: int


@dataclass(frozen=True, slots=True)
class WalletReported:
    """The venue reports balances."""

    wallet: WalletReport
    recv_ms: int


# --- connectivity -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StreamUp:
    """A stream is connected, authenticated if private, and every subscription acknowledged."""

    stream: Stream
    recv_ms: int


@dataclass(frozen=True, slots=True)
class StreamDown:
    """A stream is lost; it will come back with StreamUp."""

    stream: Stream
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """Venue clock minus ours, measured with half the round trip."""

    offset_ms: int
    round_trip_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class VenueBlocked:
    """The venue refuses our address (HTTP 403): nothing is sent before `until_ms` (local time, ms UTC)."""

    until_ms: int
    reason: str
    recv_ms: int


# --- time and people --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TimerDue:
    """Nothing came until now."""

    recv_ms: int


class Order(Enum):
    """What the owner can tell a running daemon."""

    PAUSE = "pause"
    RESUME = "resume"
    FLATTEN = "flatten"
    PANIC = "panic"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class AccountDue:
    """Market time came to `ts_ms` with every price known: the account is to be looked at."""

    ts_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class MarketBroken:
    """Recorded prices of a symbol have a gap here, or end: what is open leaves at the next price.

    Whatever was decided before, it is closed as `closes_as`, and nothing is entered.
    """

    symbol: str
    closes_as: ClosedBy
    ts_ms: int
    recv_ms: int


@dataclass(frozen=True, slots=True)
class Command:
    """The owner speaks. `source` names the channel (terminal, signal, web...)."""

    order: Order
    source: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class Reconfigured:
    """The owner changed thresholds, weights or limits. `settings` is the engine's own kind of settings."""

    settings: object
    changes: tuple[str, ...]
    recv_ms: int


Event: TypeAlias = (
    CandleClosed
    | CandleForming
    | TickerChanged
    | BookSnapshot
    | BookDelta
    | BookLost
    | TradesPrinted
    | Liquidated
    | OrderUpdated
    | Filled
    | FundingPaid
    | PositionReported
    | WalletReported
    | StreamUp
    | StreamDown
    | ClockSkew
    | VenueBlocked
    | OrderAccepted
    | OrderRefused
    | OutcomeUnknown
    | OrderLookedUp
    | StopAmended
    | LeverageAnswered
    | SnapshotFetched
    | ExecutionsFetched
    | ClosingsFetched
    | BookingsFetched
    | HistoryFetched
    | InstrumentsFetched
    | TradeRecorded
    | StorageFailed
    | StorageRecovered
    | TimerDue
    | AccountDue
    | MarketBroken
    | Command
    | Reconfigured
)

__all__ = [
    "AccountDue",
    "BookDelta",
    "BookLost",
    "BookSnapshot",
    "BookingsFetched",
    "CandleClosed",
    "CandleForming",
    "ClockSkew",
    "ClosingsFetched",
    "Command",
    "Event",
    "ExecutionsFetched",
    "Filled",
    "FundingPaid",
    "HistoryFetched",
    "InstrumentsFetched",
    "Level2",
    "LeverageAnswered",
    "Liquidated",
    "LookUpVerdict",
    "MarketBroken",
    "Order",
    "OrderAccepted",
    "OrderLookedUp",
    "OrderRefused",
    "OrderUpdated",
    "OutcomeUnknown",
    "PositionReported",
    "Reconfigured",
    "Refusal",
    "SnapshotFetched",
    "StopAmended",
    "StorageFailed",
    "StorageRecovered",
    "StreamDown",
    "StreamUp",
    "TickerChanged",
    "TimerDue",
    "TradeRecorded",
    "TradesPrinted",
    "VenueBlocked",
    "WalletReported",
]
