"""What became of our orders, how long the venue took, and how far fills were off."""

from __future__ import annotations

from collections import Counter, OrderedDict
from decimal import Decimal
from typing import Final

from whalebot.domain.answers import (
    LookUpVerdict,
    OrderAccepted,
    OrderLookedUp,
    OrderRefused,
    OutcomeUnknown,
)
from whalebot.domain.enums import OrderStatus
from whalebot.domain.events import Filled, OrderUpdated
from whalebot.domain.orders import OrderIntent, OrderReport, Purpose
from whalebot.domain.tally import Histogram, Slippage
from whalebot.runtime.buckets import Buckets

_REMEMBERED: Final = 512
_LATENCY_EDGES_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_SLIPPAGE_EDGES_BPS: Final = (0.0, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_OUTCOMES: Final = {
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.PARTIALLY_FILLED_CANCELLED: "partly_filled",
    OrderStatus.REJECTED: "rejected_late",
    OrderStatus.DEACTIVATED: "cancelled",
}


class _Known:
    """One order of ours: when it was decided, at which price, and what of it was counted."""

    __slots__ = ("fills", "is_answered", "is_over", "price", "purpose", "sent_ms")

    def __init__(self, intent: OrderIntent, price: Decimal | None) -> None:
        self.sent_ms = intent.sent_ms
        self.purpose = intent.purpose
        self.price = price
        self.fills: set[str] = set()
        self.is_answered = False
        self.is_over = False


class OrderTally:
    """Remembers the last orders by link id; each answer and each end is counted once."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._results: Counter[str] = Counter()
        self._latency = Buckets(_LATENCY_EDGES_S)
        self._adverse = {purpose: Buckets(_SLIPPAGE_EDGES_BPS) for purpose in Purpose}
        self._improved = dict.fromkeys(Purpose, 0.0)

    def sent(self, intent: OrderIntent, price: Decimal | None) -> None:
        """An order was decided on at a last price (None: not known)."""
        self._results["sent"] += 1
        self._known[intent.order_link_id] = _Known(intent, price)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def accepted(self, event: OrderAccepted) -> None:
        """The venue acknowledged an order."""
        known = self._answered(event.order_link_id, "accepted")
        if known is not None:
            self._latency.add(max(0, event.recv_ms - known.sent_ms) / 1000)

    def refused(self, event: OrderRefused) -> None:
        """An order does not exist."""
        known = self._answered(event.order_link_id, event.refusal.value)
        if known is not None:
            known.is_over = True

    def unknown(self, event: OutcomeUnknown) -> None:
        """Nobody answered."""
        self._answered(event.order_link_id, "unknown")

    def updated(self, event: OrderUpdated) -> None:
        """The stream told the state of an order."""
        self._told(event.order)

    def looked_up(self, event: OrderLookedUp) -> None:
        """The venue was asked for an order."""
        if event.verdict is LookUpVerdict.FOUND and event.order is not None:
            self._told(event.order)

    def filled(self, event: Filled) -> None:
        """A fill of an order whose price at the decision is known; one that is told twice counts once."""
        fill = event.execution
        known = self._known.get(fill.order_link_id)
        if known is None or known.price is None or known.price <= 0 or fill.exec_id in known.fills:
            return
        known.fills.add(fill.exec_id)
        bps = float((fill.price - known.price) * fill.side.sign / known.price) * 1e4
        self._adverse[known.purpose].add(max(bps, 0.0))
        self._improved[known.purpose] += max(-bps, 0.0)

    @property
    def results(self) -> Counter[str]:
        """Orders by what became of them."""
        return self._results

    def latency(self) -> Histogram:
        """Return the seconds from decision to acknowledgement."""
        return self._latency.histogram()

    def slippage(self) -> tuple[Slippage, ...]:
        """Return the fills against the last price at the decision, by purpose."""
        return tuple(
            Slippage(purpose.value, self._adverse[purpose].histogram(), self._improved[purpose])
            for purpose in Purpose
        )

    def _answered(self, link_id: str, result: str) -> _Known | None:
        known = self._known.get(link_id)
        if known is None or known.is_answered:
            return None
        known.is_answered = True
        self._results[result] += 1
        return known

    def _told(self, order: OrderReport) -> None:
        known = self._known.get(order.order_link_id) if order.status.is_final else None
        if known is not None and not known.is_over:
            known.is_over = True
            self._results[_OUTCOMES[order.status]] += 1
