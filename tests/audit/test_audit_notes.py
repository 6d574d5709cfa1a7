"""What of the engine's events and effects comes into the trail, and what does not."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from trails import CONTEXT, FILES, StandingClock

from whalebot.adapters.audit.engine_notes import EngineNotes
from whalebot.adapters.audit.log import AuditLog
from whalebot.adapters.audit.reading import records
from whalebot.adapters.audit.record import AuditRecord
from whalebot.adapters.audit.writer import AuditWriter
from whalebot.domain.answers import (
    ExecutionsFetched,
    LookUpVerdict,
    OrderAccepted,
    OrderLookedUp,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
    StopAmended,
)
from whalebot.domain.effects import Alert, AmendStop, FetchInstruments, Notice, SubmitOrder
from whalebot.domain.enums import ExecType, Level, OrderStatus, Side, TriggerBy
from whalebot.domain.events import Command, Filled, Order, OrderUpdated, TimerDue
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import Execution, OrderIntent, OrderReport, Purpose

INTENT = OrderIntent("wb-1", "BTCUSDT", Side.BUY, Decimal("0.010"), Purpose.ENTRY, 5, 6)
FILL = Execution(
    *("BTCUSDT", "exec-1", ExecType.TRADE, Side.BUY, Decimal("50000.10"), Decimal("0.010"), Decimal("0.275")),
    *(False, "order-1", "wb-1", "", "CreateByUser", Decimal(0), 7, 8),
)


def report(status: OrderStatus) -> OrderReport:
    return OrderReport(
        *("BTCUSDT", "order-1", "wb-1", Side.BUY, status, Decimal("0.010"), Decimal("0.010"), None, False),
        *("", "CreateByUser", "", None, 0, 1, 2),
    )


@pytest.fixture
def notes(tmp_path: Path) -> EngineNotes:
    log = AuditLog(AuditWriter(tmp_path / "audit.jsonl", FILES), StandingClock(), CONTEXT, str, print)
    log.start()
    return EngineNotes(log)


def told(notes: EngineNotes, tmp_path: Path) -> list[AuditRecord]:
    assert notes.log.stop(20.0)
    return list(records(FILES, tmp_path / "audit.jsonl"))


def test_an_order_and_what_came_of_it(notes: EngineNotes, tmp_path: Path) -> None:
    notes.begun(0, [])
    notes.note(TimerDue(1), [SubmitOrder(INTENT)])
    notes.note(OrderAccepted("wb-1", "order-1", 2), [])
    notes.note(OrderUpdated(report(OrderStatus.NEW), 3), [])
    notes.note(Filled(FILL, 3), [])
    notes.note(OrderUpdated(report(OrderStatus.FILLED), 3), [])
    found = told(notes, tmp_path)
    assert [(r.kind, r.actor) for r in found] == [
        ("order", "engine"),
        ("order_accepted", "venue"),
        ("fill", "venue"),
        ("order_final", "venue"),
    ]
    assert found[0].fields["order_link_id"] == "wb-1"
    assert found[0].fields["qty"] == "0.010"
    assert found[0].fields["purpose"] == "entry"
    assert "stop_loss" not in found[0].fields
    assert (found[2].fields["price"], found[2].fields["fee"]) == ("50000.10", "0.275")
    assert found[3].fields["status"] == "Filled"


def test_what_is_told_twice_is_recorded_once(notes: EngineNotes, tmp_path: Path) -> None:
    for _ in range(2):
        notes.note(Filled(FILL, 3), [])
        notes.note(OrderUpdated(report(OrderStatus.FILLED), 3), [])
        notes.note(ExecutionsFetched("BTCUSDT", 0, Known((FILL,), 0), 4), [])
    assert [r.kind for r in told(notes, tmp_path)] == ["fill", "order_final"]


def test_a_fill_that_only_a_query_knows(notes: EngineNotes, tmp_path: Path) -> None:
    notes.note(ExecutionsFetched("BTCUSDT", 0, Unknown("no answer"), 4), [])
    notes.note(ExecutionsFetched("BTCUSDT", 0, Known((FILL,), 0), 5), [])
    assert [r.fields["exec_id"] for r in told(notes, tmp_path)] == ["exec-1"]


def test_refusals_unknown_outcomes_and_look_ups(notes: EngineNotes, tmp_path: Path) -> None:
    notes.note(OrderRefused("wb-1", Refusal.INSUFFICIENT, 110007, "not enough", 1), [])
    notes.note(OutcomeUnknown("wb-2", "timed out", 1), [])
    notes.note(OrderLookedUp("wb-2", LookUpVerdict.FOUND, report(OrderStatus.FILLED), 1, "", 2), [])
    refused, unknown, looked_up = told(notes, tmp_path)
    assert refused.fields == {
        "order_link_id": "wb-1",
        "refusal": "insufficient",
        "ret_code": "110007",
        "reason": "not enough",
    }
    assert (unknown.kind, unknown.fields["reason"]) == ("order_unknown", "timed out")
    assert looked_up.fields["verdict"] == "found"
    assert (looked_up.fields["order"], looked_up.fields["cum_exec_qty"]) == ("Filled", "0.010")


def test_stop_changes_commands_and_kills(notes: EngineNotes, tmp_path: Path) -> None:
    stop = AmendStop("BTCUSDT", 3, 0, Decimal("49000.5"), None, TriggerBy.LAST_PRICE)
    kill = Alert(Level.CRITICAL, "kill", "max_day_loss_pct reached", "positions stay")
    notes.note(Command(Order.PANIC, "telegram", 1), [stop, kill, Alert(Level.INFO, "entry", "in", "it")])
    notes.note(StopAmended("BTCUSDT", 3, False, True, 10001, "too close", 2), [])
    found = told(notes, tmp_path)
    assert [(r.kind, r.actor) for r in found] == [
        ("command", "telegram"),
        ("stop_change", "engine"),
        ("kill", "engine"),
        ("stop_answer", "venue"),
    ]
    assert found[0].fields == {"order": "panic"}
    assert found[1].fields["stop_loss"] == "49000.5"
    assert "take_profit" not in found[1].fields
    assert found[3].fields["refused"] == "true"


def test_the_event_that_broke_the_engine(notes: EngineNotes, tmp_path: Path) -> None:
    notes.note(TimerDue(1), None)
    (record,) = told(notes, tmp_path)
    assert (record.kind, record.fields) == ("bug", {"event": "TimerDue"})


def test_everyday_events_leave_nothing(notes: EngineNotes, tmp_path: Path) -> None:
    notes.note(TimerDue(1), [FetchInstruments(), Notice(Level.INFO, "x", "y")])
    notes.note(TimerDue(2), [])
    assert told(notes, tmp_path) == []
