"""The end in order and in time, signals, and threads that die."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Iterator

import pytest
from runtime_ports import Sink

from whalebot.domain.events import Command, Order
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lifecycle import Phase, ThreadWatch, shut_down
from whalebot.runtime.signals import FORCED_EXIT, SignalWatch


def test_phases_run_in_order_and_a_failed_one_does_not_keep_the_next_from_running() -> None:
    done: list[str] = []

    def fail(_: float) -> bool:
        raise OSError("disk gone")

    results = shut_down(
        (
            Phase("lanes", lambda _: not done.append("lanes"), 1.0),
            Phase("streams", fail, 1.0),
            Phase("late", lambda _: False, 1.0),
            Phase("state", lambda _: not done.append("state"), 1.0),
        ),
        4.0,
    )
    assert done == ["lanes", "state"]
    assert [bool(result.problem) for result in results] == [False, True, True, False]
    assert "disk gone" in results[1].problem


def test_each_phase_gets_its_limit_and_no_more_than_is_left() -> None:
    given: list[float] = []
    note = Phase("x", lambda limit_s: not given.append(limit_s), 900.0)
    shut_down((note, Phase("y", note.run, 0.5)), 200.0)
    shut_down((note,), 0.0)
    assert 150.0 < given[0] <= 200.0
    assert given[1] == 0.5
    assert given[2] == 0.05


def test_a_dead_thread_is_told_once() -> None:
    gate = threading.Event()
    alive, dead = threading.Thread(target=gate.wait, name="alive"), threading.Thread(target=int, name="dead")
    watch = ThreadWatch()
    for thread in (alive, dead):
        thread.start()
    watch.expect((alive, dead))
    dead.join(30)
    assert watch.newly_dead() == ("dead",)
    assert watch.newly_dead() == ()
    gate.set()
    alive.join(30)
    assert watch.newly_dead() == ("alive",)


class _Signals:
    def __init__(self, stop_limit_s: float = 60.0) -> None:
        self.sink = Sink()
        self.said: queue.Queue[str | int] = queue.Queue()
        self.watch = SignalWatch(
            self.sink,
            ManualClock(7),
            self._reload,
            self.said.put,
            stop_limit_s,
            self.said.put,
        )
        self.reload_error: Exception | None = None

    def _reload(self) -> None:
        self.said.put("reload")
        if self.reload_error is not None:
            raise self.reload_error


@pytest.fixture
def signals() -> Iterator[_Signals]:
    found = _Signals()
    found.watch.start()
    yield found
    found.watch.stop()


def _send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_asks_the_engine_to_stop(signals: _Signals, number: signal.Signals) -> None:
    _send(number)
    assert signals.sink.wait() == [Command(Order.STOP, number.name, 7)]


def test_a_second_interrupt_ends_at_once(signals: _Signals) -> None:
    _send(signal.SIGTERM)
    signals.sink.wait()
    _send(signal.SIGINT)
    assert signals.said.get(timeout=30) == FORCED_EXIT
    assert signals.sink.queue.empty()


def test_a_second_terminate_changes_nothing(signals: _Signals) -> None:
    _send(signal.SIGINT)
    signals.sink.wait()
    _send(signal.SIGTERM)
    _send(signal.SIGHUP)
    assert signals.said.get(timeout=30) == "reload"
    assert signals.sink.queue.empty()


def test_a_reload_that_fails_leaves_the_watch_listening(signals: _Signals) -> None:
    signals.reload_error = ValueError("broken file")
    _send(signal.SIGHUP)
    assert signals.said.get(timeout=30) == "reload"
    _send(signal.SIGINT)
    assert isinstance(signals.sink.wait()[0], Command)


def test_an_engine_that_does_not_stop_is_halted() -> None:
    found = _Signals(stop_limit_s=0.02)
    found.watch.start()
    try:
        _send(signal.SIGINT)
        assert "did not stop" in str(found.said.get(timeout=30))
    finally:
        found.watch.stop()


def test_signals_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    found = _Signals()
    found.watch.start()
    assert signal.getsignal(signal.SIGINT) is not before
    found.watch.stop()
    assert signal.getsignal(signal.SIGINT) is before
