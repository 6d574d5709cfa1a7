"""What came of the engine's effects: the events that answer a request."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from whalebot.domain.books import Booking, Closing
from whalebot.domain.instrument import Instrument
from whalebot.domain.known import Answer
from whalebot.domain.market import Candle
from whalebot.domain.orders import AccountSnapshot, Execution, FundingPayment, OrderReport
from whalebot.domain.trade import ClosedTrade


class Refusal(Enum):
    """Why a request definitely had no effect."""

    REJECTED = "rejected"
    PRECISION = "precision"
    POSITION_MODE = "position_mode"
    INSUFFICIENT = "insufficient"
    RATE_LIMITED = "rate_limited"
    RETRY_LATER = "retry_later"
    MAINTENANCE = "maintenance"
    NOT_SENT = "not_sent"
    AUTH = "auth"


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The venue acknowledged an order (an acknowledgement, not a fill)."""

    order_link_id: str
    order_id: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class OrderRefused:
    """The order does not exist at the venue. `ret_code` is 0 where the request never left."""

    order_link_id: str
    refusal: Refusal
    ret_code: int
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The request may or may not have arrived: the order stays in flight until the venue says."""

    order_link_id: str
    reason: str
    recv_ms: int


class LookUpVerdict(Enum):
    """What the three queries by order link id said together."""

    FOUND = "found"
    ABSENT = "absent"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class OrderLookedUp:
    """Answer to LookUpOrder. `order` is set when FOUND; its executions follow as Filled events before it.

    ABSENT means that open orders, history and executions all answered and none has it.
    """

    order_link_id: str
    verdict: LookUpVerdict
    order: OrderReport | None
    asked_ms: int
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class StopAmended:
    """Answer to AmendStop. Done (also "not modified"), refused with a reason, or unknown."""

    symbol: str
    request_no: int
    done: bool
    refused: bool
    ret_code: int
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class LeverageAnswered:
    """Answer to SetLeverage; "not modified" is success."""

    symbol: str
    leverage: Decimal
    done: bool
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class SnapshotFetched:
    """Answer to FetchSnapshot."""

    request_no: int
    snapshot: Answer[AccountSnapshot]
    recv_ms: int


@dataclass(frozen=True, slots=True)
class ExecutionsFetched:
    """Answer to FetchExecutions: oldest first, complete from `since_ms` on, or unknown."""

    symbol: str
    since_ms: int
    executions: Answer[tuple[Execution | FundingPayment, ...]]
    recv_ms: int


@dataclass(frozen=True, slots=True)
class ClosingsFetched:
    """Answer to FetchClosings: oldest first, complete from `since_ms` on, or unknown."""

    symbol: str
    since_ms: int
    closings: Answer[tuple[Closing, ...]]
    recv_ms: int


@dataclass(frozen=True, slots=True)
class BookingsFetched:
    """Answer to FetchBookings: oldest first, complete, or unknown."""

    request_no: int
    bookings: Answer[tuple[Booking, ...]]
    recv_ms: int


@dataclass(frozen=True, slots=True)
class HistoryFetched:
    """Answer to FetchHistory: closed bars only, oldest first, or unknown.

    `start_ms` and `end_ms` are those of the question, so that answers of two questions cannot be mixed up.
    """

    symbol: str
    interval: str
    candles: Answer[tuple[Candle, ...]]
    recv_ms: int
    start_ms: int | None
    end_ms: int | None


@dataclass(frozen=True, slots=True)
class InstrumentsFetched:
    """Answer to FetchInstruments."""

    instruments: Answer[tuple[Instrument, ...]]
    recv_ms: int


@dataclass(frozen=True, slots=True)
class TradeRecorded:
    """A closed trade is safely on disk. `trade`: as it was written, None where it stood there already."""

    trade_id: str
    recv_ms: int
    trade: ClosedTrade | None = None


@dataclass(frozen=True, slots=True)
class StorageFailed:
    """A write to disk failed; what it held is still with the engine and will be written again."""

    what: str
    reason: str
    recv_ms: int


@dataclass(frozen=True, slots=True)
class StorageRecovered:
    """Writing works again."""

    recv_ms: int
