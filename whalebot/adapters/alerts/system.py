"""AlertSystem: takes messages at once, keeps them, and lets each channel deliver in its own time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from whalebot.adapters.alerts.book import AlertBook
from whalebot.adapters.alerts.channels import Channel
from whalebot.adapters.alerts.lane import ChannelLane
from whalebot.adapters.alerts.quiet import QuietHours
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.enums import Level
from whalebot.ports import Clock

_RETRY_S: Final = (2.0, 10.0)
_LOOK_S: Final = 5.0
_log = logging.getLogger("whalebot.alerts")


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """What became of all messages so far, by channel; `repeated` and `quiet` are counted once."""

    delivered: int
    repeated: int
    held_back: int
    dropped: int
    failed: int
    quiet: int = 0


@dataclass(frozen=True, slots=True)
class AlertRules:
    """How people are told. Times in ms; `escalate_ms` None: nothing is told again.

    `hint`: what a critical message says about acknowledging it, from its id.
    """

    max_per_minute: int = 10
    dedup_ms: int = 600_000
    escalate_ms: int | None = None
    quiet: QuietHours | None = None
    hint: Callable[[int], str] | None = None


class AlertSystem:
    """Rate-limited, de-duplicated messages to people. `send` never blocks and never raises.

    Everything is kept in a bounded list, whether or not a channel takes it. Critical alerts that nobody
    acknowledges are told once more.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        clock: Clock,
        rules: AlertRules | None = None,
        retry_s: Sequence[float] = _RETRY_S,
        mask: Callable[[str], str] = str,
    ) -> None:
        """mask: takes secrets out of a text before it is kept or leaves this machine."""
        self._clock = clock
        self._rules = rules or AlertRules()
        self._mask = mask
        self._lock = threading.Lock()
        self._book = AlertBook(self._rules.dedup_ms)
        self._listeners: list[Callable[[AlertRecord], None]] = []
        names = ("delivered", "repeated", "held_back", "dropped", "failed", "quiet")
        self._counts = dict.fromkeys(names, 0)
        self._counting = threading.Lock()
        most = self._rules.max_per_minute
        self._lanes = tuple(ChannelLane(channel, most, retry_s, self._count) for channel in channels)
        self._halt = threading.Event()
        self._watch: threading.Thread | None = None
        if self._lanes and self._rules.escalate_ms is not None:
            self._watch = threading.Thread(target=self._look_on, name="alerts-watch", daemon=True)
            self._watch.start()

    @property
    def counts(self) -> AlertCounts:
        """What became of all messages so far. Thread-safe."""
        with self._counting:
            return AlertCounts(**self._counts)

    @property
    def is_alive(self) -> bool:
        """True while there are channels and all their threads live."""
        return bool(self._lanes) and all(lane.is_alive for lane in self._lanes)

    def send(self, level: Level, title: str, text: str, kind: str = "", key: Hashable = None) -> None:
        """Take one message. Thread-safe, returns at once; a channel whose queue is full goes without it.

        kind: a stable word for machines. key: messages with the same key count as equal, whatever they say.
        """
        now_ms = self._clock.now_ms()
        title, text = self._mask(title), self._mask(text)
        with self._lock:
            record, is_news = self._book.note(level, kind, title, text, now_ms, key)
            if not is_news:
                self._count("repeated")
            elif self._hand_out(record, now_ms):
                self._book.told(record.id)
        self._say(record)

    def broadcast(self, title: str, text: str, kind: str = "") -> None:
        """Tell what the owner asked for to every channel, at every hour. Thread-safe, returns at once."""
        now_ms = self._clock.now_ms()
        title, text = self._mask(title), self._mask(text)
        with self._lock:
            record, _ = self._book.note(Level.INFO, kind, title, text, now_ms, (kind, now_ms))
            for lane in self._lanes:
                lane.offer(Level.INFO, title, text, now_ms)
        self._say(record)

    def records(self) -> tuple[AlertRecord, ...]:
        """Return the last alerts, newest first. Thread-safe."""
        with self._lock:
            return self._book.records()

    def ack(self, alert_id: int, actor: str) -> AlertRecord | None:
        """Note who has seen an alert; None where there is no such alert (any more). Thread-safe."""
        with self._lock:
            record = self._book.acknowledge(alert_id, actor, self._clock.now_ms())
        if record is not None:
            self._say(record)
        return record

    def on_change(self, listener: Callable[[AlertRecord], None]) -> None:
        """Have each new or changed alert told to `listener`, on any thread; it must return at once."""
        self._listeners.append(listener)

    def look(self) -> None:
        """Tell again what nobody has acknowledged for too long. Any thread."""
        after_ms, now_ms = self._rules.escalate_ms, self._clock.now_ms()
        if after_ms is None:
            return
        with self._lock:
            due = self._book.escalate(now_ms, after_ms)
            for record in due:
                minutes = (now_ms - record.ts_ms) // 60_000
                text = f"nobody has acknowledged this for {minutes} min. {record.text}"
                self._offer(record, f"still open: {record.title}", text, now_ms)
        for record in due:
            self._say(record)

    def stop(self, timeout_s: float = 2.0) -> bool:
        """Deliver what is queued as far as the time goes, then end. Returns whether all was delivered."""
        self._halt.set()
        deadline_s = time.monotonic() + timeout_s
        for lane in self._lanes:
            lane.close()
        ended = [lane.join(max(0.0, deadline_s - time.monotonic())) for lane in self._lanes]
        if self._watch is not None:
            self._watch.join(max(0.0, deadline_s - time.monotonic()))
        return all(ended)

    def _hand_out(self, record: AlertRecord, now_ms: int) -> bool:
        """Offer an alert to the channels it is for; False where all of those refused it."""
        if not any(lane.reaches(record.level) for lane in self._lanes):
            return True
        quiet = self._rules.quiet
        if record.level in (Level.INFO, Level.DEBUG) and quiet is not None and quiet.covers(now_ms):
            self._count("quiet")
            return True
        return self._offer(record, record.title, record.text, now_ms)

    def _offer(self, record: AlertRecord, title: str, text: str, now_ms: int) -> bool:
        if record.level is Level.CRITICAL and self._rules.hint is not None:
            text = f"{text}\n{self._rules.hint(record.id)}".lstrip()
        lanes = [lane for lane in self._lanes if lane.reaches(record.level)]
        taken = [lane.offer(record.level, title, text, now_ms) for lane in lanes]
        return any(taken)

    def _say(self, record: AlertRecord) -> None:
        for listener in self._listeners:
            listener(record)

    def _look_on(self) -> None:
        while not self._halt.wait(_LOOK_S):
            try:
                self.look()
            except Exception:  # noqa: BLE001  root of the thread: what is told later is better than never
                _log.exception("looking for open alerts failed")

    def _count(self, what: str) -> None:
        with self._counting:
            self._counts[what] += 1
