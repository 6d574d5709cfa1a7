"""The order endpoints: create, amend, cancel, cancel-all, batches, realtime, history."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.exchange.core.commands import (
    AmendOrder,
    CancelAll,
    CancelOrder,
    Command,
    CreateOrder,
)
from whalebot.adapters.exchange.core.events import Answer
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import BAD_PARAMETER, Refused, bad_parameter
from whalebot.adapters.exchange.server.rest_market import LINEAR, Result
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.domain.enums import OrderType, Side, TimeInForce, TriggerBy

MAX_LINK_ID: Final = 36
MAX_BATCH: Final = 20
_SIDES: Final = tuple(side.value for side in Side)
_TYPES: Final = tuple(kind.value for kind in OrderType)
_TIMES: Final = tuple(time.value for time in TimeInForce)
_TRIGGERS: Final = tuple(trigger.value for trigger in TriggerBy)
_LINK_ID_CHARS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_FILTERS: Final = ("Order", "StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder")


def require_linear(params: Params) -> None:
    """Raise Refused unless the request is of the one category that is traded here."""
    category = params.required("category")
    if category != LINEAR:
        raise bad_parameter(f"category {category[:20]} is not served here: only linear is")


def link_id(params: Params) -> str:
    """Return orderLinkId, "" when absent; 36 letters, digits, dashes and underscores at most."""
    value = params.text("orderLinkId")
    if len(value) > MAX_LINK_ID:
        raise Refused(BAD_PARAMETER, "OrderLinkID length cannot be longer than 36 characters.")
    if not _LINK_ID_CHARS.issuperset(value):
        raise Refused(BAD_PARAMETER, "orderLinkId may hold letters, digits, dashes and underscores only.")
    return value


def trigger_by(params: Params, name: str) -> TriggerBy | None:
    """Return a trigger price source, None when absent."""
    return TriggerBy(params.choice(name, _TRIGGERS)) if name in params else None


def order_type(params: Params, name: str) -> OrderType:
    """Return the type of a take-profit or stop-loss order, Market when absent."""
    return OrderType(params.choice(name, _TYPES, OrderType.MARKET.value))


def parse_create(params: Params) -> CreateOrder:
    """Read the parameters of one new order. Raises Refused 10001 for what is missing or wrong."""
    kind = OrderType(params.choice("orderType", _TYPES))
    default_time = TimeInForce.IOC if kind is OrderType.MARKET else TimeInForce.GTC
    qty = params.decimal("qty")
    if qty is None:
        raise bad_parameter("qty is required")
    price = params.decimal("price")
    if kind is OrderType.LIMIT and price is None:
        raise bad_parameter("price is required for a limit order")
    return CreateOrder(
        symbol=params.required("symbol"),
        side=Side(params.choice("side", _SIDES)),
        order_type=kind,
        qty=qty,
        price=price if kind is OrderType.LIMIT else None,
        time_in_force=TimeInForce(params.choice("timeInForce", _TIMES, default_time.value)),
        order_link_id=link_id(params),
        position_idx=params.integer("positionIdx", 0, 0, 2),
        reduce_only=params.flag("reduceOnly"),
        close_on_trigger=params.flag("closeOnTrigger"),
        trigger_price=params.decimal("triggerPrice"),
        trigger_direction=params.integer("triggerDirection", 0, 0, 2),
        trigger_by=trigger_by(params, "triggerBy") or TriggerBy.LAST_PRICE,
        stop_loss=_level(params, "stopLoss"),
        take_profit=_level(params, "takeProfit"),
        sl_trigger_by=trigger_by(params, "slTriggerBy") or TriggerBy.LAST_PRICE,
        tp_trigger_by=trigger_by(params, "tpTriggerBy") or TriggerBy.LAST_PRICE,
        tpsl_mode=params.choice("tpslMode", ("Full", "Partial")) if "tpslMode" in params else "",
        sl_order_type=order_type(params, "slOrderType"),
        tp_order_type=order_type(params, "tpOrderType"),
        sl_limit_price=_level(params, "slLimitPrice"),
        tp_limit_price=_level(params, "tpLimitPrice"),
        slippage_tolerance_type=params.text("slippageToleranceType", "UNKNOWN"),
        slippage_tolerance=params.decimal("slippageTolerance") or Decimal(0),
    )


def parse_amend(params: Params) -> AmendOrder:
    """Read the parameters of one amendment. Raises Refused 10001 for what is missing or wrong."""
    symbol, order_id, name = _named(params)
    return AmendOrder(
        symbol=symbol,
        order_id=order_id,
        order_link_id=name,
        qty=params.decimal("qty"),
        price=params.decimal("price"),
        trigger_price=params.decimal("triggerPrice"),
        trigger_by=trigger_by(params, "triggerBy"),
        stop_loss=params.decimal("stopLoss"),
        take_profit=params.decimal("takeProfit"),
        sl_trigger_by=trigger_by(params, "slTriggerBy"),
        tp_trigger_by=trigger_by(params, "tpTriggerBy"),
        sl_limit_price=params.decimal("slLimitPrice"),
        tp_limit_price=params.decimal("tpLimitPrice"),
    )


def parse_cancel(params: Params) -> CancelOrder:
    """Read the parameters of one cancellation. Raises Refused 10001 for what is missing or wrong."""
    return CancelOrder(*_named(params))


def _named(params: Params) -> tuple[str, str, str]:
    symbol, order_id, name = params.required("symbol"), params.text("orderId"), link_id(params)
    if not order_id and not name:
        raise Refused(BAD_PARAMETER, "orderId or orderLinkId is required")
    return symbol, order_id, name


def _level(params: Params, name: str) -> Decimal | None:
    value = params.decimal(name)
    return None if value == 0 else value


def _single(venue: Venue, params: Params, parse: Callable[[Params], Command]) -> Result:
    require_linear(params)
    answer = accepted(venue.submit(parse(params)))
    return {"orderId": answer.order_id, "orderLinkId": answer.order_link_id}


def accepted(answer: Answer) -> Answer:
    """Return an answer that is a yes; Refused with the core's number otherwise."""
    if answer.ret_code != 0:
        raise Refused(answer.ret_code, answer.ret_msg)
    return answer


