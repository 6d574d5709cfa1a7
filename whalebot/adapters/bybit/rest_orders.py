"""Writes to the venue: the order gateway. One call is one request; nothing is ever sent twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from whalebot.adapters.bybit.rest_wire import OrderAck, decode_result
from whalebot.adapters.bybit.retcodes import LEVERAGE_NOT_MODIFIED, ORDER_GONE, STOP_NOT_MODIFIED
from whalebot.adapters.bybit.session import VenueSession
from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import OrderType
from whalebot.domain.errors import VenueRefused
from whalebot.domain.orders import OrderIntent

_ack = msgspec.json.Decoder(OrderAck)


class BybitOrders:
    """Implements `OrderGateway`; for one thread.

    TransportError from `submit` means that the order may exist: also for a duplicate order link id, which
    says that an earlier request with that id arrived.
    """

    def __init__(self, session: VenueSession) -> None:
        self._session = session

    def submit(self, intent: OrderIntent) -> str:
        """Place an order, stops included; return the venue's order id (an acknowledgement, not a fill)."""
        reply = self._session.place_order(**order_parameters(intent))
        return decode_result(_ack, reply.result, "POST /v5/order/create").order_id

    def cancel(self, symbol: str, order_link_id: str) -> None:
        """Cancel an order; one that is gone already is success."""
        try:
            self._session.cancel_order(category="linear", symbol=symbol, orderLinkId=order_link_id)
        except VenueRefused as e:
            if e.ret_code not in ORDER_GONE:
                raise

    def amend_stop(self, change: AmendStop) -> None:
        """Set stop and target of a whole position; "not modified" is success."""
        try:
            self._session.set_trading_stop(**stop_parameters(change))
        except VenueRefused as e:
            if e.ret_code != STOP_NOT_MODIFIED:
                raise

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        """Set leverage of both sides; "not modified" is success."""
        value = plain(leverage)
        try:
            self._session.set_leverage(
                category="linear", symbol=symbol, buyLeverage=value, sellLeverage=value
            )
        except VenueRefused as e:
            if e.ret_code != LEVERAGE_NOT_MODIFIED:
                raise


def order_parameters(intent: OrderIntent) -> dict[str, Any]:
    """Return the body of order/create for an intent."""
    parameters: dict[str, Any] = {
        "category": "linear",
        "symbol": intent.symbol,
        "side": intent.side.value,
        "orderType": intent.order_type.value,
        "qty": plain(intent.qty),
        "timeInForce": intent.time_in_force.value,
        "orderLinkId": intent.order_link_id,
        "positionIdx": intent.position_idx,
        "reduceOnly": intent.reduce_only,
    }
    if intent.order_type is OrderType.LIMIT and intent.price is not None:
        parameters["price"] = plain(intent.price)
    if intent.stop_loss is None and intent.take_profit is None:
        return parameters
    return parameters | _protection(intent.stop_loss, intent.take_profit, intent.trigger_by.value)


def stop_parameters(change: AmendStop) -> dict[str, Any]:
    """Return the body of position/trading-stop; what is None is left out, so the venue keeps its value."""
    parameters: dict[str, Any] = {
        "category": "linear",
        "symbol": change.symbol,
        "positionIdx": change.position_idx,
        **_protection(change.stop_loss, change.take_profit, change.trigger_by.value),
    }
    if change.trailing_distance is not None:
        parameters["trailingStop"] = plain(change.trailing_distance)
    if change.active_price is not None:
        parameters["activePrice"] = plain(change.active_price)
    return parameters


def plain(value: Decimal) -> str:
    """Write a number without an exponent, as the venue wants it."""
    return format(value, "f")


def _protection(stop_loss: Decimal | None, take_profit: Decimal | None, trigger_by: str) -> dict[str, str]:
    # The spelling is tpslMode; tpSlMode is silently ignored.
    parameters = {"tpslMode": "Full"}
    if stop_loss is not None:
        parameters |= {"stopLoss": plain(stop_loss), "slTriggerBy": trigger_by, "slOrderType": "Market"}
    if take_profit is not None:
        parameters |= {"takeProfit": plain(take_profit), "tpTriggerBy": trigger_by, "tpOrderType": "Market"}
    return parameters
