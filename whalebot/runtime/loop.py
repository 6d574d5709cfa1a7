"""The one loop of every mode: takes an event, lets the engine think, hands the effects on."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import (
    ROUND_HALF_EVEN,
    Context,
    DivisionByZero,
    InvalidOperation,
    Overflow,
    localcontext,
)
from typing import Final, Protocol

from whalebot.domain.effects import Alert, Effect, Notice, PublishView, Stopped
from whalebot.domain.enums import Level
from whalebot.domain.events import Event, TimerDue
from whalebot.domain.tally import Histogram
from whalebot.ports import Clock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.latency import LatencyHistogram, LatencyReport

_log = logging.getLogger(__name__)

EXIT_CLEAN: Final = 0
EXIT_BUG: Final = 70

_MONEY: Final = Context(prec=28, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow])
"""Amounts depend on events alone, not on what a program around the loop has set for its thread."""


class EngineLike(Protocol):
    """What the loop needs of an engine. All calls on the loop's thread."""

    def start(self, real_ms: int) -> Sequence[Effect]:
        """Return the effects of beginning."""
        ...

    def process(self, event: Event) -> Sequence[Effect]:
        """Take one event, return its effects in order."""
        ...

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        """Return how long the loop may wait (real ms), None where nothing is due."""
        ...


class EventSource(Protocol):
    """Where events come from."""

    def get(self, timeout_s: float | None) -> Event | None:
        """Take the next event, None when none came in time."""
        ...


class Dispatcher(Protocol):
    """Carries out what the loop does not."""

    def dispatch_all(self, effects: Sequence[Effect]) -> None:
        """Hand over the effects of one event; never blocks."""
        ...


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """Real times in ms. `idle_ms` bounds every wait, so that progress is seen even when nothing happens."""

    idle_ms: int = 500
    progress_ms: int = 500
    slow_ms: int = 50


@dataclass(frozen=True, slots=True)
class LoopOutputs:
    """Where the loop's own effects go; all are called on its thread, must return at once and never raise.

    `progress` is called at most every `progress_ms`, and only while the loop goes round.
    """

    views: ViewHolder
    notice: Callable[[Notice], None]
    progress: Callable[[], None]


@dataclass(frozen=True, slots=True)
class LoopEnd:
    """Why the loop ended, and the exit code that follows."""

    reason: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class LoopHealth:
    """The loop at one moment. Times of processing per event; `slow` counts those above `slow_ms`."""

    processing: LatencyReport
    slow: int
    slowest_kind: str
    seconds: Histogram


class Loop:
    """Runs an engine on the calling thread until it says Stopped, somebody halts the loop, or a bug shows."""

    def __init__(
        self,
        engine: EngineLike,
        source: EventSource,
        lanes: Dispatcher,
        clock: Clock,
        outputs: LoopOutputs,
        settings: LoopSettings | None = None,
    ) -> None:
        self._engine = engine
        self._source = source
        self._lanes = lanes
        self._clock = clock
        self._outputs = outputs
        self._settings = settings or LoopSettings()
        self._halted = threading.Event()
        self._halt_reason = ""
        self._stopped: Stopped | None = None
        self._histogram = LatencyHistogram()
        self._slow = 0
        self._slowest_ns = 0
        self._slowest_kind = ""
        self._next_progress_ms = 0

    def run(self) -> LoopEnd:
        """Go round until the end. Never raises for a fault of the engine: that is exit code 70.

        After a bug nothing is cancelled or closed: the stops at the venue go on protecting what is open.
        """
        with localcontext(_MONEY):
            return self._run()

    def _run(self) -> LoopEnd:
        try:
            self._carry_out(self._engine.start(self._clock.now_ms()))
            while self._stopped is None and not self._halted.is_set():
                self._turn()
        except Exception as error:  # noqa: BLE001 - the root of the main thread: end in order, keep the stops
            return self._broken(error)
        if self._stopped is not None:
            return LoopEnd(self._stopped.reason, EXIT_CLEAN)
        return LoopEnd(self._halt_reason, EXIT_CLEAN)

    def halt(self, reason: str) -> None:
        """End the loop after the event at hand, whatever the engine wants. Any thread."""
        self._halt_reason = reason
        self._halted.set()

    def health(self) -> LoopHealth:
        """Return how quick the loop is. Any thread."""
        counted = self._histogram
        return LoopHealth(counted.report(), self._slow, self._slowest_kind, counted.histogram())

    def _turn(self) -> None:
        now_ms = self._clock.now_ms()
        if now_ms >= self._next_progress_ms:
            self._next_progress_ms = now_ms + self._settings.progress_ms
            self._outputs.progress()
        event = self._source.get(self._wait_s(now_ms))
        if event is None:
            now_ms = self._clock.now_ms()
            wait_ms = self._engine.ms_to_next_timer(now_ms)
            if wait_ms is None or wait_ms > 0:
                return
            event = TimerDue(now_ms)
        started_ns = time.perf_counter_ns()
        self._carry_out(self._engine.process(event))
        self._measure(event, time.perf_counter_ns() - started_ns)

    def _wait_s(self, now_ms: int) -> float:
        wait_ms = self._engine.ms_to_next_timer(now_ms)
        if wait_ms is None:
            return self._settings.idle_ms / 1000
        return min(max(wait_ms, 0), self._settings.idle_ms) / 1000

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        if not effects:
            return
        for_lanes: list[Effect] = []
        for effect in effects:
            if isinstance(effect, PublishView):
                self._outputs.views.publish(effect.view)
            elif isinstance(effect, Notice):
                self._outputs.notice(effect)
            elif isinstance(effect, Stopped):
                self._stopped = effect
            else:
                for_lanes.append(effect)
        if for_lanes:
            self._lanes.dispatch_all(for_lanes)

    def _measure(self, event: Event, duration_ns: int) -> None:
        self._histogram.add(duration_ns)
        if duration_ns > self._slowest_ns:
            self._slowest_ns, self._slowest_kind = duration_ns, type(event).__name__
        if duration_ns >= self._settings.slow_ms * 1_000_000:
            self._slow += 1

    def _broken(self, error: Exception) -> LoopEnd:
        reason = f"{type(error).__name__}: {error}"
        _log.critical("the engine broke; protective stops stay at the venue", exc_info=error)
        text = f"{reason}. Nothing was cancelled or closed: stops stay at the venue. See the log."
        try:
            self._lanes.dispatch_all([Alert(Level.CRITICAL, "bug", "whalebot stopped by a bug", text)])
        except Exception:  # noqa: BLE001 - the root of the main thread: the exit code must still be told
            _log.exception("the alert about the bug could not be sent")
        return LoopEnd(reason, EXIT_BUG)
