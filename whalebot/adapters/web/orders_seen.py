"""The orders of this run: what was meant, and what the venue said of each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from whalebot.domain import events as ev
from whalebot.domain.enums import OrderStatus
from whalebot.domain.orders import Execution, OrderIntent

MOST_ORDERS: Final = 200
_STATUS: Final[Mapping[OrderStatus, str]] = {
    OrderStatus.NEW: "accepted",
    OrderStatus.PARTIALLY_FILLED: "partially_filled",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.PARTIALLY_FILLED_CANCELLED: "filled",
    OrderStatus.REJECTED: "rejected",
    OrderStatus.UNTRIGGERED: "accepted",
    OrderStatus.TRIGGERED: "accepted",
    OrderStatus.DEACTIVATED: "cancelled",
}
_FINAL: Final = frozenset({"filled", "cancelled", "rejected", "ended"})


@dataclass(slots=True)
class Seen:
    """One order. `filled_value` is the sum of price times quantity of its fills; times ms UTC."""

    intent: OrderIntent
    status: str
    updated_ms: int
    detail: str = ""
    filled_qty: Decimal = Decimal(0)
    filled_value: Decimal = Decimal(0)
    fee: Decimal = Decimal(0)

    @property
    def is_final(self) -> bool:
        """True when nothing more will happen to it."""
        return self.status in _FINAL


class OrdersSeen:
    """Keeps the last orders. A fill that is told twice counts once."""

    def __init__(self) -> None:
        self._orders: OrderedDict[str, Seen] = OrderedDict()
        self._fills: OrderedDict[str, None] = OrderedDict()
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.OrderAccepted: lambda e: self._set(e.order_link_id, "accepted", e.recv_ms),
            ev.OrderRefused: lambda e: self._set(e.order_link_id, "rejected", e.recv_ms, e.reason),
            ev.OutcomeUnknown: lambda e: self._set(e.order_link_id, "unknown", e.recv_ms, e.reason),
            ev.OrderUpdated: self._on_updated,
            ev.Filled: lambda e: self._on_fill(e.execution, e.recv_ms),
        }

    def sent(self, intent: OrderIntent) -> None:
        """Take an order that was handed to the venue."""
        if intent.order_link_id not in self._orders:
            self._orders[intent.order_link_id] = Seen(intent, "in_flight", intent.sent_ms)
        while len(self._orders) > MOST_ORDERS:
            self._orders.popitem(last=False)

    def hear(self, event: ev.Event) -> None:
        """Take what the venue says of an order."""
        handler = self._handlers.get(type(event))
        if handler is not None:
            handler(event)

    def newest(self) -> list[Seen]:
        """Return all, the newest first."""
        return list(reversed(self._orders.values()))

    def _set(self, link_id: str, status: str, at_ms: int, detail: str = "") -> None:
        seen = self._orders.get(link_id)
        if seen is not None and not seen.is_final:
            seen.status, seen.updated_ms, seen.detail = status, at_ms, detail

    def _on_updated(self, event: ev.OrderUpdated) -> None:
        order = event.order
        self._set(order.order_link_id, _STATUS[order.status], event.recv_ms, order.reject_reason)

    def _on_fill(self, fill: Execution, at_ms: int) -> None:
        seen = self._orders.get(fill.order_link_id)
        if seen is None or fill.exec_id in self._fills or not fill.exec_type.moves_position:
            return
        self._fills[fill.exec_id] = None
        while len(self._fills) > 10 * MOST_ORDERS:
            self._fills.popitem(last=False)
        seen.filled_qty += fill.qty
        seen.filled_value += fill.qty * fill.price
        seen.fee += fill.fee
        seen.updated_ms = at_ms
        if not seen.is_final:
            whole = seen.filled_qty >= seen.intent.qty
            seen.status = "filled" if whole else "partially_filled"
