"""Something told once a day at a local time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import time, tzinfo
from typing import Final

from whalebot.adapters.alerts.quiet import next_moment
from whalebot.ports import Clock

_LOOK_S: Final = 20.0
_log = logging.getLogger("whalebot.alerts")


class Daily:
    """Calls `tell` when a local time of day has come, in a thread of its own.

    A machine that slept over it does it when it wakes; one that was off does not do it later.
    """

    def __init__(
        self,
        at: time,
        zone: tzinfo,
        clock: Clock,
        tell: Callable[[], None],
        look_s: float = _LOOK_S,
    ) -> None:
        self._at = at
        self._zone = zone
        self._clock = clock
        self._tell = tell
        self._look_s = look_s
        self._due_ms = next_moment(clock.now_ms(), at, zone)
        self._halt = threading.Event()
        self._thread = threading.Thread(target=self._work, name="daily-summary", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread."""
        self._halt.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while not self._halt.wait(self._look_s):
            now_ms = self._clock.now_ms()
            if now_ms < self._due_ms:
                continue
            self._due_ms = next_moment(now_ms, self._at, self._zone)
            try:
                self._tell()
            except Exception:  # noqa: BLE001  root of the thread: tomorrow's must still be told
                _log.exception("the daily summary could not be made")
