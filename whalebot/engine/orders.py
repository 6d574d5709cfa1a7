"""Orders in flight: every intent is sent once and stays here until its fate is known to the last fill."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import takewhile
from typing import Final

from whalebot.domain.answers import Refusal
from whalebot.domain.effects import LookUpOrder
from whalebot.domain.enums import ClosedBy, Level, OrderStatus
from whalebot.domain.events import (
    LookUpVerdict,
    OrderAccepted,
    OrderLookedUp,
    OrderRefused,
    OutcomeUnknown,
)
from whalebot.domain.intervals import MINUTE_MS
from whalebot.domain.orders import Execution, OrderReport, Purpose
from whalebot.domain.state import IntentMemory
from whalebot.engine.context import Context

# A request can arrive as late as its receive window; only answers after that prove that it never did.
_LATE_MS: Final = 5_000
_ANSWERS_NEEDED: Final = 3


@dataclass(slots=True)
class Tracked:
    """One order in flight. `fills` are the executions seen, by id; `final` the venue's last word, if any.

    `left_ms` is local time (ms UTC) at which it had left for certain; `unknown_ms` since when its outcome is
    unknown. `missed`: the venue was asked and did not know it, which early on proves nothing.
    """

    memory: IntentMemory
    accepted: bool = False
    fills: dict[str, Decimal] = field(default_factory=dict)
    final: OrderReport | None = None
    absent_answers: int = 0
    asking: bool = False
    left_ms: int | None = None
    unknown_ms: int | None = None
    missed: bool = False

    @property
    def symbol(self) -> str:
        """The symbol of the order."""
        return self.memory.intent.symbol

    @property
    def in_doubt(self) -> bool:
        """True while its outcome is unknown."""
        return self.memory.outcome_unknown

    @property
    def filled(self) -> Decimal:
        """Quantity of the executions seen, in base."""
        return sum(self.fills.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Settled:
    """The fate of an order is known and all its fills were seen. `executed` False: nothing traded."""

    memory: IntentMemory
    executed: bool
    status: str
    reason: str


class OrderTracker:
    """Owns the intents in flight."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._tracked: dict[str, Tracked] = {}
        self._sent_ms: deque[int] = deque(maxlen=1_000)

    def add(self, memory: IntentMemory) -> None:
        """Follow a new order; the caller emits its SubmitOrder."""
        self._tracked[memory.intent.order_link_id] = Tracked(memory)
        self._sent_ms.append(memory.intent.created_ms)
        self._ctx.dirty = True
        self._arm(memory.intent.order_link_id, self._ctx.settings.timing.order_check_ms)

    def leave_entries(self, reason: ClosedBy) -> None:
        """Mark every entry in flight: what it fills is to be closed at once, also after a restart."""
        for tracked in self._tracked.values():
            intent = tracked.memory.intent
            if intent.purpose is Purpose.ENTRY and intent.closes_as is None:
                tracked.memory = replace(tracked.memory, intent=replace(intent, closes_as=reason))
                self._ctx.dirty = True

    def leave_exits(self, symbol: str, reason: ClosedBy) -> None:
        """Give the exits in flight of a symbol another reason."""
        for tracked in self.in_flight(symbol):
            if tracked.memory.intent.purpose is Purpose.EXIT:
                intent = replace(tracked.memory.intent, closes_as=reason)
                tracked.memory = replace(tracked.memory, intent=intent)
                self._ctx.dirty = True

    def restore(self, memories: tuple[IntentMemory, ...]) -> None:
        """Take up the orders that were in flight when the last run ended; their fate is unknown."""
        for memory in memories:
            link_id = memory.intent.order_link_id
            self._tracked[link_id] = Tracked(replace(memory, outcome_unknown=True))

    def look_up(self, link_id: str) -> None:
        """Ask the venue what became of an order, unless the question is already on its way."""
        tracked = self._tracked.get(link_id)
        if tracked is None:
            return
        self._arm(link_id, self._ctx.settings.timing.lookup_ms)
        if tracked.memory.outcome_unknown and tracked.unknown_ms is None:
            tracked.unknown_ms = self._ctx.clock.real_ms
        if tracked.asking:
            return
        tracked.asking = True
        self._ctx.emit(LookUpOrder(tracked.symbol, link_id))

    def get(self, link_id: str) -> Tracked | None:
        """Return an order in flight by its link id."""
        return self._tracked.get(link_id) if link_id else None

    def in_flight(self, symbol: str | None = None) -> list[Tracked]:
        """Return orders in flight, of one symbol or all."""
        return [t for t in self._tracked.values() if symbol is None or t.symbol == symbol]

    def has(self, symbol: str, purpose: Purpose) -> bool:
        """True while an order of that purpose is in flight for the symbol."""
        return any(t.memory.intent.purpose is purpose for t in self.in_flight(symbol))

    def sent_within_minute(self, now_ms: int) -> int:
        """Count orders created in the last minute of market time."""
        recent = takewhile(lambda at: at > now_ms - MINUTE_MS, reversed(self._sent_ms))
        return sum(1 for _ in recent)

    def memories(self) -> tuple[IntentMemory, ...]:
        """Return what must survive a restart."""
        return tuple(t.memory for t in self._tracked.values())

    # --- what the venue says --------------------------------------------------------------------------

    def on_accepted(self, event: OrderAccepted) -> None:
        """Note the acknowledgement; the order is still in flight until its last fill."""
        tracked = self._tracked.get(event.order_link_id)
        if tracked is not None:
            tracked.accepted = True
            tracked.memory = replace(tracked.memory, order_id=event.order_id)
            self._arm(event.order_link_id, self._ctx.settings.timing.order_check_ms)

    def on_refused(self, event: OrderRefused) -> Settled | None:
        """The order does not exist: forget it."""
        tracked = self._tracked.get(event.order_link_id)
        if tracked is None:
            return None
        kind = "" if event.refusal is Refusal.REJECTED else f"{event.refusal.value} "
        return self._settle(tracked, "Rejected", f"{kind}{event.ret_code}: {event.reason}")

    def on_unknown(self, event: OutcomeUnknown) -> None:
        """Keep the order in flight and ask at once."""
        tracked = self._tracked.get(event.order_link_id)
        if tracked is None:
            return
        tracked.memory = replace(tracked.memory, outcome_unknown=True)
        self._ctx.dirty = True
        self._ctx.alert(
            Level.WARNING,
            "order_unknown",
            f"{tracked.symbol}: order outcome unknown",
            f"{event.order_link_id}: {event.reason}; asking the venue, no other entry for it meanwhile",
        )
        self.look_up(event.order_link_id)

    def on_looked_up(self, event: OrderLookedUp) -> Settled | None:
        """Take the answer of a look-up; absent often and late enough means that it never arrived."""
        tracked = self._tracked.get(event.order_link_id)
        if tracked is None:
            return None
        tracked.asking = False
        self._arm(event.order_link_id, self._ctx.settings.timing.lookup_ms)
        if event.verdict is LookUpVerdict.FOUND and event.order is not None:
            return self.on_report(event.order)
        if event.verdict is not LookUpVerdict.ABSENT:
            return None
        tracked.missed = True
        if tracked.left_ms is None:
            # An earlier run may have had a clock that was fast.
            tracked.left_ms = min(tracked.memory.intent.sent_ms, event.asked_ms)
        if event.asked_ms <= tracked.left_ms + self._ctx.settings.timing.recv_window_ms + _LATE_MS:
            return None
        tracked.absent_answers += 1
        if tracked.absent_answers < _ANSWERS_NEEDED:
            return None
        return self._settle(tracked, "Absent", "the venue never received it")

    def on_report(self, order: OrderReport) -> Settled | None:
        """Take an order update by stream or query; a final one settles it once its fills are all here."""
        tracked = self._tracked.get(order.order_link_id) if order.order_link_id else None
        if tracked is None:
            return None
        if tracked.memory.outcome_unknown or not tracked.accepted:
            tracked.accepted = True
            tracked.memory = replace(tracked.memory, outcome_unknown=False, order_id=order.order_id)
            self._ctx.dirty = True
        if order.status.is_final:
            tracked.final = order
        return self._settle_if_complete(tracked)

    def on_fill(self, execution: Execution) -> Settled | None:
        """Count a fill of ours; the same execution twice counts once."""
        tracked = self._tracked.get(execution.order_link_id) if execution.order_link_id else None
        if tracked is None:
            return None
        tracked.fills[execution.exec_id] = execution.qty
        return self._settle_if_complete(tracked)

    def _settle_if_complete(self, tracked: Tracked) -> Settled | None:
        final = tracked.final
        if final is None:
            if tracked.filled < tracked.memory.intent.qty:
                return None
            return self._settle(tracked, OrderStatus.FILLED.value, "")
        if tracked.filled < final.cum_exec_qty:
            return None
        reason = "" if final.reject_reason in ("", "EC_NoError") else final.reject_reason
        return self._settle(tracked, final.status.value, reason)

    def _settle(self, tracked: Tracked, status: str, reason: str) -> Settled:
        link_id = tracked.memory.intent.order_link_id
        del self._tracked[link_id]
        self._ctx.timers.cancel(("order", link_id))
        self._ctx.dirty = True
        return Settled(tracked.memory, tracked.filled > 0, status, reason)

    def _arm(self, link_id: str, after_ms: int) -> None:
        self._ctx.timers.arm(("order", link_id), self._ctx.clock.real_ms + after_ms)
