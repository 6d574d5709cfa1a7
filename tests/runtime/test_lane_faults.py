"""Lanes when time or disk go wrong: nothing stale leaves, and a fault that is over is told to be over."""

from __future__ import annotations

import threading

import pytest
from runtime_ports import Gateway, Sink, States
from runtime_samples import document, intent
from trade_samples import closed_trade

from whalebot.domain.events import (
    Event,
    OrderAccepted,
    OrderRefused,
    Refusal,
    StorageFailed,
    StorageRecovered,
)
from whalebot.domain.trade import ClosedTrade
from whalebot.runtime import order_actions
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.order_actions import LATEST_LEAVE_MS, OrderActions, RetCodes
from whalebot.runtime.pool import Job, WorkerPool
from whalebot.runtime.saving import DocumentSave, HistoryWriter, NewestDocument, StorageHealth


def submitted(age_ms: int, reduce_only: bool) -> list[Event]:
    clock = ManualClock(age_ms)
    order = intent("w-1", reduce_only=reduce_only)
    save = DocumentSave(document(order), States([]), StorageHealth(clock, list[Event]().append))
    actions = OrderActions(clock, RetCodes(), lambda error: None)
    return list(actions.submit(order, save).run(Gateway([])))


def test_an_entry_that_waited_too_long_in_its_lane_does_not_leave() -> None:
    """Behind a request that hangs, or on a machine that slept: the price it was decided on is gone."""
    (late,) = submitted(LATEST_LEAVE_MS + 1, reduce_only=False)
    assert isinstance(late, OrderRefused)
    assert late.refusal is Refusal.NOT_SENT


@pytest.mark.parametrize(("age_ms", "reduce_only"), [(LATEST_LEAVE_MS, False), (86_400_000, True)])
def test_an_entry_in_time_and_an_exit_at_any_time_leave(age_ms: int, reduce_only: bool) -> None:
    (event,) = submitted(age_ms, reduce_only)
    assert isinstance(event, OrderAccepted)


def test_an_exit_that_waited_too_long_in_its_lane_does_not_leave() -> None:
    """By then it may count as never arrived: nobody would follow it, and another one may have left."""
    clock, order, sent = ManualClock(1_000_000), intent("w-1", reduce_only=True), list[str]()
    save = DocumentSave(document(order), States([]), StorageHealth(clock, list[Event]().append))
    job = OrderActions(clock, RetCodes(), lambda error: None).submit(order, save)
    clock.advance(LATEST_LEAVE_MS + 1)
    (late,) = job.run(Gateway(sent))
    assert isinstance(late, OrderRefused)
    assert (late.refusal, sent) == (Refusal.NOT_SENT, [])


def test_an_exit_leaves_although_the_disk_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(order_actions, "EXIT_WAITS_S", 0.05)
    clock, states, way_out = ManualClock(0), States([]), intent("w-1", reduce_only=True)
    states.gate = threading.Event()
    told: list[Event] = []
    health = StorageHealth(clock, told.append)
    save = DocumentSave(document(way_out), states, health)
    actions = OrderActions(clock, RetCodes(), lambda error: None)
    (accepted,) = actions.submit(way_out, save).run(Gateway([]))
    (failed,) = told
    assert isinstance(failed, StorageFailed)
    assert "not answered" in failed.reason
    assert isinstance(accepted, OrderAccepted)
    # The save went on. That writing works again is told with the next one, which the engine asks for.
    states.gate.set()
    assert save.ensure() == ""
    assert told == [failed]
    health.worked("state")
    assert told == [failed, StorageRecovered(0)]


class _Trades:
    def __init__(self) -> None:
        self.error: Exception | None = ValueError("not a number")

    def append(self, trade: ClosedTrade) -> None:
        if self.error is not None:
            raise self.error


def carried_out(sink: Sink, job: Job[tuple[()]]) -> list[Event]:
    trouble = list[BaseException]()
    pool: WorkerPool[tuple[()]] = WorkerPool("t", 1, lambda: (), sink, lambda _, error: trouble.append(error))
    pool.start()
    pool.submit("k", job)
    assert pool.drain(5)
    pool.stop(5)
    return [sink.queue.get() for _ in range(sink.queue.qsize())]


def test_a_history_fault_nobody_expected_is_over_once_writing_works() -> None:
    clock, trades, sink = ManualClock(9), _Trades(), Sink()
    writer = HistoryWriter(trades, StorageHealth(clock, sink.put), clock)

    def record() -> list[Event]:
        run = lambda _: writer.append(closed_trade())  # noqa: E731
        return carried_out(sink, Job("record", run, writer.lost, writer.lost))

    (failed,) = record()
    assert isinstance(failed, StorageFailed)
    trades.error = None
    assert StorageRecovered(9) in record()


def test_a_document_whose_job_never_ran_does_not_keep_later_ones_from_being_written() -> None:
    clock, states = ManualClock(9), States([])
    told: list[Event] = []
    newest = NewestDocument(states, StorageHealth(clock, told.append))
    assert newest.offer(document(revision=1))
    assert newest.lost("1000 jobs are waiting") == ()
    assert [type(event) for event in told] == [StorageFailed]
    assert newest.offer(document(revision=2))
    assert newest.write() == ()
    assert told[1:] == [StorageRecovered(9)]
    assert states.journal == ["save 2"]
