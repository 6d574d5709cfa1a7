"""Orders, executions, positions and balances: what we ask for and what the venue reports."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from whalebot.domain.enums import (
    ClosedBy,
    ExecType,
    OrderStatus,
    OrderType,
    Side,
    TimeInForce,
    TriggerBy,
)


class Purpose(Enum):
    """What an order of ours is for."""

    ENTRY = "entry"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class OrderIntent:
    """One order we mean to place, exactly once. Written to disk before it leaves.

    `stop_loss` and `take_profit` ride in the same request as the entry. `closes_as` tells why an exit was
    sent, or why an entry must be left again as soon as its fills are known. `created_ms` is market time that
    the venue had reached by then, `sent_ms` local time, both ms UTC. `position_idx` 0 is one-way mode, 1 and
    2 are the long and short of hedge mode.
    """

    order_link_id: str
    symbol: str
    side: Side
    qty: Decimal
    purpose: Purpose
    created_ms: int
    sent_ms: int
    order_type: OrderType = OrderType.MARKET
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.IOC
    reduce_only: bool = False
    position_idx: int = 0
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    trigger_by: TriggerBy = TriggerBy.LAST_PRICE
    closes_as: ClosedBy | None = None


@dataclass(frozen=True, slots=True)
class OrderReport:
    """An order as the venue shows it. `order_link_id` is "" for orders we did not name.

    `stop_order_type` and `create_type` are the venue's words ("StopLoss", "CreateByUser"...), "" if absent.
    `updated_ms` is venue time.
    """

    symbol: str
    order_id: str
    order_link_id: str
    side: Side
    status: OrderStatus
    qty: Decimal
    cum_exec_qty: Decimal
    avg_price: Decimal | None
    reduce_only: bool
    stop_order_type: str
    create_type: str
    reject_reason: str
    trigger_price: Decimal | None
    position_idx: int
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Execution:
    """One fill. `fee` > 0 is paid, < 0 a rebate. `seq` orders executions of one symbol at the venue."""

    symbol: str
    exec_id: str
    exec_type: ExecType
    side: Side
    price: Decimal
    qty: Decimal
    fee: Decimal
    is_maker: bool
    order_id: str
    order_link_id: str
    stop_order_type: str
    create_type: str
    closed_qty: Decimal
    ts_ms: int
    seq: int


@dataclass(frozen=True, slots=True)
class FundingPayment:
    """One funding settlement. `amount` > 0 is paid by us, < 0 received."""

    symbol: str
    exec_id: str
    amount: Decimal
    qty: Decimal
    ts_ms: int


@dataclass(frozen=True, slots=True)
class PositionReport:
    """A position as the venue shows it. `side` None and `qty` 0 when flat; stops None when there is none.

    `adl_rank` is its place in the queue of automatic deleveraging, 0 to 5; 5 is reduced first.
    """

    symbol: str
    side: Side | None
    qty: Decimal
    avg_price: Decimal | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    trailing_stop: Decimal | None
    leverage: Decimal | None
    position_idx: int
    mark_price: Decimal | None
    liq_price: Decimal | None
    updated_ms: int
    seq: int
    adl_rank: int = 0


@dataclass(frozen=True, slots=True)
class WalletReport:
    """USDT side of the unified account. Equity includes unrealised PnL."""

    wallet_balance: Decimal
    equity: Decimal
    available_balance: Decimal
    updated_ms: int


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """Everything the venue says about us at one moment, for the configured symbols only."""

    positions: tuple[PositionReport, ...]
    orders: tuple[OrderReport, ...]
    wallet: WalletReport