def create(venue: Venue, params: Params) -> Result:
    """order/create: an acknowledgement; what becomes of the order is told by the streams."""
    return _single(venue, params, parse_create)


def amend(venue: Venue, params: Params) -> Result:
    """order/amend."""
    return _single(venue, params, parse_amend)


def cancel(venue: Venue, params: Params) -> Result:
    """order/cancel."""
    return _single(venue, params, parse_cancel)


def cancel_all(venue: Venue, params: Params) -> Result:
    """order/cancel-all: by symbol, or by settleCoin or baseCoin; take-profits and stop-losses go too."""
    require_linear(params)
    symbol = params.text("symbol") or None
    base = params.text("baseCoin")
    if symbol is None and base:
        symbol = f"{base}USDT"
    if symbol is None and params.text("settleCoin") != "USDT":
        raise bad_parameter("symbol, settleCoin or baseCoin is required")
    if symbol is not None:
        venue.tradable(symbol)
    chosen = params.choice("orderFilter", _FILTERS) if "orderFilter" in params else ""
    answer = accepted(venue.submit(CancelAll(symbol, chosen, params.text("stopOrderType"))))
    rows = [{"orderId": order_id, "orderLinkId": name} for order_id, name in answer.cancelled]
    return {"list": rows, "success": "1"}


def create_batch(venue: Venue, params: Params) -> tuple[Result, dict[str, Any]]:
    """order/create-batch: outer retCode 0, one entry of retExtInfo.list per order."""
    return _batch(venue, params, parse_create, is_create=True)


def amend_batch(venue: Venue, params: Params) -> tuple[Result, dict[str, Any]]:
    """order/amend-batch."""
    return _batch(venue, params, parse_amend, is_create=False)


def cancel_batch(venue: Venue, params: Params) -> tuple[Result, dict[str, Any]]:
    """order/cancel-batch."""
    return _batch(venue, params, parse_cancel, is_create=False)


def _batch(
    venue: Venue, params: Params, parse: Callable[[Params], Command], is_create: bool
) -> tuple[Result, dict[str, Any]]:
    require_linear(params)
    rows: list[dict[str, str]] = []
    verdicts: list[dict[str, Any]] = []
    for entry in params.objects("request", MAX_BATCH):
        order_id, code, message = "", 0, "OK"
        name = entry.text("orderLinkId") if isinstance(entry.raw("orderLinkId"), str) else ""
        try:
            answer = accepted(venue.submit(parse(entry)))
            order_id, name = answer.order_id, answer.order_link_id
        except Refused as refusal:
            code, message = refusal.ret_code, refusal.message
        row = {"category": LINEAR, "symbol": entry.text("symbol"), "orderId": order_id, "orderLinkId": name}
        if is_create:
            row["createAt"] = str(venue.market.now_ms) if code == 0 else ""
        rows.append(row)
        verdicts.append({"code": code, "msg": message})
    return {"list": rows}, {"list": verdicts}


def disconnected_cancel_all(venue: Venue, params: Params) -> Result:
    """order/disconnected-cancel-all: the time after which a lost connection cancels everything."""
    if params.text("product", "DERIVATIVES") not in ("DERIVATIVES", "OPTIONS", "SPOT"):
        raise bad_parameter("product invalid")
    window_s = params.integer("timeWindow", -1, low=3, high=300)
    if window_s < 0:
        raise bad_parameter("timeWindow is required")
    venue.dcp_window_s = window_s
    return {}
