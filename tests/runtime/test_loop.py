"""The loop: one event after the other, timers in time, an end for every case."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from runtime_samples import command, ticker

from whalebot.domain.effects import Alert, Effect, FetchInstruments, Notice, PublishView, Stopped
from whalebot.domain.enums import Level
from whalebot.domain.events import Event, Order, TimerDue
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.loop import EXIT_BUG, EXIT_CLEAN, Loop, LoopEnd, LoopOutputs, LoopSettings


class _Engine:
    """Answers with effects by event type; stops at Command(STOP). `due` is the next timer, in ms."""

    def __init__(self) -> None:
        self.seen: list[Event] = []
        self.first: list[Effect] = []
        self.answers: dict[type, Callable[[Any], Sequence[Effect]]] = {}
        self.due: int | None = None

    def start(self, real_ms: int) -> Sequence[Effect]:
        return self.first

    def process(self, event: Event) -> Sequence[Effect]:
        self.seen.append(event)
        if isinstance(event, TimerDue):
            self.due = None
        if event == command(Order.STOP):
            return [Stopped("told to")]
        return self.answers.get(type(event), lambda _: [])(event)

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        return None if self.due is None else max(0, self.due - real_ms)


class _Lanes:
    def __init__(self) -> None:
        self.dispatched: list[Effect] = []
        self.error: Exception | None = None

    def dispatch_all(self, effects: Sequence[Effect]) -> None:
        if self.error is not None:
            raise self.error
        self.dispatched.extend(effects)


class _Bench:
    def __init__(self, source: Any = None) -> None:
        self.engine, self.lanes, self.clock, self.inbox = _Engine(), _Lanes(), ManualClock(1000), Inbox()
        self.views, self.notices, self.progress = ViewHolder(), list[Notice](), list[int]()
        outputs = LoopOutputs(self.views, self.notices.append, lambda: self.progress.append(1))
        self.loop = Loop(
            self.engine,
            source or self.inbox,
            self.lanes,
            self.clock,
            outputs,
            LoopSettings(idle_ms=20, slow_ms=0),
        )

    def run(self, *events: Event) -> LoopEnd:
        for event in (*events, command(Order.STOP)):
            self.inbox.put(event)
        return self.loop.run()


def test_effects_go_where_they_belong() -> None:
    bench = _Bench()
    notice, view = Notice(Level.INFO, "k", "t"), object()
    bench.engine.first = [FetchInstruments()]
    bench.engine.answers[type(command())] = lambda _: [notice, PublishView(view), FetchInstruments()]  # type: ignore[arg-type]
    assert bench.run(command(Order.PAUSE)) == LoopEnd("told to", EXIT_CLEAN)
    assert bench.notices == [notice]
    assert bench.views.read() is view
    assert bench.lanes.dispatched == [FetchInstruments()] * 2


def test_views_are_told_to_whoever_listens() -> None:
    heard: list[object] = []
    holder = ViewHolder(heard.append)
    view: Any = object()
    holder.publish(view)
    assert (heard, holder.read()) == ([view], view)


class _TimedSource:
    """Lets time pass instead of waiting; stops the engine after some turns."""

    def __init__(self, clock: ManualClock, turns: int) -> None:
        self.clock, self.turns, self.waits = clock, turns, list[float | None]()

    def get(self, timeout_s: float | None) -> Event | None:
        self.waits.append(timeout_s)
        self.turns -= 1
        if self.turns < 0:
            return command(Order.STOP)
        self.clock.advance(int((timeout_s or 0) * 1000))
        return None


def test_a_timer_is_told_when_it_is_due_and_not_before() -> None:
    bench = _Bench()
    source = _TimedSource(bench.clock, 4)
    bench.loop = Loop(
        bench.engine,
        source,
        bench.lanes,
        bench.clock,
        LoopOutputs(bench.views, bench.notices.append, lambda: None),
        LoopSettings(idle_ms=20),
    )
    bench.engine.due = 1050
    bench.loop.run()
    assert source.waits == [0.02, 0.02, 0.01, 0.02, 0.02]
    assert bench.engine.seen[0] == TimerDue(1050)


def test_events_go_before_a_due_timer_and_do_not_starve_it() -> None:
    bench = _Bench()
    bench.engine.due = 0
    bench.inbox.put(ticker(last=1))
    bench.engine.answers[TimerDue] = lambda _: [Stopped("the timer was due")]
    bench.loop.run()
    assert [type(event).__name__ for event in bench.engine.seen] == ["TickerChanged", "TimerDue"]


def test_a_bug_of_the_engine_ends_with_its_code_and_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    bench = _Bench()
    bench.engine.answers[type(command())] = lambda _: [][0]
    with caplog.at_level(logging.CRITICAL):
        end = bench.run(command(Order.PAUSE))
    assert end.exit_code == EXIT_BUG
    assert "IndexError" in end.reason
    (alert,) = bench.lanes.dispatched
    assert isinstance(alert, Alert)
    assert alert.level is Level.CRITICAL
    assert caplog.records[0].exc_info is not None


def test_lanes_that_fail_are_a_bug_too() -> None:
    bench = _Bench()
    bench.engine.first = [FetchInstruments()]
    bench.lanes.error = RuntimeError("no lanes")
    assert bench.run().exit_code == EXIT_BUG


def test_a_halt_ends_the_loop_whatever_the_engine_wants() -> None:
    bench = _Bench()
    halt = threading.Timer(0.02, bench.loop.halt, ["time is over"])
    halt.start()
    assert bench.loop.run() == LoopEnd("time is over", EXIT_CLEAN)
    halt.join(30)


def test_progress_is_told_while_the_loop_goes_round_and_not_too_often() -> None:
    bench = _Bench()
    bench.run(*(command(Order.PAUSE, at) for at in range(50)))
    assert len(bench.progress) == 1
    bench = _Bench()
    source = _TimedSource(bench.clock, 200)
    bench.loop = Loop(
        bench.engine,
        source,
        bench.lanes,
        bench.clock,
        LoopOutputs(bench.views, bench.notices.append, lambda: bench.progress.append(1)),
        LoopSettings(idle_ms=20, progress_ms=500),
    )
    bench.loop.run()
    assert len(bench.progress) == 1 + 200 * 20 // 500


def test_health_counts_events_and_names_the_slowest() -> None:
    bench = _Bench()
    bench.run(command(Order.PAUSE), command(Order.RESUME))
    health = bench.loop.health()
    assert health.processing.count == 3
    assert health.slow == 3
    assert health.slowest_kind == "Command"
    assert 0 < health.processing.p50_us <= health.processing.p99_us
