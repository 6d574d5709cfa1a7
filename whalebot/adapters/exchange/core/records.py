"""What the core says about orders, executions, positions, wallets and the ledger: frozen copies.

Words such as `cancel_type`, `create_type`, `stop_order_type` are the venue's own; "" where it has none. A
None price means "none"; whether that is written "", "0" or "UNKNOWN" is the wire's affair.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.domain.enums import ExecType, OrderStatus, OrderType, Side, TimeInForce, TriggerBy
from whalebot.domain.instrument import Instrument


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order. `price` of a market order is its protective limit (0 while it waits for a trigger).

    `seq` is that of its last fill or, before one, of its creation. `closed_pnl` is its closed-PnL row's.
    """

    account: str
    symbol: str
    order_id: str
    order_link_id: str
    side: Side
    position_idx: int
    order_type: OrderType
    time_in_force: TimeInForce
    price: Decimal
    qty: Decimal
    status: OrderStatus
    cancel_type: str
    reject_reason: str
    avg_price: Decimal | None
    leaves_qty: Decimal
    leaves_value: Decimal
    cum_exec_qty: Decimal
    cum_exec_value: Decimal
    cum_exec_fee: Decimal
    closed_pnl: Decimal
    reduce_only: bool
    close_on_trigger: bool
    create_type: str
    stop_order_type: str
    trigger_price: Decimal | None
    trigger_by: TriggerBy | None
    trigger_direction: int
    tpsl_mode: str
    stop_loss: Decimal | None
    take_profit: Decimal | None
    sl_trigger_by: TriggerBy | None
    tp_trigger_by: TriggerBy | None
    sl_order_type: OrderType
    tp_order_type: OrderType
    sl_limit_price: Decimal | None
    tp_limit_price: Decimal | None
    slippage_tolerance_type: str
    slippage_tolerance: Decimal
    last_price_on_created: Decimal | None
    created_ms: int
    updated_ms: int
    seq: int


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One fill, or one funding settlement (`exec_type` FUNDING: `qty` is the whole position, `fee` > 0 paid).

    `order_type` None stands for the venue's "UNKNOWN" (funding). `exec_pnl` is gross of fees.
    """

    account: str
    symbol: str
    exec_id: str
    exec_type: ExecType
    order_id: str
    order_link_id: str
    side: Side
    price: Decimal
    qty: Decimal
    value: Decimal
    fee: Decimal
    fee_rate: Decimal
    is_maker: bool
    closed_size: Decimal
    exec_pnl: Decimal
    order_price: Decimal
    order_qty: Decimal
    leaves_qty: Decimal
    order_type: OrderType | None
    stop_order_type: str
    create_type: str
    mark_price: Decimal
    index_price: Decimal | None
    position_idx: int
    ts_ms: int
    seq: int


@dataclass(frozen=True, slots=True)
class PositionRecord:
    """One position, flat ones included (`side` None, `qty` 0, `avg_price` None).

    `position_value` is the exact cost of what is held. `cur_realised_pnl` belongs to the position held now,
    `cum_realised_pnl` to all time; both are net of fees and funding. `seq` is -1 before the first fill.
    """

    account: str
    symbol: str
    position_idx: int
    side: Side | None
    qty: Decimal
    avg_price: Decimal | None
    position_value: Decimal
    mark_price: Decimal | None
    leverage: Decimal
    position_im: Decimal
    position_mm: Decimal
    is_isolated: bool
    liq_price: Decimal | None
    break_even_price: Decimal | None
    unrealised_pnl: Decimal
    cur_realised_pnl: Decimal
    cum_realised_pnl: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    trailing_stop: Decimal | None
    active_price: Decimal | None
    risk_id: int
    risk_limit_value: Decimal
    created_ms: int
    opened_ms: int
    updated_ms: int
    seq: int


@dataclass(frozen=True, slots=True)
class WalletRecord:
    """USDT of one account. `equity` = wallet + unrealised; rates are fractions of equity, 4 decimals."""

    account: str
    ts_ms: int
    wallet_balance: Decimal
    equity: Decimal
    available_balance: Decimal
    unrealised_pnl: Decimal
    cum_realised_pnl: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    position_im: Decimal
    position_mm: Decimal
    order_im: Decimal
    im_rate: Decimal
    mm_rate: Decimal
    is_isolated: bool


@dataclass(frozen=True, slots=True)
class ClosedPnlRecord:
    """What one closing order earned. `side` is the closing side; `closed_pnl` is net of both fees, without
    funding."""

    account: str
    symbol: str
    order_id: str
    side: Side
    order_type: OrderType
    exec_type: ExecType
    order_price: Decimal
    qty: Decimal
    closed_size: Decimal
    entry_value: Decimal
    exit_value: Decimal
    avg_entry_price: Decimal
    avg_exit_price: Decimal
    open_fee: Decimal
    close_fee: Decimal
    closed_pnl: Decimal
    fill_count: int
    leverage: Decimal
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """One change of the cash balance: `change` = `cash_flow` + `funding` − `fee`.

    `kind` is TRADE, SETTLEMENT (funding), LIQUIDATION, TRANSFER_IN or TRANSFER_OUT. `funding` > 0 is
    received. `size` is the signed position after it.
    """

    account: str
    transaction_id: str
    symbol: str
    kind: str
    side: Side | None
    qty: Decimal
    size: Decimal
    price: Decimal
    cash_flow: Decimal
    funding: Decimal | None
    fee: Decimal
    fee_rate: Decimal
    change: Decimal
    cash_balance: Decimal
    order_id: str
    order_link_id: str
    trade_id: str
    ts_ms: int


@dataclass(frozen=True, slots=True)
class MarketRecord:
    """Newest prices of a symbol as the core sees them. `mark_price` falls back to the last price."""

    instrument: Instrument
    last_price: Decimal | None
    mark_price: Decimal | None
    index_price: Decimal | None
    bid_price: Decimal | None
    ask_price: Decimal | None
    ts_ms: int
