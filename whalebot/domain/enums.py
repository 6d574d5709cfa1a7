"""Closed vocabularies. Values are the venue's spelling where the venue has one."""

from __future__ import annotations

from enum import Enum


class Side(Enum):
    """Direction of an order or a fill; also the side of a position as the venue writes it."""

    BUY = "Buy"
    SELL = "Sell"

    @property
    def sign(self) -> int:
        """+1 for BUY, -1 for SELL."""
        return 1 if self is Side.BUY else -1

    @property
    def opposite(self) -> Side:
        """The other side."""
        return Side.SELL if self is Side.BUY else Side.BUY


class OrderType(Enum):
    """Market (an IOC with a price limit at the venue) or limit."""

    MARKET = "Market"
    LIMIT = "Limit"


class TimeInForce(Enum):
    """How long an order may rest."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    POST_ONLY = "PostOnly"


class TriggerBy(Enum):
    """Which price fires a conditional order or a stop."""

    LAST_PRICE = "LastPrice"
    MARK_PRICE = "MarkPrice"
    INDEX_PRICE = "IndexPrice"


class OrderStatus(Enum):
    """Life of an order as the venue reports it."""

    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    PARTIALLY_FILLED_CANCELLED = "PartiallyFilledCanceled"
    REJECTED = "Rejected"
    UNTRIGGERED = "Untriggered"
    TRIGGERED = "Triggered"
    DEACTIVATED = "Deactivated"

    @property
    def is_final(self) -> bool:
        """True when nothing more can happen to the order."""
        return self in _FINAL


_FINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.PARTIALLY_FILLED_CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.DEACTIVATED,
    }
)


class ExecType(Enum):
    """Kind of an execution row. Only Trade, AdlTrade, BustTrade and Settle move a position."""

    TRADE = "Trade"
    ADL_TRADE = "AdlTrade"
    BUST_TRADE = "BustTrade"
    SETTLE = "Settle"
    DELIVERY = "Delivery"
    FUNDING = "Funding"
    OTHER = "Other"

    @property
    def moves_position(self) -> bool:
        """True when the execution changes the size of a position."""
        return self in _MOVES_POSITION


_MOVES_POSITION = frozenset(
    {ExecType.TRADE, ExecType.ADL_TRADE, ExecType.BUST_TRADE, ExecType.SETTLE, ExecType.DELIVERY}
)


class Signal(Enum):
    """State of the Schmitt trigger over the score."""

    BUY = "BUY"
    SELL = "SELL"
    HOLD = "HOLD"


class Trend(Enum):
    """Direction of a higher timeframe by one indicator."""

    UP = "UP"
    DOWN = "DOWN"
    SIDEWAYS = "SIDEWAYS"
    UNKNOWN = "UNKNOWN"


class ClosedBy(Enum):
    """Why a position ended."""

    STOP_LOSS = "stop_loss"
    TAKE_PROFIT = "take_profit"
    TRAILING_STOP = "trailing_stop"
    OPPOSITE_SIGNAL = "opposite_signal"
    REVERSAL = "reversal"
    TIME_STOP = "time_stop"
    KILL = "kill"
    MANUAL = "manual"
    FOREIGN = "foreign"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    SHUTDOWN = "shutdown"
    END_OF_DATA = "end_of_data"
    DATA_GAP = "data_gap"


class Stream(Enum):
    """The two websocket connections of the daemon."""

    PUBLIC = "public"
    PRIVATE = "private"


class Level(Enum):
    """Urgency of a notice or an alert."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
