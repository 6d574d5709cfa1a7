"""What the core answers: typed events, in the order in which they happened, and the answer to a command."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.exchange.core.commands import Command
from whalebot.adapters.exchange.core.records import (
    ExecutionRecord,
    OrderRecord,
    PositionRecord,
    WalletRecord,
)
from whalebot.domain.enums import Side


@dataclass(frozen=True, slots=True)
class OrderUpdated:
    """An order was born, changed or ended. A moving trailing stop alone is not reported."""

    account: str
    order: OrderRecord


@dataclass(frozen=True, slots=True)
class Executed:
    """A fill, or the execution row of a funding settlement."""

    account: str
    execution: ExecutionRecord


@dataclass(frozen=True, slots=True)
class PositionUpdated:
    """A position after a command or a market input that touched it or one of its orders."""

    account: str
    position: PositionRecord


@dataclass(frozen=True, slots=True)
class WalletUpdated:
    """The wallet after a command or a market input that touched the account."""

    account: str
    wallet: WalletRecord


@dataclass(frozen=True, slots=True)
class FundingSettled:
    """Funding paid (`amount` > 0) or received (< 0) by one position; an `Executed` row stands beside it."""

    account: str
    symbol: str
    position_idx: int
    rate: Decimal
    mark_price: Decimal
    qty: Decimal
    amount: Decimal
    exec_id: str
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Liquidated:
    """A position was taken over. `side` is that of the position, `price` its bankruptcy price."""

    account: str
    symbol: str
    position_idx: int
    side: Side
    qty: Decimal
    price: Decimal
    ts_ms: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The core refused a command; nothing else happened."""

    account: str
    command: Command
    ret_code: int
    ret_msg: str
    ts_ms: int


Event = OrderUpdated | Executed | PositionUpdated | WalletUpdated | FundingSettled | Liquidated | Rejected


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one command. `ret_code` 0 accepts it; otherwise `events` holds the `Rejected`.

    `cancelled` lists (order id, link id) of a CancelAll. `is_pending`: the latency model holds the command
    back; what comes of it, refusals too, is among the events of a later call.
    """

    ret_code: int
    ret_msg: str
    order_id: str = ""
    order_link_id: str = ""
    cancelled: tuple[tuple[str, str], ...] = ()
    events: tuple[Event, ...] = ()
    is_pending: bool = False
