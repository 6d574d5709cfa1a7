"""Named worker threads that carry out jobs: in order within a key, side by side between keys."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from whalebot.domain.events import Event

_log = logging.getLogger(__name__)

T = TypeVar("T")
TroubleSink = Callable[[str, BaseException], None]
"""Told of an exception nobody expected, with the name of the thread. Called on that thread."""

_MAX_WAITING: Final = 1000


class ResultSink(Protocol):
    """Where results go, and where running jobs are counted."""

    def put(self, event: Event) -> None:
        """Hand over one result."""
        ...

    def job_started(self) -> None:
        """Count a job."""
        ...

    def job_finished(self) -> None:
        """End a counted job."""
        ...


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """One piece of work with the tools of a worker.

    `run` yields results. `lost` makes the results of a job that broke off inside (what it did is not known),
    `skipped` those of a job that never started; both take the reason.
    """

    what: str
    run: Callable[[T], Iterable[Event]]
    lost: Callable[[str], Iterable[Event]]
    skipped: Callable[[str], Iterable[Event]]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """One worker thread. `busy_s` is how long it has been at `doing`, None while idle."""

    name: str
    alive: bool
    doing: str
    busy_s: float | None
    done: int
    failed: int
    last_error: str


class _Worker:
    __slots__ = ("doing", "done", "failed", "last_error", "name", "since_s", "thread")

    def __init__(self, name: str) -> None:
        self.name = name
        self.thread: threading.Thread | None = None
        self.doing = ""
        self.since_s: float | None = None
        self.done = 0
        self.failed = 0
        self.last_error = ""


class WorkerPool(Generic[T]):
    """`workers` threads named `<name>-<n>`, each with its own tools.

    Jobs of one key run one after the other in the order of `submit`; different keys share the workers, so
    that a slow answer for one symbol does not hold up another. All methods may be called from any thread.
    """

    def __init__(
        self,
        name: str,
        workers: int,
        make_tools: Callable[[], T],
        sink: ResultSink,
        on_trouble: TroubleSink,
        max_waiting: int = _MAX_WAITING,
    ) -> None:
        """make_tools: called once in each worker thread, again before a job where it failed before."""
        self.name = name
        self._make_tools = make_tools
        self._sink = sink
        self._on_trouble = on_trouble
        self._max_waiting = max_waiting
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._idle = threading.Condition(self._lock)
        self._queues: dict[str, deque[Job[T]]] = {}
        self._ready: deque[str] = deque()
        self._running: set[str] = set()
        self._waiting = 0
        self._stopping = False
        self._workers = [_Worker(f"{name}-{i + 1}") for i in range(workers)]

    def start(self) -> None:
        """Start the threads."""
        for worker in self._workers:
            # A request that hangs must not keep the process alive: stop() waits as long as it is told.
            worker.thread = threading.Thread(target=self._root, args=(worker,), name=worker.name, daemon=True)
            worker.thread.start()

    def submit(self, key: str, job: Job[T]) -> None:
        """Queue a job; returns at once. A full or stopping pool answers with the job's `skipped` results."""
        with self._lock:
            reason = self._why_not()
            if not reason:
                if job.counted:
                    self._sink.job_started()
                self._enqueue(key, job)
        if reason:
            _log.error("%s: %s not done: %s", self.name, job.what, reason)
            for event in job.skipped(reason):
                self._sink.put(event)

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing waits and nothing runs; False when the time ran out."""
        with self._lock:
            return self._idle.wait_for(lambda: not self._waiting and not self._running, timeout_s)

    def stop(self, timeout_s: float) -> bool:
        """Take no more jobs, drop what waits, join the threads; False when one is still busy."""
        with self._lock:
            self._stopping = True
            dropped = [job for queue in self._queues.values() for job in queue]
            self._queues.clear()
            self._ready.clear()
            self._waiting = 0
            self._work.notify_all()
        for job in dropped:
            _log.warning("%s: %s dropped at the end", self.name, job.what)
            if job.counted:
                self._sink.job_finished()
        deadline_s = time.monotonic() + timeout_s
        for thread in self.threads():
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return not any(thread.is_alive() for thread in self.threads())

    def threads(self) -> tuple[threading.Thread, ...]:
        """Return the worker threads that were started."""
        return tuple(worker.thread for worker in self._workers if worker.thread is not None)

    def health(self) -> tuple[WorkerHealth, ...]:
        """Return what each worker is at."""
        now_s = time.monotonic()
        with self._lock:
            return tuple(_health(worker, now_s) for worker in self._workers)

    @property
    def waiting(self) -> int:
        """Jobs that have not started yet."""
        return self._waiting

    def _why_not(self) -> str:
        if self._stopping:
            return "shutting down"
        if self._waiting >= self._max_waiting:
            return f"{self._waiting} jobs are waiting"
        return ""

    def _enqueue(self, key: str, job: Job[T]) -> None:
        self._waiting += 1
        queue = self._queues.get(key)
        if queue is not None:
            queue.append(job)
            return
        self._queues[key] = deque([job])
        if key not in self._running:
            self._ready.append(key)
            self._work.notify()

    def _root(self, worker: _Worker) -> None:
        tools = self._tools(worker)
        while True:
            taken = self._next(worker)
            if taken is None:
                return
            key, job = taken
            if tools is None:
                tools = self._tools(worker)
            try:
                self._carry_out(worker, job, tools)
            except Exception as error:  # noqa: BLE001 - the root of a thread: it must survive any job
                self._note(worker, error)
            finally:
                self._finish(worker, key, job)

    def _tools(self, worker: _Worker) -> T | None:
        try:
            return self._make_tools()
        except Exception as error:  # noqa: BLE001 - the root of a thread: a later job tries again
            self._note(worker, error)
            return None

    def _next(self, worker: _Worker) -> tuple[str, Job[T]] | None:
        with self._lock:
            self._work.wait_for(lambda: self._stopping or self._ready)
            if not self._ready:
                return None
            key = self._ready.popleft()
            queue = self._queues[key]
            job = queue.popleft()
            if not queue:
                del self._queues[key]
            self._waiting -= 1
            self._running.add(key)
            worker.since_s = time.monotonic()
            worker.doing = job.what
            return key, job

    def _carry_out(self, worker: _Worker, job: Job[T], tools: T | None) -> None:
        if tools is None:
            for event in job.skipped(worker.last_error):
                self._sink.put(event)
            return
        try:
            for event in job.run(tools):
                self._sink.put(event)
        except Exception as error:  # noqa: BLE001 - the root of a thread: the job's fate must be told
            self._note(worker, error)
            for event in job.lost(f"{type(error).__name__}: {error}"):
                self._sink.put(event)

    def _finish(self, worker: _Worker, key: str, job: Job[T]) -> None:
        with self._lock:
            self._running.discard(key)
            worker.since_s, worker.doing = None, ""
            worker.done += 1
            if key in self._queues:
                self._ready.append(key)
                self._work.notify()
            if not self._waiting and not self._running:
                self._idle.notify_all()
        if job.counted:
            self._sink.job_finished()

    def _note(self, worker: _Worker, error: Exception) -> None:
        with self._lock:
            worker.failed += 1
            worker.last_error = f"{type(error).__name__}: {error}"
            doing = worker.doing
        _log.error("%s: %s broke off", worker.name, doing or "starting", exc_info=error)
        self._on_trouble(worker.name, error)


def _health(worker: _Worker, now_s: float) -> WorkerHealth:
    return WorkerHealth(
        name=worker.name,
        alive=worker.thread is not None and worker.thread.is_alive(),
        doing=worker.doing,
        busy_s=None if worker.since_s is None else now_s - worker.since_s,
        done=worker.done,
        failed=worker.failed,
        last_error=worker.last_error,
    )
