"""AlertSystem: takes messages at once, delivers them on a thread of its own."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from whalebot.adapters.alerts.budget import Budget, Verdict
from whalebot.adapters.alerts.channels import Channel, reaches
from whalebot.domain.enums import Level
from whalebot.ports import Clock

_CAPACITY: Final = 200
_RETRY_S: Final = (2.0, 10.0)
_log = logging.getLogger("whalebot.alerts")


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """What became of all messages so far."""

    delivered: int
    repeated: int
    held_back: int
    dropped: int
    failed: int


class AlertSystem:
    """Rate-limited, de-duplicated messages to people. `send` never blocks and never raises.

    A channel that fails is tried again twice, then the failure is logged and counted; the next message starts
    afresh. The number of messages held back by the rate is told with the next one that passes.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        clock: Clock,
        max_per_minute: int = 10,
        dedup_ms: int = 600_000,
        retry_s: Sequence[float] = _RETRY_S,
        mask: Callable[[str], str] = str,
    ) -> None:
        """mask: takes secrets out of a text before it leaves this machine."""
        self._channels = tuple(channels)
        self._clock = clock
        self._budget = Budget(max_per_minute, dedup_ms)
        self._retry_s = tuple(retry_s)
        self._mask = mask
        self._queue: queue.Queue[tuple[Level, str, str] | None] = queue.Queue(_CAPACITY)
        self._lock = threading.Lock()
        self._halt = threading.Event()
        self._counts = dict.fromkeys(("delivered", "repeated", "held_back", "dropped", "failed"), 0)
        self._untold = 0
        self._thread = threading.Thread(target=self._work, name="alerts", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> AlertCounts:
        """What became of all messages so far. Thread-safe."""
        with self._lock:
            return AlertCounts(**self._counts)

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended."""
        return self._thread.is_alive()

    def send(self, level: Level, title: str, text: str) -> None:
        """Queue one message. Thread-safe, returns at once; a full queue drops it and counts it."""
        if not any(reaches(channel, level) for channel in self._channels):
            return
        with self._lock:
            verdict = self._budget.judge(level, title, text, self._clock.now_ms())
            if verdict is Verdict.REPEATED:
                self._counts["repeated"] += 1
                return
            if verdict is Verdict.HELD_BACK:
                self._counts["held_back"] += 1
                self._untold += 1
                return
            if self._untold:
                text = f"{text}\n({self._untold} more messages were held back)".lstrip()
                self._untold = 0
            try:
                self._queue.put_nowait((level, self._mask(title), self._mask(text)))
            except queue.Full:
                self._counts["dropped"] += 1

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Deliver what is queued as far as the time goes, then end. Returns whether all was delivered."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            self._halt.set()
        self._thread.join(timeout_s)
        self._halt.set()  # ends waiting between retries; a hanging service ends with the process
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._halt.is_set():
            message = self._queue.get()
            if message is None:
                return
            level, title, text = message
            for channel in self._channels:
                if reaches(channel, level):
                    self._count("delivered" if self._deliver(channel, level, title, text) else "failed")

    def _deliver(self, channel: Channel, level: Level, title: str, text: str) -> bool:
        for delay_s in (*self._retry_s, None):
            try:
                if channel.deliver(level, title, text):
                    return True
                reason = "the service did not take it"
            except Exception as e:  # noqa: BLE001  root of the alerts' thread: no channel may end it
                reason = f"{type(e).__name__}: {e}"
            if delay_s is None or self._halt.wait(delay_s):
                break
        _log.warning(
            "alert %r not delivered by %s: %s", title, channel.name, reason, extra={"kind": "alert_failed"}
        )
        return False

    def _count(self, what: str) -> None:
        with self._lock:
            self._counts[what] += 1
