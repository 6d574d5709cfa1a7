"""Looks after the running daemon: dead threads, the end of the data, the time limit."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from whalebot.domain.events import Command, Order
from whalebot.ports import Clock, EventSink
from whalebot.runtime.lifecycle import ThreadWatch

_log = logging.getLogger("whalebot.supervisor")
_EVERY_S: Final = 0.25


class Supervisor:
    """Asks every quarter of a second; stops the daemon in order when something says so.

    `data_ended` and `broken` return a reason, "" while all is well. `broken` reasons end in exit code 4.
    `tell_news` is called each time, to say what other threads noticed. Whoever runs the loop calls `check`,
    because nobody else would notice that this thread died.
    """

    def __init__(
        self,
        sink: EventSink,
        clock: Clock,
        watch: ThreadWatch,
        data_ended: Callable[[], str],
        broken: Callable[[], str],
        limit_ms: int | None,
        tell_news: Callable[[], None],
    ) -> None:
        self._tell_news = tell_news
        self._sink = sink
        self._clock = clock
        self._watch = watch
        self._data_ended = data_ended
        self._broken = broken
        self._deadline_ms = None if limit_ms is None else clock.now_ms() + limit_ms
        self._halt = threading.Event()
        self.failure = ""
        self._is_done = False
        self.thread = threading.Thread(target=self._work, name="supervisor", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self.thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._halt.set()
        if self.thread.ident is not None:
            self.thread.join(1.0)

    def check(self) -> None:
        """Stop the daemon in order if this thread has died without a word. Any thread; returns at once."""
        if self._is_done or self._halt.is_set() or self.thread.ident is None or self.thread.is_alive():
            return
        self._fail("thread supervisor died")

    def _work(self) -> None:
        try:
            self._watch_over()
        except Exception as error:  # noqa: BLE001 - the root of the thread: nobody watches without it
            _log.critical("the supervisor broke; stopping", exc_info=error)
            self._fail(f"the supervisor broke: {type(error).__name__}: {error}")

    def _fail(self, reason: str) -> None:
        self.failure = self.failure or reason
        self._is_done = True
        self._sink.put(Command(Order.STOP, self.failure, self._clock.now_ms()))

    def _watch_over(self) -> None:
        while not self._halt.wait(_EVERY_S):
            for name in self._watch.newly_dead():
                _log.critical("thread %s has died; stopping", name)
                self.failure = self.failure or f"thread {name} died"
            self.failure = self.failure or self._broken()
            reason = self.failure or self._over()
            if reason:
                self._is_done = True
                self._sink.put(Command(Order.STOP, reason, self._clock.now_ms()))
            self._tell_news()
            if reason:
                return

    def _over(self) -> str:
        if self._deadline_ms is not None and self._clock.now_ms() >= self._deadline_ms:
            return "the time given by --for is over"
        return self._data_ended()
