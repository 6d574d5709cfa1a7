"""Picks out of the engine's events and effects what belongs into the trail."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any, Final

from whalebot.adapters.audit.log import AuditLog, Described
from whalebot.domain import answers, effects, events
from whalebot.domain.effects import Effect
from whalebot.domain.enums import Level
from whalebot.domain.events import Event
from whalebot.domain.known import Known
from whalebot.domain.orders import Execution, OrderReport

ENGINE: Final = "engine"
VENUE: Final = "venue"
_MOST_SEEN: Final = 4_000


class EngineNotes:
    """`EventRecorder` over an `AuditLog`. On the loop's thread it looks at types and leaves references;
    everything else happens on the trail's thread.
    """

    def __init__(self, log: AuditLog) -> None:
        self.log = log
        self._seen: OrderedDict[object, None] = OrderedDict()
        self._words: dict[type, Callable[[Any], Described | None]] = {
            **{kind: partial(_facts, name, actor) for kind, (name, actor) in _PLAIN.items()},
            effects.SubmitOrder: lambda effect: ("order", ENGINE, facts_of(effect.intent)),
            effects.RecordTrade: lambda effect: ("trade", ENGINE, _trade(effect.trade)),
            effects.Alert: _alert,
            events.Command: lambda event: ("command", event.source, {"order": event.order.value}),
            events.OrderUpdated: lambda event: self._report(event.order),
            events.Filled: lambda event: self._fill(event.execution),
        }

    def begun(self, real_ms: int, effects: Sequence[Effect]) -> None:
        """Note the engine's start."""
        self._leave_all(effects)

    def note(self, event: Event, effects: Sequence[Effect] | None) -> None:
        """Note an event and its effects; None: the engine broke."""
        if type(event) in self._words:
            self._leave(event)
        elif type(event) is answers.ExecutionsFetched and isinstance(event.executions, Known):
            # What a stream missed comes this way.
            for execution in event.executions.value:
                if type(execution) is Execution:
                    self.log.leave(partial(self._fill, execution))
        if effects is None:
            self.log.record("bug", ENGINE, {"event": type(event).__name__})
        elif effects:
            self._leave_all(effects)

    def _leave_all(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if type(effect) in self._words:
                self._leave(effect)

    def _leave(self, subject: Event | Effect) -> None:
        self.log.leave(partial(self._words[type(subject)], subject))

    def _report(self, order: OrderReport) -> Described | None:
        if not order.status.is_final or self._is_known((order.order_id, order.status)):
            return None
        return "order_final", VENUE, facts_of(order)

    def _fill(self, execution: Execution) -> Described | None:
        if self._is_known(execution.exec_id):
            return None
        return "fill", VENUE, facts_of(execution)

    def _is_known(self, key: object) -> bool:
        """True for what was seen before, a while ago at most."""
        if key in self._seen:
            return True
        self._seen[key] = None
        if len(self._seen) > _MOST_SEEN:
            self._seen.popitem(last=False)
        return False


_PLAIN: Final[Mapping[type, tuple[str, str]]] = {
    effects.CancelOrder: ("cancel", ENGINE),
    effects.AmendStop: ("stop_change", ENGINE),
    effects.SetLeverage: ("leverage", ENGINE),
    answers.OrderAccepted: ("order_accepted", VENUE),
    answers.OrderRefused: ("order_refused", VENUE),
    answers.OutcomeUnknown: ("order_unknown", VENUE),
    answers.OrderLookedUp: ("order_looked_up", VENUE),
    answers.StopAmended: ("stop_answer", VENUE),
    answers.LeverageAnswered: ("leverage_answer", VENUE),
}
_LEFT_OUT: Final = frozenset({"recv_ms", "seq"})


def facts_of(subject: object) -> dict[str, str]:
    """Return a frozen object's fields as texts: amounts plain, enums by value, absent ones left out."""
    found = {}
    for name in subject.__slots__:  # type: ignore[attr-defined]
        value = getattr(subject, name)
        if name not in _LEFT_OUT and value is not None and value != "":
            found[name] = _text(value)
    return found


def _facts(kind: str, actor: str, subject: object) -> Described:
    found = facts_of(subject)
    order = getattr(subject, "order", None)
    if isinstance(order, OrderReport):
        found |= {"order": order.status.value, "cum_exec_qty": _text(order.cum_exec_qty)}
    return kind, actor, found


def _trade(trade: Any) -> dict[str, str]:
    names = ("trade_id", "symbol", "side", "qty", "entry_price", "exit_price", "pnl", "closed_by")
    return {name: _text(getattr(trade, name)) for name in names}


def _alert(alert: effects.Alert) -> Described | None:
    if alert.level is not Level.CRITICAL:
        return None
    kind = "kill" if alert.kind == "kill" else "alert"
    return kind, ENGINE, {"about": alert.kind, "title": alert.title, "text": alert.text}


def _text(value: object) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
