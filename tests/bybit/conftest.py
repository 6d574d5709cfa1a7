"""Recorded payloads, clocks and sinks for the tests of the venue's adapter."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from whalebot.domain.events import Event

_PROJECT = Path(__file__).resolve().parents[2]
E2 = TypeVar("E2")


@pytest.fixture(scope="session")
def recorded() -> Path:
    path = (_PROJECT / "../shared/data/bybit_v5").resolve()
    if not path.is_dir():
        pytest.skip("no recorded payloads beside the project")
    return path


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now_ms: int = 1_700_000_000_000) -> None:
        self.time_ms = now_ms

    def now_ms(self) -> int:
        return self.time_ms


class QueueSink:
    """Keeps every event; `wait_settled` answers at once and counts."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Event] = queue.Queue()
        self.settled = 0
        self.on_put: Callable[[Event], None] | None = None
        self._lock = threading.Lock()

    def put(self, event: Event) -> None:
        if self.on_put is not None:
            self.on_put(event)
        self.queue.put(event)

    def wait_settled(self, timeout_s: float) -> bool:
        with self._lock:
            self.settled += 1
        return True

    def next(self, kind: type[E2]) -> E2:
        """Return the next event of a kind, leaving out others; fails after 30 seconds."""
        while True:
            event: Any = self.queue.get(timeout=30)
            if isinstance(event, kind):
                return event


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sink() -> QueueSink:
    return QueueSink()
