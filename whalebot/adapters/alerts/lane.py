"""The way to one channel: a queue, a rate and a thread of its own, so that no channel waits for another."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Final

from whalebot.adapters.alerts.budget import Budget
from whalebot.adapters.alerts.channels import Channel, reaches
from whalebot.domain.enums import Level

_CAPACITY: Final = 200
_log = logging.getLogger("whalebot.alerts")


class ChannelLane:
    """Delivers to one channel. `offer` belongs to one caller at a time and returns at once.

    A channel that fails is tried again after each of `retry_s`, then the failure is logged and counted; the
    next message starts afresh. How many messages the rate held back is told with the next one that passes.
    """

    def __init__(
        self,
        channel: Channel,
        max_per_minute: int,
        retry_s: Sequence[float],
        count: Callable[[str], None],
    ) -> None:
        """count: hears what became of each message, on any thread."""
        self._channel = channel
        self._budget = Budget(max_per_minute)
        self._retry_s = tuple(retry_s)
        self._count = count
        self._queue: queue.Queue[tuple[Level, str, str] | None] = queue.Queue(_CAPACITY)
        self._halt = threading.Event()
        self._untold = 0
        self._thread = threading.Thread(target=self._work, name=f"alerts-{channel.name}", daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended."""
        return self._thread.is_alive()

    def reaches(self, level: Level) -> bool:
        """Tell whether messages of this level go to the channel."""
        return reaches(self._channel, level)

    def offer(self, level: Level, title: str, text: str, now_ms: int) -> bool:
        """Queue one message; False where the rate or a full queue refused it."""
        if not self._budget.take(level, now_ms):
            self._count("held_back")
            self._untold += 1
            return False
        told = f"{text}\n({self._untold} more messages were held back)".lstrip() if self._untold else text
        try:
            self._queue.put_nowait((level, title, told))
        except queue.Full:
            self._count("dropped")
            return False
        self._untold = 0
        return True

    def close(self) -> None:
        """Let the thread end after what is queued; returns at once."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            self._halt.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False where the channel still hangs. A hanging one ends with the process."""
        self._thread.join(timeout_s)
        self._halt.set()  # ends waiting between retries
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._halt.is_set():
            message = self._queue.get()
            if message is None:
                return
            self._count("delivered" if self._deliver(*message) else "failed")

    def _deliver(self, level: Level, title: str, text: str) -> bool:
        channel = self._channel
        for delay_s in (*self._retry_s, None):
            try:
                if channel.deliver(level, title, text):
                    return True
                reason = "the service did not take it"
            except Exception as e:  # noqa: BLE001  root of the channel's thread: no service may end it
                reason = f"{type(e).__name__}: {e}"
            if delay_s is None or self._halt.wait(delay_s):
                break
        _log.warning(
            "alert %r not delivered by %s: %s", title, channel.name, reason, extra={"kind": "alert_failed"}
        )
        return False
