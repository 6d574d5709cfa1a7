"""Lanes: nothing leaves before it is on disk, exits never wait, answers are told as what they are."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from runtime_ports import Gateway, People, Sink, States, Trades, Venue
from runtime_samples import document, intent
from trade_samples import closed_trade

from whalebot.domain.effects import (
    Alert,
    AmendStop,
    CancelOrder,
    FetchHistory,
    FetchInstruments,
    LookUpOrder,
    Persist,
    RecordTrade,
    Resubscribe,
    SetLeverage,
    Stopped,
    SubmitOrder,
)
from whalebot.domain.enums import Level, Stream, TriggerBy
from whalebot.domain.errors import AuthError, BugError
from whalebot.domain.events import (
    Event,
    InstrumentsFetched,
    LeverageAnswered,
    OrderAccepted,
    OrderLookedUp,
    OrderRefused,
    Refusal,
    StopAmended,
    StorageFailed,
    StorageRecovered,
    TradeRecorded,
)
from whalebot.domain.known import Known
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lanes import LanePorts, Lanes
from whalebot.runtime.read_actions import Readers


class _Bench:
    def __init__(self) -> None:
        self.journal: list[str] = []
        self.clock = ManualClock(1000)
        self.sink = Sink()
        self.trouble: list[BaseException] = []
        self.gateway = Gateway(self.journal)
        self.states = States(self.journal)
        self.trades = Trades(self.journal)
        self.people = People()
        self.venue = Venue(self.clock)
        ports = LanePorts(
            lambda: self.gateway,
            lambda: Readers(self.venue, self.venue),
            self.states,
            self.trades,
            self.people,
            self.people,
        )
        self.lanes = Lanes(
            ports, ("A", "B"), self.sink, self.clock, lambda _, error: self.trouble.append(error)
        )


@pytest.fixture
def bench() -> Iterator[_Bench]:
    bench = _Bench()
    bench.lanes.start()
    yield bench
    bench.lanes.stop(5)


def _stop_change(symbol: str = "A") -> AmendStop:
    return AmendStop(symbol, 7, 0, Decimal(9), None, TriggerBy.LAST_PRICE)


def test_the_document_is_saved_before_its_order_leaves(bench: _Bench) -> None:
    entry = intent("w-1")
    bench.lanes.dispatch_all([Persist(document(entry)), SubmitOrder(entry)])
    assert bench.sink.wait() == [OrderAccepted("w-1", "venue-w-1", 1000)]
    assert bench.journal == ["save 1", "submit w-1"]


def test_orders_of_several_symbols_share_one_save(bench: _Bench) -> None:
    orders = [intent("w-1", "A"), intent("w-2", "B"), intent("w-3", "A", reduce_only=True)]
    bench.lanes.dispatch_all([Persist(document(*orders)), *(SubmitOrder(o) for o in orders)])
    bench.sink.wait(3)
    assert bench.journal[0] == "save 1"
    assert sorted(bench.journal[1:]) == ["submit w-1", "submit w-2", "submit w-3"]


def test_an_entry_whose_document_cannot_be_saved_is_not_sent(bench: _Bench) -> None:
    bench.states.error = OSError(28, "No space left on device")
    entry = intent("w-1")
    bench.lanes.dispatch_all([Persist(document(entry)), SubmitOrder(entry)])
    failed, refused = bench.sink.wait(2)
    assert isinstance(failed, StorageFailed)
    assert isinstance(refused, OrderRefused)
    assert (refused.refusal, refused.ret_code) == (Refusal.NOT_SENT, 0)
    assert "No space left" in refused.reason
    assert bench.journal == []


def test_an_exit_leaves_although_the_disk_is_full(bench: _Bench) -> None:
    bench.states.error = OSError("full")
    way_out = intent("w-1", reduce_only=True)
    bench.lanes.dispatch_all([Persist(document(way_out)), SubmitOrder(way_out)])
    failed, accepted = bench.sink.wait(2)
    assert isinstance(failed, StorageFailed)
    assert accepted == OrderAccepted("w-1", "venue-w-1", 1000)


def test_the_document_is_saved_before_its_stop_leaves(bench: _Bench) -> None:
    bench.lanes.dispatch_all([Persist(document()), _stop_change()])
    (answer,) = bench.sink.wait()
    assert isinstance(answer, StopAmended)
    assert answer.done
    assert bench.journal[0] == "save 1"
    assert len(bench.journal) == 2


def test_a_stop_leaves_although_the_disk_is_full(bench: _Bench) -> None:
    bench.states.error = OSError("full")
    bench.lanes.dispatch_all([Persist(document()), _stop_change()])
    failed, answer = bench.sink.wait(2)
    assert isinstance(failed, StorageFailed)
    assert isinstance(answer, StopAmended)
    assert answer.done


@pytest.mark.parametrize("effects", [[], [Persist(document(intent("w-other")))]], ids=["none", "another"])
def test_an_entry_that_no_document_names_is_not_sent(bench: _Bench, effects: list[Persist]) -> None:
    bench.lanes.dispatch_all([*effects, SubmitOrder(intent("w-1"))])
    (refused,) = bench.sink.wait()
    assert isinstance(refused, OrderRefused)
    assert refused.refusal is Refusal.NOT_SENT
    assert "submit w-1" not in bench.journal


def test_recovery_of_the_disk_is_told_once(bench: _Bench) -> None:
    bench.states.error = OSError("full")
    bench.lanes.dispatch_all([Persist(document(revision=1))])
    assert isinstance(bench.sink.wait()[0], StorageFailed)
    bench.states.error = None
    for revision in (2, 3):
        bench.lanes.dispatch_all([Persist(document(revision=revision))])
        assert bench.lanes.flush_storage(5)
    assert bench.sink.wait() == [StorageRecovered(1000)]
    assert bench.sink.queue.empty()


def test_the_disk_has_recovered_only_when_all_that_failed_works(bench: _Bench) -> None:
    bench.states.error = bench.trades.error = OSError("full")
    trade = closed_trade()
    bench.lanes.dispatch_all([Persist(document()), RecordTrade(trade)])
    assert all(isinstance(event, StorageFailed) for event in bench.sink.wait(2))
    bench.states.error = None
    bench.lanes.dispatch_all([Persist(document(revision=2))])
    assert bench.lanes.flush_storage(5)
    assert bench.sink.queue.empty()
    bench.trades.error = None
    bench.lanes.dispatch_all([RecordTrade(trade)])
    assert bench.sink.wait(2) == [TradeRecorded(trade.trade_id, 1000, trade), StorageRecovered(1000)]


def test_that_writing_works_again_never_overtakes_that_it_failed(bench: _Bench) -> None:
    """The engine opens nothing from one until the other: in the wrong order it would never trade again."""
    entered, gate = threading.Event(), threading.Event()

    class SlowToTakeAFailure(queue.Queue[Event]):
        def put(self, item: Event, block: bool = True, timeout: float | None = None) -> None:
            if isinstance(item, StorageFailed):
                entered.set()
                assert gate.wait(60)
            super().put(item, block, timeout)

    bench.sink.queue = SlowToTakeAFailure()
    bench.states.error = OSError("full")
    bench.lanes.dispatch_all([Persist(document(revision=1))])
    assert entered.wait(30)
    bench.states.error = None
    entry = intent("w-1")
    bench.lanes.dispatch_all([Persist(document(entry, revision=2)), SubmitOrder(entry)])
    came_first: list[Event] = []
    with contextlib.suppress(queue.Empty):
        came_first.append(bench.sink.queue.get(timeout=0.2))
    gate.set()
    told = came_first + bench.sink.wait(3 - len(came_first))
    assert [type(event) for event in told] == [StorageFailed, StorageRecovered, OrderAccepted]


def test_documents_nobody_waits_for_are_written_newest_only(bench: _Bench) -> None:
    bench.states.gate = threading.Event()
    bench.lanes.dispatch_all([Persist(document(revision=1))])
    assert bench.states.entered.wait(30)
    for revision in range(2, 50):
        bench.lanes.dispatch_all([Persist(document(revision=revision))])
    bench.states.gate.set()
    assert bench.lanes.flush_storage(5)
    assert bench.journal == ["save 1", "save 49"]


def test_an_exit_does_not_wait_behind_a_request_that_hangs(bench: _Bench) -> None:
    gate = bench.gateway.hold["A"] = threading.Event()
    way_out = intent("w-9", "A", reduce_only=True)
    bench.lanes.dispatch_all([_stop_change("A")])
    bench.lanes.dispatch_all([Persist(document(way_out)), SubmitOrder(way_out)])
    assert bench.sink.wait() == [OrderAccepted("w-9", "venue-w-9", 1000)]
    gate.set()
    assert isinstance(bench.sink.wait()[0], StopAmended)


def test_an_exit_does_not_wait_behind_an_exit_that_hangs(bench: _Bench) -> None:
    gate = bench.gateway.hold["w-1"] = threading.Event()
    for name in ("w-1", "w-2"):
        way_out = intent(name, reduce_only=True)
        bench.lanes.dispatch_all([Persist(document(way_out)), SubmitOrder(way_out)])
    assert bench.sink.wait() == [OrderAccepted("w-2", "venue-w-2", 1000)]
    gate.set()
    assert bench.sink.wait() == [OrderAccepted("w-1", "venue-w-1", 1000)]


def test_a_reversal_closes_before_it_opens(bench: _Bench) -> None:
    gate = bench.gateway.hold["w-1"] = threading.Event()
    close, entry = intent("w-1", "A", reduce_only=True), intent("w-2", "A")
    bench.lanes.dispatch_all([Persist(document(close, entry)), SubmitOrder(close), SubmitOrder(entry)])
    assert not bench.lanes.drain(0.05)
    assert "submit w-2" not in bench.journal
    gate.set()
    bench.sink.wait(2)
    assert bench.journal == ["save 1", "submit w-1", "submit w-2"]


def test_effects_of_one_symbol_keep_their_order(bench: _Bench) -> None:
    entry = intent("w-1", "A")
    bench.lanes.dispatch_all([SetLeverage("A", Decimal(5))])
    bench.lanes.dispatch_all([Persist(document(entry)), SubmitOrder(entry)])
    bench.lanes.dispatch_all([_stop_change("A"), CancelOrder("A", "w-0")])
    assert bench.lanes.drain(5)
    assert bench.journal == ["leverage A 5", "save 1", "submit w-1", "stop A", "cancel w-0"]
    kinds = [type(event) for event in bench.sink.wait(3)]
    assert kinds == [LeverageAnswered, OrderAccepted, StopAmended]


def test_an_unsaved_trade_stays_with_the_engine(bench: _Bench) -> None:
    bench.trades.error = OSError("full")
    bench.lanes.dispatch_all([RecordTrade(closed_trade())])
    (failed,) = bench.sink.wait()
    assert isinstance(failed, StorageFailed)
    assert failed.what == "trade history"


def test_questions_are_answered_with_the_time_they_left(bench: _Bench) -> None:
    bench.venue.answers["instruments"] = lambda symbols: ()
    bench.lanes.dispatch_all([FetchInstruments()])
    assert bench.sink.wait() == [InstrumentsFetched(Known((), 1000), 1100)]


def test_questions_for_bars_that_hang_hold_up_no_question_about_the_account(bench: _Bench) -> None:
    gate = threading.Event()

    def candles(*_: object) -> tuple[()]:
        assert gate.wait(60)
        return ()

    bench.venue.answers["candles"] = candles
    bench.venue.answers["instruments"] = candles
    bench.venue.answers["order_by_link_id"] = lambda *_: None
    bars = [FetchHistory("A", interval, None, None, 10) for interval in ("5", "15", "60", "240")]
    bench.lanes.dispatch_all([*bars, FetchInstruments(), LookUpOrder("A", "w-1")])
    (first,) = bench.sink.wait()
    assert isinstance(first, OrderLookedUp)
    assert sum(w.name.startswith("history-") and w.alive for w in bench.lanes.health()) == 2
    gate.set()
    assert bench.lanes.drain(30)
    assert [name for name, _ in bench.lanes.waiting_by_lane()] == [
        "orders",
        "exits",
        "reads",
        "history",
        "storage",
    ]


def test_alerts_and_resubscriptions_go_to_their_ports(bench: _Bench) -> None:
    bench.lanes.dispatch_all([Alert(Level.WARNING, "k", "t", "x"), Resubscribe(Stream.PUBLIC, "B")])
    assert bench.people.said == [(Level.WARNING, "t", "x"), ("book", "B")]


def test_a_refused_key_is_reported(bench: _Bench) -> None:
    bench.gateway.fail["w-1"] = AuthError("key expired")
    entry = intent("w-1")
    bench.lanes.dispatch_all([Persist(document(entry)), SubmitOrder(entry)])
    (refused,) = bench.sink.wait()
    assert isinstance(refused, OrderRefused)
    assert refused.refusal is Refusal.AUTH
    assert [str(error) for error in bench.trouble] == ["key expired"]


def test_an_effect_of_the_loop_is_no_work_for_lanes(bench: _Bench) -> None:
    with pytest.raises(BugError, match="Stopped"):
        bench.lanes.dispatch_all([Stopped("x")])


def test_a_bug_in_saving_does_not_hold_an_exit(bench: _Bench) -> None:
    bench.states.error = BugError("would not read back")
    way_out = intent("w-1", reduce_only=True)
    bench.lanes.dispatch_all([Persist(document(way_out)), SubmitOrder(way_out)])
    assert isinstance(bench.sink.wait(2)[1], OrderAccepted)
