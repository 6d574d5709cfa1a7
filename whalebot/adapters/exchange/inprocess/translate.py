"""From the core's records to the facts that the engine knows, and from its wishes to the core's commands."""

from __future__ import annotations

from collections.abc import Sequence

from whalebot.adapters.exchange.core import events as core
from whalebot.adapters.exchange.core.commands import CreateOrder, SetTradingStop
from whalebot.adapters.exchange.core.inputs import PricePoint
from whalebot.adapters.exchange.core.records import (
    ClosedPnlRecord,
    ExecutionRecord,
    OrderRecord,
    PositionRecord,
    WalletRecord,
)
from whalebot.domain.books import Closing
from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import ExecType
from whalebot.domain.events import (
    Event,
    Filled,
    FundingPaid,
    OrderUpdated,
    PositionReported,
    TickerChanged,
    WalletReported,
)
from whalebot.domain.orders import (
    Execution,
    FundingPayment,
    OrderIntent,
    OrderReport,
    PositionReport,
    WalletReport,
)


def order_report(record: OrderRecord) -> OrderReport:
    """Return an order of the core as the venue would report it."""
    return OrderReport(
        symbol=record.symbol,
        order_id=record.order_id,
        order_link_id=record.order_link_id,
        side=record.side,
        status=record.status,
        qty=record.qty,
        cum_exec_qty=record.cum_exec_qty,
        avg_price=record.avg_price,
        reduce_only=record.reduce_only,
        stop_order_type=record.stop_order_type,
        create_type=record.create_type,
        reject_reason=record.reject_reason,
        trigger_price=record.trigger_price,
        position_idx=record.position_idx,
        created_ms=record.created_ms,
        updated_ms=record.updated_ms,
    )


def execution_of(record: ExecutionRecord) -> Execution | FundingPayment:
    """Return a fill, or a funding settlement."""
    if record.exec_type is ExecType.FUNDING:
        return FundingPayment(record.symbol, record.exec_id, record.fee, record.qty, record.ts_ms)
    return Execution(
        symbol=record.symbol,
        exec_id=record.exec_id,
        exec_type=record.exec_type,
        side=record.side,
        price=record.price,
        qty=record.qty,
        fee=record.fee,
        is_maker=record.is_maker,
        order_id=record.order_id,
        order_link_id=record.order_link_id,
        stop_order_type=record.stop_order_type,
        create_type=record.create_type,
        closed_qty=record.closed_size,
        ts_ms=record.ts_ms,
        seq=record.seq,
    )


def closing_of(record: ClosedPnlRecord) -> Closing:
    """Return what one closing order took away."""
    return Closing(
        record.symbol,
        record.order_id,
        record.side,
        record.exec_type,
        record.closed_size,
        record.entry_value,
        record.exit_value,
        record.close_fee,
        record.updated_ms,
    )


def position_report(record: PositionRecord) -> PositionReport:
    """Return a position, flat ones too."""
    return PositionReport(
        symbol=record.symbol,
        side=record.side,
        qty=record.qty,
        avg_price=record.avg_price,
        stop_loss=record.stop_loss,
        take_profit=record.take_profit,
        trailing_stop=record.trailing_stop,
        leverage=record.leverage,
        position_idx=record.position_idx,
        mark_price=record.mark_price,
        liq_price=record.liq_price,
        updated_ms=record.updated_ms,
        seq=record.seq,
    )


def wallet_report(record: WalletRecord) -> WalletReport:
    """Return the balances."""
    return WalletReport(record.wallet_balance, record.equity, record.available_balance, record.ts_ms)


def account_events(found: Sequence[core.Event], recv_ms: int) -> list[Event]:
    """Return what the private streams would say, in order."""
    said: list[Event] = []
    for event in found:
        if isinstance(event, core.Executed):
            item = execution_of(event.execution)
            said.append(Filled(item, recv_ms) if isinstance(item, Execution) else FundingPaid(item, recv_ms))
        elif isinstance(event, core.OrderUpdated):
            said.append(OrderUpdated(order_report(event.order), recv_ms))
        elif isinstance(event, core.PositionUpdated):
            said.append(PositionReported(position_report(event.position), recv_ms))
        elif isinstance(event, core.WalletUpdated):
            said.append(WalletReported(wallet_report(event.wallet), recv_ms))
    return said


def create_command(intent: OrderIntent) -> CreateOrder:
    """Return the order that an intent asks for."""
    return CreateOrder(
        symbol=intent.symbol,
        side=intent.side,
        order_type=intent.order_type,
        qty=intent.qty,
        price=intent.price,
        time_in_force=intent.time_in_force,
        order_link_id=intent.order_link_id,
        position_idx=intent.position_idx,
        reduce_only=intent.reduce_only,
        stop_loss=intent.stop_loss,
        take_profit=intent.take_profit,
        sl_trigger_by=intent.trigger_by,
        tp_trigger_by=intent.trigger_by,
    )


def stop_command(change: AmendStop) -> SetTradingStop:
    """Return the change of stops that an effect asks for."""
    return SetTradingStop(
        symbol=change.symbol,
        position_idx=change.position_idx,
        stop_loss=change.stop_loss,
        take_profit=change.take_profit,
        trailing_stop=change.trailing_distance,
        active_price=change.active_price,
        sl_trigger_by=change.trigger_by,
        tp_trigger_by=change.trigger_by,
    )


def ticker_of(point: PricePoint, recv_ms: int) -> TickerChanged:
    """Return what the public stream says of a price. recv_ms: local time of receipt, ms UTC."""
    return TickerChanged(
        point.symbol,
        point.last_price,
        point.mark_price,
        point.index_price,
        None,
        None,
        None,
        None,
        point.ts_ms,
        recv_ms,
    )
