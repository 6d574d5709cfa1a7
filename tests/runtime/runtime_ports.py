"""Ports that answer as a test tells them, and a sink that remembers."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import Level
from whalebot.domain.events import Event
from whalebot.domain.orders import OrderIntent
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.runtime.clock import ManualClock


class Sink:
    """Collects results; `wait` takes the next within a limit."""

    def __init__(self) -> None:
        self.queue: queue.Queue[Event] = queue.Queue()
        self.started = 0
        self.finished = 0

    def put(self, event: Event) -> None:
        self.queue.put(event)

    def job_started(self) -> None:
        self.started += 1

    def job_finished(self) -> None:
        self.finished += 1

    def wait(self, count: int = 1) -> list[Event]:
        return [self.queue.get(timeout=30) for _ in range(count)]


class Gateway:
    """Writes into a shared journal; `fail` holds exceptions by link id or symbol, `hold` gates."""

    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.fail: dict[str, Exception] = {}
        self.hold: dict[str, threading.Event] = {}

    def submit(self, intent: OrderIntent) -> str:
        self._meet(intent.order_link_id)
        self.journal.append(f"submit {intent.order_link_id}")
        return f"venue-{intent.order_link_id}"

    def cancel(self, symbol: str, order_link_id: str) -> None:
        self._meet(symbol)
        self.journal.append(f"cancel {order_link_id}")

    def amend_stop(self, change: AmendStop) -> None:
        self._meet(change.symbol)
        self.journal.append(f"stop {change.symbol}")

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        self._meet(symbol)
        self.journal.append(f"leverage {symbol} {leverage}")

    def _meet(self, key: str) -> None:
        gate = self.hold.get(key)
        if gate is not None and not gate.wait(30):
            raise AssertionError("the gate was never opened")
        if key in self.fail:
            raise self.fail[key]


class States:
    """A state store; `error` makes saving fail."""

    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.error: Exception | None = None
        self.gate: threading.Event | None = None
        self.entered = threading.Event()

    def load(self) -> StateDocument | None:
        return None

    def save(self, document: StateDocument) -> None:
        self.entered.set()
        if self.gate is not None and not self.gate.wait(30):
            raise AssertionError("the gate was never opened")
        if self.error is not None:
            raise self.error
        self.journal.append(f"save {document.revision}")


class Trades:
    """A trade store; `error` makes appending fail."""

    def __init__(self, journal: list[str]) -> None:
        self.journal = journal
        self.error: Exception | None = None

    def append(self, trade: ClosedTrade) -> bool:
        if self.error is not None:
            raise self.error
        self.journal.append(f"record {trade.trade_id}")
        return True

    def load(self) -> Sequence[ClosedTrade]:
        return ()


class People:
    """Notifier and streams in one: what was said."""

    def __init__(self) -> None:
        self.said: list[tuple[Any, ...]] = []

    def send(self, level: Level, title: str, text: str, kind: str = "") -> None:
        self.said.append((level, title, text))

    def resubscribe_book(self, symbol: str) -> None:
        self.said.append(("book", symbol))


class Venue:
    """Account reader and history source: each question is a function a test sets."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.answers: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, question: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            self.clock.advance(100)
            return self.answers[question](*arguments)

        return ask
