"""Orders and executions as rows of REST and of private frames, which differ in how they say "none"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.exchange.core.records import ExecutionRecord, OrderRecord
from whalebot.adapters.exchange.server.wire import plain, plain_or, rounded_or, trigger_or

CATEGORY: Final = "linear"


@dataclass(frozen=True, slots=True)
class _Nothing:
    """How one endpoint writes what does not apply."""

    price: str
    limit_price: str
    average: str
    stop_type: str
    trigger: str
    tpsl_mode: str
    slippage: str


_REST: Final = _Nothing("0.00", "", "0", "UNKNOWN", "UNKNOWN", "", "")
_WS: Final = _Nothing("", "0", "", "", "", "UNKNOWN", "0")


def order_row(order: OrderRecord) -> dict[str, Any]:
    """Return an order as order/realtime and order/history list it."""
    return _order(order, _REST)


def order_frame_row(order: OrderRecord) -> dict[str, Any]:
    """Return an order as the private `order` topic carries it."""
    row = _order(order, _WS)
    row["category"] = CATEGORY
    row["marketUnit"] = ""
    row["feeCurrency"] = ""
    row["closedPnl"] = plain(order.closed_pnl)
    return row


def _order(order: OrderRecord, nothing: _Nothing) -> dict[str, Any]:
    return {
        "orderId": order.order_id,
        "orderLinkId": order.order_link_id,
        "blockTradeId": "",
        "symbol": order.symbol,
        "price": plain(order.price),
        "qty": plain(order.qty),
        "side": order.side.value,
        "isLeverage": "",
        "positionIdx": order.position_idx,
        "orderStatus": order.status.value,
        "createType": order.create_type,
        "cancelType": order.cancel_type or "UNKNOWN",
        "rejectReason": order.reject_reason or "EC_NoError",
        "timeInForce": order.time_in_force.value,
        "orderType": order.order_type.value,
        "orderIv": "",
        "lastPriceOnCreated": plain_or(order.last_price_on_created, nothing.price),
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": order.close_on_trigger,
        "placeType": "",
        "createdTime": str(order.created_ms),
        "updatedTime": str(order.updated_ms),
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "extraFees": "",
        "rpiTakerAccess": False,
        "rpiMatchedQty": "0",
        **_progress(order, nothing),
        **_triggers(order, nothing),
    }


def _progress(order: OrderRecord, nothing: _Nothing) -> dict[str, Any]:
    fee = plain(order.cum_exec_fee)
    return {
        "avgPrice": rounded_or(order.avg_price, nothing.average),
        "leavesQty": plain(order.leaves_qty),
        "leavesValue": plain(order.leaves_value),
        "cumExecQty": plain(order.cum_exec_qty),
        "cumExecValue": plain(order.cum_exec_value),
        "cumExecFee": fee,
        "cumFeeDetail": {"USDT": fee} if order.cum_exec_qty else {},
    }


def _triggers(order: OrderRecord, nothing: _Nothing) -> dict[str, Any]:
    return {
        "stopOrderType": order.stop_order_type or nothing.stop_type,
        "triggerPrice": plain_or(order.trigger_price, nothing.price),
        "triggerBy": trigger_or(order.trigger_by, nothing.trigger),
        "triggerDirection": order.trigger_direction,
        "takeProfit": plain_or(order.take_profit, nothing.price),
        "stopLoss": plain_or(order.stop_loss, nothing.price),
        "tpTriggerBy": trigger_or(order.tp_trigger_by, nothing.trigger),
        "slTriggerBy": trigger_or(order.sl_trigger_by, nothing.trigger),
        "tpLimitPrice": plain_or(order.tp_limit_price, nothing.limit_price),
        "slLimitPrice": plain_or(order.sl_limit_price, nothing.limit_price),
        "tpslMode": order.tpsl_mode or nothing.tpsl_mode,
        "slippageToleranceType": order.slippage_tolerance_type or "UNKNOWN",
        "slippageTolerance": plain(order.slippage_tolerance)
        if order.slippage_tolerance != Decimal(0)
        else nothing.slippage,
    }


def execution_row(execution: ExecutionRecord) -> dict[str, Any]:
    """Return an execution as execution/list shows it."""
    return {
        "symbol": execution.symbol,
        "orderId": execution.order_id,
        "orderLinkId": execution.order_link_id,
        "side": execution.side.value,
        "orderPrice": plain(execution.order_price),
        "orderQty": plain(execution.order_qty),
        "leavesQty": plain(execution.leaves_qty),
        "createType": execution.create_type,
        "orderType": "UNKNOWN" if execution.order_type is None else execution.order_type.value,
        "stopOrderType": execution.stop_order_type or "UNKNOWN",
        "execFee": plain(execution.fee),
        "execId": execution.exec_id,
        "execPrice": plain(execution.price),
        "execQty": plain(execution.qty),
        "execType": execution.exec_type.value,
        "execValue": plain(execution.value),
        "execTime": str(execution.ts_ms),
        "feeCurrency": "",
        "isMaker": execution.is_maker,
        "feeRate": plain(execution.fee_rate),
        "tradeIv": "",
        "markIv": "",
        "markPrice": plain(execution.mark_price),
        "indexPrice": "",
        "underlyingPrice": "",
        "blockTradeId": "",
        "closedSize": plain(execution.closed_size),
        "seq": execution.seq,
        "extraFees": "",
    }


def execution_frame_row(execution: ExecutionRecord) -> dict[str, Any]:
    """Return an execution as the private `execution` topic carries it."""
    return {
        "category": CATEGORY,
        **execution_row(execution),
        "feeCurrency": "USDT",
        "isLeverage": "0",
        "marketUnit": "",
        "execPnl": plain(execution.exec_pnl),
        "extraFees": [],
    }


def fast_execution_row(execution: ExecutionRecord) -> dict[str, Any]:
    """Return an execution as `execution.fast` carries it: the few fields that matter at once."""
    return {
        "category": CATEGORY,
        "symbol": execution.symbol,
        "execId": execution.exec_id,
        "execPrice": plain(execution.price),
        "execQty": plain(execution.qty),
        "orderId": execution.order_id,
        "isMaker": execution.is_maker,
        "orderLinkId": execution.order_link_id,
        "side": execution.side.value,
        "execTime": str(execution.ts_ms),
        "seq": execution.seq,
    }
