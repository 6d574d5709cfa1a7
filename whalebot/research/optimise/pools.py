"""Where tasks are played: in this process, in processes of this machine, on a Ray cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib import import_module
from multiprocessing import get_context, parent_process
from typing import Any, Final, Protocol

from whalebot.domain.errors import ConfigError
from whalebot.research.optimise.bench import Answer, Bench, Player, Task

_player: Player | None = None


class Pool(Protocol):
    """Takes tasks and gives answers in any order."""

    @property
    def jobs(self) -> int:
        """How many tasks are worked on at once."""
        ...

    def submit(self, task: Task) -> None:
        """Take a task."""
        ...

    def answers(self, timeout_s: float) -> list[Answer]:
        """Return what is ready, waiting for the first at most so long."""
        ...

    def close(self) -> None:
        """Let everything go."""
        ...


class OwnProcess:
    """Plays tasks one by one, right here."""

    jobs: Final = 1

    def __init__(self, bench: Bench) -> None:
        self._player = Player(bench)
        self._tasks: deque[Task] = deque()

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)

    def answers(self, timeout_s: float) -> list[Answer]:
        """Play the oldest task."""
        return [self._player.answer(self._tasks.popleft())] if self._tasks else []

    def close(self) -> None:
        """Forget what waits."""
        self._tasks.clear()


class Processes:
    """Plays tasks in worker processes; each is given the bench once, when it starts."""

    def __init__(self, bench: Bench, jobs: int) -> None:
        self.jobs: Final = jobs
        self._executor = ProcessPoolExecutor(
            max_workers=jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(bench,)
        )
        self._waiting: set[Future[Answer]] = set()

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._waiting.add(self._executor.submit(_answer, task))

    def answers(self, timeout_s: float) -> list[Answer]:
        """Return what is ready. Raises ConfigError where a worker died, as when memory ran out."""
        done, self._waiting = wait(self._waiting, timeout_s, FIRST_COMPLETED)
        try:
            return [future.result() for future in done]
        except BrokenProcessPool:
            raise ConfigError(
                "a worker process died (out of memory?); the same command with fewer --jobs goes on"
            ) from None

    def close(self) -> None:
        """End the workers."""
        self._executor.shutdown(wait=True, cancel_futures=True)


class RayActors:
    """Plays tasks in actors of a Ray cluster; the bench is put into each node's object store once."""

    def __init__(self, bench: Bench, jobs: int, address: str | None) -> None:
        self.jobs: Final = jobs
        self._ray = ray = _ray()
        self._began = not ray.is_initialized()
        if self._began:
            try:
                _join(ray, address, jobs)
            except ConnectionError as error:
                raise ConfigError(f"--address {address}: no Ray cluster answers there: {error}") from None
        shared = ray.put(bench)
        actor = ray.remote(num_cpus=1)(Player)
        self._idle: deque[Any] = deque(actor.remote(shared) for _ in range(jobs))
        self._tasks: deque[Task] = deque()
        self._busy: dict[Any, Any] = {}

    def submit(self, task: Task) -> None:
        """Take a task."""
        self._tasks.append(task)
        self._start()

    def answers(self, timeout_s: float) -> list[Answer]:
        """Return what is ready. Raises ConfigError where an actor died."""
        if not self._busy:
            return []
        done, _ = self._ray.wait(list(self._busy), timeout=timeout_s)
        try:
            found: list[Answer] = self._ray.get(done)
        except self._ray.exceptions.RayActorError as error:
            raise ConfigError(
                f"a Ray worker died; the same command goes on where it ended: {error}"
            ) from None
        self._idle.extend(self._busy.pop(ref) for ref in done)
        self._start()
        return found

    def close(self) -> None:
        """Leave the cluster."""
        self._idle.clear()
        self._busy.clear()
        if self._began:
            self._ray.shutdown()

    def _start(self) -> None:
        while self._tasks and self._idle:
            actor = self._idle.popleft()
            self._busy[actor.answer.remote(self._tasks.popleft())] = actor


def make_pool(bench: Bench, jobs: int, engine: str = "local", address: str | None = None) -> Pool:
    """Return where tasks are played. Raises ConfigError where Ray is asked for and not there."""
    if engine == "ray":
        return RayActors(bench, jobs, address)
    return OwnProcess(bench) if jobs == 1 else Processes(bench, jobs)


def _ray() -> Any:
    try:
        return import_module("ray")
    except ImportError:
        raise ConfigError("--engine ray needs Ray: pip install -e '.[ray]' in the clone") from None


def _join(ray: Any, address: str | None, jobs: int) -> None:
    if address is None:
        ray.init(num_cpus=jobs, include_dashboard=False, log_to_driver=False)
    else:
        ray.init(address=address, log_to_driver=False)


def _begin(bench: Bench) -> None:
    global _player
    _player = Player(bench)
    # Whoever interrupts the search interrupts the parent, which then ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for tasks for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _answer(task: Task) -> Answer:
    if _player is None:
        raise AssertionError("a worker begins with a bench")
    return _player.answer(task)
