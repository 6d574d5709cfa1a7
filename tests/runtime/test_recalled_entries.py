"""Entries that wait in a lane when everything is to stop are answered as not sent; all else stays."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from runtime_ports import Gateway, People, Sink, States, Trades, Venue
from runtime_samples import document, intent

from whalebot.domain.effects import Persist, RecallEntries, SubmitOrder
from whalebot.domain.events import OrderAccepted, OrderRefused, Refusal
from whalebot.domain.orders import OrderIntent
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lanes import LanePorts, Lanes
from whalebot.runtime.read_actions import Readers


class _Bench:
    def __init__(self) -> None:
        self.journal: list[str] = []
        self.clock, self.sink, people = ManualClock(1000), Sink(), People()
        self.gateway, self.states = Gateway(self.journal), States(self.journal)
        venue = Venue(self.clock)
        ports = LanePorts(
            lambda: self.gateway,
            lambda: Readers(venue, venue),
            self.states,
            Trades(self.journal),
            people,
            people,
        )
        self.trouble: list[BaseException] = []
        self.lanes = Lanes(
            ports, ("A", "B"), self.sink, self.clock, lambda _, error: self.trouble.append(error)
        )

    def send(self, *orders: OrderIntent) -> None:
        self.lanes.dispatch_all([Persist(document(*orders)), *(SubmitOrder(o) for o in orders)])


@pytest.fixture
def bench() -> Iterator[_Bench]:
    bench = _Bench()
    bench.lanes.start()
    yield bench
    bench.lanes.stop(5)


def test_an_entry_behind_a_request_that_hangs_does_not_leave_any_more(bench: _Bench) -> None:
    gate = bench.gateway.hold["w-1"] = threading.Event()
    bench.send(intent("w-1"), intent("w-2"))
    bench.lanes.dispatch_all([RecallEntries(("w-2",))])
    gate.set()
    accepted, refused = bench.sink.wait(2)
    assert accepted == OrderAccepted("w-1", "venue-w-1", 1000)
    assert refused == OrderRefused("w-2", Refusal.NOT_SENT, 0, "it was recalled before it left", 1000)
    assert bench.journal == ["save 1", "submit w-1"]


def test_an_entry_that_waits_for_the_disk_does_not_leave_any_more(bench: _Bench) -> None:
    gate = bench.states.gate = threading.Event()
    bench.send(intent("w-1"))
    assert bench.states.entered.wait(30)
    bench.lanes.dispatch_all([RecallEntries(("w-1",))])
    gate.set()
    (refused,) = bench.sink.wait()
    assert isinstance(refused, OrderRefused)
    assert refused.refusal is Refusal.NOT_SENT
    assert bench.journal == ["save 1"]


def test_an_entry_in_the_same_breath_as_its_recall_does_not_leave(bench: _Bench) -> None:
    gate = bench.states.gate = threading.Event()
    entry = intent("w-1")
    bench.lanes.dispatch_all([Persist(document(entry)), SubmitOrder(entry), RecallEntries(("w-1",))])
    gate.set()
    assert isinstance(bench.sink.wait()[0], OrderRefused)
    assert bench.journal == ["save 1"]


def test_exits_and_later_entries_leave(bench: _Bench) -> None:
    bench.lanes.dispatch_all([RecallEntries(("w-1",))])
    bench.send(intent("w-2", reduce_only=True))
    assert bench.sink.wait() == [OrderAccepted("w-2", "venue-w-2", 1000)]
    bench.send(intent("w-3"))
    assert bench.sink.wait() == [OrderAccepted("w-3", "venue-w-3", 1000)]
    assert not bench.trouble
