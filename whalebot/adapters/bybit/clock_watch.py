"""Measures the venue's clock on its own thread: every few minutes, and when the venue refuses our stamps."""

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
LEAST_S: Final = 1.0
MOVED_MS: Final = 250
CALM_AFTER: Final = 36


class ClockWatch:
    """Puts a ClockSkew into the sink after each measurement.

    One that failed is repeated soon. So are those after a step of more than `MOVED_MS`, until `CALM_AFTER` of
    them agreed: what steps once may step back, and nobody asks for anything while entries are held back.
    """

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
        self._factory.venue_clock.doubt()
        if self.thread.ident is not None:
            self.thread.join(timeout_s)
        return not self.thread.is_alive()

    def _work(self) -> None:
        client = self._factory.client()
        try:
            failures, known_ms, alike = 0, 0, CALM_AFTER
            while not self._halt.is_set():
                wait_s = RETRY_S
                try:
                    skew = client.market.measure_clock()
                except WhalebotError as error:
                    failures += 1
                    level = logging.WARNING if failures == 1 else logging.DEBUG
                    _log.log(level, "the venue's clock could not be measured: %s", error)
                else:
                    self._sink.put(skew)
                    alike = alike + 1 if abs(skew.offset_ms - known_ms) <= MOVED_MS else 0
                    if alike >= CALM_AFTER:
                        wait_s = EVERY_S
                    known_ms = skew.offset_ms
                    if failures:
                        _log.info("the venue's clock is measured again after %d failures", failures)
                    failures = 0
                # Refusals come in crowds, and those on their way were stamped before this measurement.
                self._halt.wait(LEAST_S)
                self._factory.venue_clock.wait_for_doubt(wait_s - LEAST_S)
        finally:
            client.close()
