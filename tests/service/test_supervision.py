"""The supervisor watches every other thread; when it breaks itself, the daemon still ends in order."""

from __future__ import annotations

import threading
from collections.abc import Callable

from whalebot.app.supervisor import Supervisor
from whalebot.domain.events import Command, Event, Order
from whalebot.runtime.clock import ManualClock
from whalebot.runtime.lifecycle import ThreadWatch


class Told:
    """A sink that remembers, and can be waited for."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.came = threading.Event()

    def put(self, event: Event) -> None:
        self.events.append(event)
        self.came.set()

    def wait_settled(self, timeout_s: float) -> bool:
        return True


def nothing() -> None:
    """No news."""


def made(told: Told, broken: Callable[[], str] = str, news: Callable[[], None] = nothing) -> Supervisor:
    return Supervisor(told, ManualClock(7), ThreadWatch(), str, broken, None, news)


def reason_of(told: Told) -> str:
    assert told.came.wait(30)
    (command,) = told.events
    assert isinstance(command, Command)
    assert (command.order, command.recv_ms) == (Order.STOP, 7)
    return command.source


def test_a_supervisor_that_breaks_stops_the_daemon() -> None:
    def explode() -> str:
        raise OSError("no such process")

    told = Told()
    supervisor = made(told, explode)
    supervisor.start()
    assert "the supervisor broke: OSError" in reason_of(told)
    assert supervisor.failure == reason_of(told)
    supervisor.thread.join(30)
    supervisor.check()
    assert len(told.events) == 1


def test_a_supervisor_that_died_without_a_word_is_noticed_by_the_loop() -> None:
    told = Told()
    supervisor = made(told)
    supervisor.check()
    supervisor.thread = threading.Thread(target=nothing)
    supervisor.thread.start()
    supervisor.thread.join(30)
    supervisor.check()
    supervisor.check()
    assert reason_of(told) == "thread supervisor died"


def test_a_living_or_stopped_supervisor_is_left_alone() -> None:
    told = Told()
    supervisor = made(told)
    supervisor.start()
    supervisor.check()
    supervisor.stop()
    supervisor.check()
    assert not told.events
    assert supervisor.failure == ""


def test_news_are_told_while_the_daemon_runs() -> None:
    heard = threading.Event()
    supervisor = made(Told(), news=heard.set)
    supervisor.start()
    assert heard.wait(30)
    supervisor.stop()


def test_news_that_hang_do_not_keep_the_end_from_coming() -> None:
    gate = threading.Event()
    told = Told()
    supervisor = made(told, lambda: "the exchange ended", lambda: gate.wait(60) and None)
    supervisor.start()
    assert reason_of(told) == "the exchange ended"
    gate.set()
    supervisor.thread.join(30)
    assert len(told.events) == 1
