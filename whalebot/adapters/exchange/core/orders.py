"""An order while it lives in the core, and the frozen copy that leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.exchange.core.exact import ZERO, average
from whalebot.adapters.exchange.core.records import OrderRecord
from whalebot.domain.enums import OrderStatus, OrderType, Side, TimeInForce, TriggerBy

STOP_LOSS = "StopLoss"
TAKE_PROFIT = "TakeProfit"
TRAILING_STOP = "TrailingStop"
CONDITIONAL = "Stop"
PARTIAL_STOP_LOSS = "PartialStopLoss"
PARTIAL_TAKE_PROFIT = "PartialTakeProfit"

RISING = 1
FALLING = 2

_STOPS = frozenset({STOP_LOSS, TRAILING_STOP, PARTIAL_STOP_LOSS})
_TARGETS = frozenset({TAKE_PROFIT, PARTIAL_TAKE_PROFIT})


@dataclass(slots=True)
class Trail:
    """The moving part of a trailing stop. `best_price` None: not armed before `active_price` is reached."""

    distance: Decimal
    active_price: Decimal | None = None
    best_price: Decimal | None = None


@dataclass(slots=True)
class Order:
    """One order and its progress.

    `rank` is its place in time. `queue_ahead` is what rests before it at its price, None where unknown.
    `stop_child_id` and `target_child_id` name its partial stops, `mate_id` the other leg of a pair;
    `has_set_stops`: its stops have become those of the position.
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
    rank: int
    created_ms: int
    updated_ms: int
    seq: int
    create_type: str = "CreateByUser"
    stop_order_type: str = ""
    status: OrderStatus = OrderStatus.NEW
    cancel_type: str = "UNKNOWN"
    reject_reason: str = "EC_NoError"
    cum_exec_qty: Decimal = ZERO
    cum_exec_value: Decimal = ZERO
    cum_exec_fee: Decimal = ZERO
    closed_pnl: Decimal = ZERO
    reduce_only: bool = False
    close_on_trigger: bool = False
    trigger_price: Decimal | None = None
    trigger_by: TriggerBy | None = None
    trigger_direction: int = 0
    tpsl_mode: str = ""
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    sl_trigger_by: TriggerBy | None = None
    tp_trigger_by: TriggerBy | None = None
    sl_order_type: OrderType = OrderType.MARKET
    tp_order_type: OrderType = OrderType.MARKET
    sl_limit_price: Decimal | None = None
    tp_limit_price: Decimal | None = None
    slippage_tolerance_type: str = "UNKNOWN"
    slippage_tolerance: Decimal = ZERO
    last_price_on_created: Decimal | None = None
    trail: Trail | None = None
    queue_ahead: Decimal | None = None
    mate_id: str = ""
    stop_child_id: str = ""
    target_child_id: str = ""
    has_set_stops: bool = False

    @property
    def leaves_qty(self) -> Decimal:
        """What is still open; 0 once the order has ended."""
        return ZERO if self.status.is_final else self.qty - self.cum_exec_qty

    @property
    def is_waiting(self) -> bool:
        """True before the trigger of a conditional order or a stop."""
        return self.status is OrderStatus.UNTRIGGERED

    @property
    def is_reducing(self) -> bool:
        """True when it may only make a position smaller."""
        return self.reduce_only or self.close_on_trigger

    @property
    def is_position_stop(self) -> bool:
        """True for a stop-loss, take-profit or trailing stop of a position, whole or partial."""
        return self.stop_order_type in _STOPS or self.stop_order_type in _TARGETS

    @property
    def urgency(self) -> tuple[int, int]:
        """Order of firing at one and the same price: stops, then targets, then the rest by age."""
        if self.stop_order_type in _STOPS:
            return (0, self.rank)
        return (1, self.rank) if self.stop_order_type in _TARGETS else (2, self.rank)

    def is_due(self, price: Decimal) -> bool:
        """Say whether its trigger fires at `price`."""
        if self.trigger_price is None or (self.trail is not None and self.trail.best_price is None):
            return False
        if self.trigger_direction == RISING:
            return price >= self.trigger_price
        return price <= self.trigger_price


def snapshot(order: Order) -> OrderRecord:
    """Copy an order as it is now."""
    leaves = order.leaves_qty
    return OrderRecord(
        account=order.account,
        symbol=order.symbol,
        order_id=order.order_id,
        order_link_id=order.order_link_id,
        side=order.side,
        position_idx=order.position_idx,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        price=order.price,
        qty=order.qty,
        status=order.status,
        cancel_type=order.cancel_type,
        reject_reason=order.reject_reason,
        avg_price=average(order.cum_exec_value, order.cum_exec_qty) if order.cum_exec_qty else None,
        leaves_qty=leaves,
        leaves_value=leaves * order.price,
        cum_exec_qty=order.cum_exec_qty,
        cum_exec_value=order.cum_exec_value,
        cum_exec_fee=order.cum_exec_fee,
        closed_pnl=order.closed_pnl,
        reduce_only=order.reduce_only,
        close_on_trigger=order.close_on_trigger,
        create_type=order.create_type,
        stop_order_type=order.stop_order_type,
        trigger_price=order.trigger_price,
        trigger_by=order.trigger_by,
        trigger_direction=order.trigger_direction,
        tpsl_mode=order.tpsl_mode,
        stop_loss=order.stop_loss,
        take_profit=order.take_profit,
        sl_trigger_by=order.sl_trigger_by,
        tp_trigger_by=order.tp_trigger_by,
        sl_order_type=order.sl_order_type,
        tp_order_type=order.tp_order_type,
        sl_limit_price=order.sl_limit_price,
        tp_limit_price=order.tp_limit_price,
        slippage_tolerance_type=order.slippage_tolerance_type,
        slippage_tolerance=order.slippage_tolerance,
        last_price_on_created=order.last_price_on_created,
        created_ms=order.created_ms,
        updated_ms=order.updated_ms,
        seq=order.seq,
    )
