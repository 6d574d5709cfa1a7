"""Measures the venue's clock every few minutes on a thread of its own."""

from __future__ import annotations

import logging
import threading
from typing import Final

from whalebot.adapters.bybit.rest import RestFactory
from whalebot.domain.errors import WhalebotError
from whalebot.ports import EventSink

_log = logging.getLogger(__name__)
EVERY_S: Final = 180.0
RETRY_S: Final = 5.0


class ClockWatch:
    """Puts a ClockSkew into the sink after each measurement; a failed one is repeated soon."""

    def __init__(self, factory: RestFactory, sink: EventSink) -> None:
        self._factory = factory
        self._sink = sink
        self._halt = threading.Event()
        self.thread = threading.Thread(target=self._work, name="clock", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self.thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the thread; False when it is still busy after that time."""
        self._halt.set()
        if self.thread.ident is not None:
            self.thread.join(timeout_s)
        return not self.thread.is_alive()

    def _work(self) -> None:
        client = self._factory.client()
        try:
            failures = 0
            while not self._halt.is_set():
                wait_s = EVERY_S
                try:
                    self._sink.put(client.market.measure_clock())
                except WhalebotError as error:
                    failures += 1
                    level = logging.WARNING if failures == 1 else logging.DEBUG
                    _log.log(level, "the venue's clock could not be measured: %s", error)
                    wait_s = RETRY_S
                else:
                    if failures:
                        _log.info("the venue's clock is measured again after %d failures", failures)
                    failures = 0
                self._halt.wait(wait_s)
        finally:
            client.close()
