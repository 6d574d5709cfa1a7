"""Workers: order within a key, no waiting between keys, and nothing lost in silence."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from runtime_ports import Sink

from whalebot.domain.events import Event, TimerDue
from whalebot.runtime.pool import Job, WorkerPool

Tools = dict[str, int]


class _Bench:
    def __init__(self, workers: int = 2, max_waiting: int = 1000) -> None:
        self.sink = Sink()
        self.trouble: list[tuple[str, BaseException]] = []
        self.made: list[str] = []
        self.broken_tools = 0
        self.pool: WorkerPool[Tools] = WorkerPool(
            "test", workers, self._make, self.sink, lambda n, e: self.trouble.append((n, e)), max_waiting
        )

    def _make(self) -> Tools:
        self.made.append(threading.current_thread().name)
        if self.broken_tools:
            self.broken_tools -= 1
            raise OSError("no tools yet")
        return {}


@pytest.fixture
def bench() -> Iterator[_Bench]:
    bench = _Bench()
    bench.pool.start()
    yield bench
    bench.pool.stop(5)


def _job(at: int, work: Callable[[], None] = lambda: None) -> Job[Tools]:
    def run(_: Tools) -> Iterator[Event]:
        work()
        yield TimerDue(at)

    return Job(
        f"job {at}",
        run,
        lost=lambda reason: [TimerDue(at + 1000)],
        skipped=lambda reason: [TimerDue(at + 2000)],
    )


def _times(events: list[Event]) -> list[int]:
    return [event.recv_ms for event in events]


def test_jobs_of_a_key_run_in_order(bench: _Bench) -> None:
    for at in range(200):
        bench.pool.submit("A", _job(at))
    assert _times(bench.sink.wait(200)) == list(range(200))


def test_a_slow_key_does_not_hold_up_another(bench: _Bench) -> None:
    gate = threading.Event()
    bench.pool.submit("slow", _job(1, lambda: _pass(gate)))
    bench.pool.submit("slow", _job(2))
    bench.pool.submit("quick", _job(3))
    assert _times(bench.sink.wait(1)) == [3]
    gate.set()
    assert _times(bench.sink.wait(2)) == [1, 2]


def test_each_worker_has_tools_of_its_own_made_in_its_thread(bench: _Bench) -> None:
    barrier = threading.Barrier(2)
    for key in "AB":
        bench.pool.submit(key, _job(1, lambda: _meet(barrier)))
    bench.sink.wait(2)
    assert sorted(bench.made) == ["test-1", "test-2"]


def test_tools_that_cannot_be_made_are_tried_again() -> None:
    bench = _Bench(workers=1)
    bench.broken_tools = 2
    bench.pool.start()
    bench.pool.submit("A", _job(1))
    bench.pool.submit("A", _job(2))
    assert _times(bench.sink.wait(2)) == [2001, 2]
    assert [str(error) for _, error in bench.trouble] == ["no tools yet"] * 2
    assert bench.pool.stop(5)


def test_a_job_that_breaks_off_is_told_and_the_worker_lives_on() -> None:
    bench = _Bench(workers=1)
    bench.pool.start()
    bench.pool.submit("A", _job(1, _break))
    bench.pool.submit("A", _job(2))
    assert _times(bench.sink.wait(2)) == [1001, 2]
    (name, error), (health,) = *bench.trouble, bench.pool.health()
    assert name == "test-1"
    assert isinstance(error, ZeroDivisionError)
    assert (health.alive, health.failed) == (True, 1)
    assert "ZeroDivisionError" in health.last_error
    assert bench.pool.stop(5)


def test_a_full_pool_answers_at_once() -> None:
    bench = _Bench(workers=1, max_waiting=2)
    for at in (1, 2, 3):
        bench.pool.submit("A", _job(at))
    assert _times(bench.sink.wait(1)) == [2003]
    bench.pool.start()
    assert _times(bench.sink.wait(2)) == [1, 2]
    assert bench.pool.stop(5)


def test_drain_waits_for_what_runs_and_what_waits(bench: _Bench) -> None:
    gate = threading.Event()
    bench.pool.submit("A", _job(1, lambda: _pass(gate)))
    bench.pool.submit("A", _job(2))
    assert not bench.pool.drain(0.01)
    gate.set()
    assert bench.pool.drain(5)
    assert _times(bench.sink.wait(2)) == [1, 2]


def test_stop_ends_the_threads_and_later_jobs_are_answered(bench: _Bench) -> None:
    assert bench.pool.stop(5)
    bench.pool.submit("A", _job(1))
    assert _times(bench.sink.wait(1)) == [2001]
    assert not any(health.alive for health in bench.pool.health())


def test_stop_does_not_wait_for_a_hanging_job_beyond_its_time(bench: _Bench) -> None:
    gate = threading.Event()
    started = threading.Event()
    bench.pool.submit("A", _job(1, lambda: (started.set(), _pass(gate))[1]))
    assert started.wait(30)
    bench.pool.submit("A", _job(2))
    assert not bench.pool.stop(0.05)
    busy = [health for health in bench.pool.health() if health.busy_s is not None]
    assert [health.doing for health in busy] == ["job 1"]
    gate.set()
    assert bench.pool.stop(5)
    assert _times(bench.sink.wait(1)) == [1]
    assert bench.sink.queue.empty()


def test_counted_jobs_are_balanced_however_they_end() -> None:
    bench = _Bench(workers=1)
    bench.pool.start()
    bench.pool.submit("A", _job(1))
    bench.pool.submit("A", _job(2, _break))
    assert bench.pool.drain(5)
    gate, started = threading.Event(), threading.Event()
    bench.pool.submit("A", _job(3, lambda: (started.set(), _pass(gate))[1]))
    assert started.wait(30)
    bench.pool.submit("A", _job(4))
    assert not bench.pool.stop(0.01)
    gate.set()
    assert bench.pool.stop(5)
    assert bench.sink.started == bench.sink.finished == 4


def _pass(gate: threading.Event) -> None:
    assert gate.wait(30)


def _meet(barrier: threading.Barrier) -> None:
    barrier.wait(30)


def _break() -> None:
    raise ZeroDivisionError("a bug")


def test_a_worker_outlives_a_job_whose_loss_cannot_be_told_either(bench: _Bench) -> None:
    def broken(*_: object) -> Iterator[Event]:
        raise ArithmeticError("inside")

    for key in ("A", "B"):
        bench.pool.submit(key, Job("broken", broken, lost=broken, skipped=broken))
    bench.pool.submit("A", _job(1))
    assert _times(bench.sink.wait(1)) == [1]
    assert bench.pool.drain(30)
    assert bench.sink.finished == 3
    assert all(worker.alive for worker in bench.pool.health())
