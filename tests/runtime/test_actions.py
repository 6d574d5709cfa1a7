"""Each answer of the venue becomes the event that says the same, no more and no less."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from runtime_ports import Gateway, Sink, Venue
from runtime_samples import document, intent

from whalebot.domain.effects import (
    AmendStop,
    CancelOrder,
    FetchExecutions,
    FetchHistory,
    FetchSnapshot,
    LookUpOrder,
    SetLeverage,
)
from whalebot.domain.enums import TriggerBy
from whalebot.domain.errors import AuthError, RateLimited, TransportError, VenueFatal, VenueRefused
from whalebot.domain.events import (
    Event,
    ExecutionsFetched,
    Filled,
    HistoryFetched,
    LookUpVerdict,
    OrderLookedUp,
    OrderRefused,
    OutcomeUnknown,
    Refusal,
    SnapshotFetched,
)
from whalebot.domain.known import Known, Unknown
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.order_actions import OrderActions, RetCodes
from whalebot.runtime.read_actions import ReadActions, Readers
from whalebot.runtime.saving import DocumentSave, StorageHealth

_KINDS = {1: Refusal.PRECISION, 2: Refusal.INSUFFICIENT, 3: Refusal.MAINTENANCE, 4: Refusal.RETRY_LATER}
_CODES = RetCodes(lambda error: _KINDS.get(error.ret_code, Refusal.REJECTED), frozenset({9}))
_FAILURES = [
    TransportError("cut"),
    VenueRefused(1, "no", "call"),
    RateLimited("call", 5),
    AuthError("key"),
    VenueFatal("region"),
]


class _Saves:
    def save(self, document: Any) -> None:
        """Any document is fine."""

    def load(self) -> None:
        return None


class _Orders:
    def __init__(self) -> None:
        self.fatal: list[Exception] = []
        self.storage: list[Event] = []
        self.clock = ManualClock(50)
        self.actions = OrderActions(self.clock, _CODES, self.fatal.append)
        self.gateway = Gateway([])

    def submit(self, error: Exception) -> Event:
        self.gateway.fail["w-1"] = error
        order = intent("w-1")
        save = DocumentSave(document(order), _Saves(), StorageHealth(self.clock, self.storage.append))
        (event,) = self.actions.submit(order, save).run(self.gateway)
        return event

    def stop(self, error: Exception) -> Any:
        self.gateway.fail["A"] = error
        change = AmendStop("A", 7, 0, Decimal(9), None, TriggerBy.LAST_PRICE)
        (event,) = self.actions.amend_stop(change).run(self.gateway)
        return event


@pytest.mark.parametrize(
    ("error", "kind", "ret_code"),
    [
        (VenueRefused(1, "no", "call"), Refusal.PRECISION, 1),
        (VenueRefused(2, "no", "call"), Refusal.INSUFFICIENT, 2),
        (VenueRefused(777, "no", "call"), Refusal.REJECTED, 777),
        (RateLimited("call", 5), Refusal.RATE_LIMITED, 0),
        (AuthError("key"), Refusal.AUTH, 0),
        (VenueFatal("region"), Refusal.REJECTED, 0),
    ],
)
def test_a_definite_no_is_a_refusal(error: Exception, kind: Refusal, ret_code: int) -> None:
    event = _Orders().submit(error)
    assert isinstance(event, OrderRefused)
    assert (event.refusal, event.ret_code) == (kind, ret_code)


def test_a_timeout_is_never_a_refusal() -> None:
    assert _Orders().submit(TransportError("timed out")) == OutcomeUnknown("w-1", "timed out", 50)


def test_a_link_id_that_exists_already_means_that_the_order_arrived() -> None:
    assert isinstance(_Orders().submit(VenueRefused(9, "duplicate", "call")), OutcomeUnknown)


def test_an_order_whose_job_breaks_off_is_unknown_and_one_never_started_is_not_sent() -> None:
    job = _Orders().actions.submit(intent("w-1"), None)
    (unknown,), (refused,) = job.lost("bug"), job.skipped("full")
    assert unknown == OutcomeUnknown("w-1", "bug", 50)
    assert isinstance(refused, OrderRefused)
    assert refused.refusal is Refusal.NOT_SENT


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (VenueRefused(1, "beyond the price", "call"), True),
        (VenueRefused(3, "maintenance", "call"), False),
        (VenueRefused(4, "timestamp", "call"), False),
        (RateLimited("call", 5), False),
        (TransportError("cut"), False),
        (AuthError("key"), False),
    ],
)
def test_a_stop_is_refused_only_for_what_it_asks(error: Exception, refused: bool) -> None:
    answer = _Orders().stop(error)
    assert (answer.request_no, answer.done, answer.refused) == (7, False, refused)


@pytest.mark.parametrize("error", _FAILURES, ids=repr)
def test_leverage_and_cancel_survive_every_failure(error: Exception) -> None:
    orders = _Orders()
    orders.gateway.fail["A"] = error
    (answer,) = orders.actions.set_leverage(SetLeverage("A", Decimal(5))).run(orders.gateway)
    assert not answer.done  # type: ignore[union-attr]
    assert list(orders.actions.cancel(CancelOrder("A", "w-1")).run(orders.gateway)) == []
    assert len(orders.fatal) == (2 if isinstance(error, AuthError | VenueFatal) else 0)


class _Reads:
    def __init__(self, **answers: Any) -> None:
        self.fatal: list[Exception] = []
        self.clock = ManualClock(1000)
        self.venue = Venue(self.clock)
        for question, answer in answers.items():
            self.venue.answers[question] = _said(answer)
        self.actions = ReadActions(self.clock, ("A",), self.fatal.append)

    def run(self, job: Any) -> list[Any]:
        return list(job.run(Readers(self.venue, self.venue)))


def _said(answer: Any) -> Any:
    def say(*_: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return say


_LOOK = LookUpOrder("A", "w-1")


def test_a_found_order_comes_after_its_fills() -> None:
    reads = _Reads(order_by_link_id="order", executions_of_order=["x1", "x2"])
    fill1, fill2, verdict = reads.run(reads.actions.look_up(_LOOK))
    assert (fill1, fill2) == (Filled("x1", 1200), Filled("x2", 1200))  # type: ignore[arg-type]
    assert verdict == OrderLookedUp("w-1", LookUpVerdict.FOUND, "order", 1000, "", 1200)  # type: ignore[arg-type]


def test_an_order_is_absent_only_when_the_venue_says_so() -> None:
    reads = _Reads(order_by_link_id=None)
    assert reads.run(reads.actions.look_up(_LOOK)) == [
        OrderLookedUp("w-1", LookUpVerdict.ABSENT, None, 1000, "", 1100)
    ]


@pytest.mark.parametrize("error", _FAILURES, ids=repr)
@pytest.mark.parametrize("question", ["order_by_link_id", "executions_of_order"])
def test_a_failed_look_up_is_unanswered(question: str, error: Exception) -> None:
    answers = {"order_by_link_id": "order", "executions_of_order": []} | {question: error}
    reads = _Reads(**answers)
    (verdict,) = reads.run(reads.actions.look_up(_LOOK))
    assert (verdict.verdict, verdict.order) == (LookUpVerdict.UNANSWERED, None)
    assert verdict.reason


def test_answers_are_known_with_the_time_of_the_question() -> None:
    reads = _Reads(snapshot="snap", executions=["x"], candles=["c"])
    assert reads.run(reads.actions.snapshot(FetchSnapshot(3))) == [
        SnapshotFetched(3, Known("snap", 1000), 1100)  # type: ignore[arg-type]
    ]
    assert reads.run(reads.actions.executions(FetchExecutions("A", 7))) == [
        ExecutionsFetched("A", 7, Known(("x",), 1100), 1200)  # type: ignore[arg-type]
    ]
    (history,) = reads.run(reads.actions.history(FetchHistory("A", "5", 1, 2, 10)))
    assert isinstance(history, HistoryFetched)
    assert history.candles == Known(("c",), 1200)


@pytest.mark.parametrize("error", _FAILURES, ids=repr)
def test_a_failed_question_is_unknown_never_empty(error: Exception) -> None:
    reads = _Reads(snapshot=error, executions=error, candles=error, instruments=error)
    actions = reads.actions
    answers = [
        *(e.snapshot for e in reads.run(actions.snapshot(FetchSnapshot(1)))),
        *(e.executions for e in reads.run(actions.executions(FetchExecutions("A", 0)))),
        *(e.candles for e in reads.run(actions.history(FetchHistory("A", "5", None, None, 10)))),
        *(e.instruments for e in reads.run(actions.instruments())),
    ]
    assert len(answers) == 4
    assert all(isinstance(answer, Unknown) and answer.reason for answer in answers)
    assert len(reads.fatal) == (4 if isinstance(error, AuthError | VenueFatal) else 0)


def test_a_question_that_breaks_off_is_unknown_too() -> None:
    reads, sink = _Reads(), Sink()
    for event in reads.actions.snapshot(FetchSnapshot(4)).lost("a bug"):
        sink.put(event)
    assert sink.wait() == [SnapshotFetched(4, Unknown("a bug"), 1000)]
