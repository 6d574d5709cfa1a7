"""Ending in order and in time, and noticing threads that died."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of the shutdown. `run` takes the seconds it has and tells whether it got done."""

    name: str
    run: Callable[[float], bool]
    limit_s: float


@dataclass(frozen=True, slots=True)
class PhaseResult:
    """How a phase went. `problem` is "" where it got done in time."""

    name: str
    took_s: float
    problem: str


def shut_down(phases: Sequence[Phase], total_s: float) -> tuple[PhaseResult, ...]:
    """Run the phases one after the other, each within its limit, all within `total_s`.

    A phase that fails or takes too long is logged and does not keep the later ones from running: each of
    them gets at least 50 ms, because what comes last (state to disk) matters most.
    """
    deadline_s = time.monotonic() + total_s
    return tuple(_run_phase(phase, deadline_s) for phase in phases)


def _run_phase(phase: Phase, deadline_s: float) -> PhaseResult:
    started_s = time.monotonic()
    limit_s = max(0.05, min(phase.limit_s, deadline_s - started_s))
    problem = ""
    try:
        if not phase.run(limit_s):
            problem = f"not done within {limit_s:.2f} s"
    except Exception as error:  # noqa: BLE001 - end of the main thread: every later phase must still run
        problem = f"{type(error).__name__}: {error}"
        _log.error("shutdown, %s: failed", phase.name, exc_info=error)
    took_s = time.monotonic() - started_s
    if problem:
        _log.warning("shutdown, %s: %s", phase.name, problem)
    else:
        _log.debug("shutdown, %s: done in %.3f s", phase.name, took_s)
    return PhaseResult(phase.name, took_s, problem)


class ThreadWatch:
    """Knows the threads that must live as long as the daemon, and tells once of each that died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._expected: list[threading.Thread] = []

    def expect(self, threads: Iterable[threading.Thread]) -> None:
        """Watch over threads that were started."""
        with self._lock:
            self._expected.extend(threads)

    def newly_dead(self) -> tuple[str, ...]:
        """Return the names of watched threads that ended since the last call."""
        with self._lock:
            dead = [thread for thread in self._expected if not thread.is_alive()]
            self._expected = [thread for thread in self._expected if thread.is_alive()]
        return tuple(thread.name for thread in dead)
