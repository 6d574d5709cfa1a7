"""Ending a run: by a signal, by the time that was given, before there is a loop and while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from whalebot.domain.events import Event
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.loop import Loop


class Halt:
    """Ends the loop, and whoever waits for the venue before it runs: `told` is set then."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.reason = ""
        self.loop: Loop | None = None

    def __call__(self, reason: str) -> None:
        """Halt with a reason; any thread."""
        self.reason = self.reason or reason
        self.told.set()
        if self.loop is not None:
            self.loop.halt(reason)

    @contextmanager
    def after(self, limit_ms: int | None) -> Iterator[None]:
        """Halt if what is done inside takes longer; None: it may take its time."""
        if limit_ms is None:
            yield
            return
        limit = threading.Timer(limit_ms / 1000, self, ["the time given by --for is over"])
        limit.name, limit.daemon = "time-limit", True
        limit.start()
        try:
            yield
        finally:
            limit.cancel()


class EarlyStop:
    """Takes the commands of signals: before there is a loop to obey them, the wait for the venue ends."""

    def __init__(self, inbox: Inbox, halt: Halt) -> None:
        self._inbox = inbox
        self._halt = halt

    def put(self, event: Event) -> None:
        """Hand a command on; any thread."""
        self._inbox.put(event)
        if self._halt.loop is None:
            self._halt("told to stop")

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until everything handed over so far was acted upon; False when the time ran out."""
        return self._inbox.wait_settled(timeout_s)
