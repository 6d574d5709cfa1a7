"""Everything the engine can ask for. Carried out by lanes; results come back as events."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from whalebot.domain.enums import Level, Stream, TriggerBy
from whalebot.domain.orders import OrderIntent
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import View


@dataclass(frozen=True, slots=True)
class Persist:
    """Write the state document; newer revisions make older ones needless."""

    document: StateDocument


@dataclass(frozen=True, slots=True)
class SubmitOrder:
    """Place one order. Leaves only after the Persist before it succeeded, unless it is reduce only."""

    intent: OrderIntent


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """Cancel one order of ours by its link id."""

    symbol: str
    order_link_id: str


@dataclass(frozen=True, slots=True)
class RecallEntries:
    """Send none of these entries that still waits to leave, by link id; each is answered as one not sent.

    Of those that have left nothing changes.
    """

    order_link_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AmendStop:
    """Set stop loss and target of a position (Full mode); None leaves the venue's value as it is.

    `trailing_distance` asks for the venue's own trailing stop besides, a distance in quote.
    """

    symbol: str
    request_no: int
    position_idx: int
    stop_loss: Decimal | None
    take_profit: Decimal | None
    trigger_by: TriggerBy
    trailing_distance: Decimal | None = None
    active_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class SetLeverage:
    """Set the venue's leverage of a symbol that has no position and no order."""

    symbol: str
    leverage: Decimal


@dataclass(frozen=True, slots=True)
class LookUpOrder:
    """Ask open orders, history and executions what became of an order."""

    symbol: str
    order_link_id: str


@dataclass(frozen=True, slots=True)
class FetchSnapshot:
    """Ask for positions, open orders and wallet."""

    request_no: int


@dataclass(frozen=True, slots=True)
class FetchExecutions:
    """Ask for all executions (fills and funding) of a symbol since a venue time."""

    symbol: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class FetchClosings:
    """Ask what closing orders of a symbol took away since a venue time."""

    symbol: str
    since_ms: int


@dataclass(frozen=True, slots=True)
class FetchBookings:
    """Ask for every change of the cash balance in [since_ms, until_ms), venue time; None means up to now."""

    request_no: int
    since_ms: int
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class FetchHistory:
    """Ask for closed bars whose open lies in [start_ms, end_ms); end None means up to now."""

    symbol: str
    interval: str
    start_ms: int | None
    end_ms: int | None
    limit: int


@dataclass(frozen=True, slots=True)
class FetchInstruments:
    """Ask for the order rules of all configured symbols."""


@dataclass(frozen=True, slots=True)
class Resubscribe:
    """Ask a stream to drop and subscribe one symbol's book again."""

    stream: Stream
    symbol: str


@dataclass(frozen=True, slots=True)
class RecordTrade:
    """Append a closed trade to the history; answered by TradeRecorded."""

    trade: ClosedTrade


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a log line. `kind` is a stable word for machines; `fields` are its facts."""

    level: Level
    kind: str
    text: str
    symbol: str = ""
    ts_ms: int = 0
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person should be told."""

    level: Level
    kind: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class PublishView:
    """A new frozen picture for everyone who looks."""

    view: View


@dataclass(frozen=True, slots=True)
class Stopped:
    """The engine has nothing left to do after a STOP."""

    reason: str


Effect: TypeAlias = (
    Persist
    | SubmitOrder
    | CancelOrder
    | RecallEntries
    | AmendStop
    | SetLeverage
    | LookUpOrder
    | FetchSnapshot
    | FetchExecutions
    | FetchClosings
    | FetchBookings
    | FetchHistory
    | FetchInstruments
    | Resubscribe
    | RecordTrade
    | Notice
    | Alert
    | PublishView
    | Stopped
)
