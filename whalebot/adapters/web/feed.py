"""Where the loop leaves what happened for the web thread: one append, no work, no lock, never full."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from whalebot.domain import events as ev
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.effects import Effect, Notice

MOST_WAITING: Final = 10_000
_KEPT: Final = frozenset(
    {
        ev.CandleClosed,
        ev.CandleForming,
        ev.HistoryFetched,
        ev.WalletReported,
        ev.SnapshotFetched,
        ev.PositionReported,
        ev.OrderAccepted,
        ev.OrderRefused,
        ev.OutcomeUnknown,
        ev.OrderUpdated,
        ev.Filled,
        ev.StorageFailed,
        ev.StorageRecovered,
        ev.TradeRecorded,
    }
)


@dataclass(frozen=True, slots=True)
class Told:
    """A notice, and the local time (ms UTC) at which it was said."""

    notice: Notice
    at_ms: int


Happened: TypeAlias = tuple[ev.Event, Sequence[Effect]]
"""An event of the engine and what came of it; a pair, since the loop makes one for each."""

Item: TypeAlias = Told | AlertRecord | Happened


class Feed:
    """`EventRecorder` of the loop. Where the reader does not keep up the oldest is lost, and counted."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        self._waiting: deque[Item] = deque(maxlen=most_waiting)
        self._beat_s: float | None = None
        self.last_event_ms: int | None = None
        self.lost = 0

    def begun(self, real_ms: int, effects: Sequence[Effect]) -> None:
        """The engine begins."""
        self.note(ev.TimerDue(real_ms), effects)

    def note(self, event: ev.Event, effects: Sequence[Effect] | None) -> None:
        """Take an event of the loop; None: the engine broke. Costs an append."""
        self.last_event_ms = event.recv_ms
        if effects or type(event) in _KEPT:
            self._leave((event, effects or ()))

    def say(self, notice: Notice) -> None:
        """Take a notice. Any thread."""
        self._leave(Told(notice, time.time_ns() // 1_000_000))

    def warn(self, alert: AlertRecord) -> None:
        """Take a new alert, or one that changed. Any thread."""
        self._leave(alert)

    def beat(self) -> None:
        """The loop went round."""
        self._beat_s = time.monotonic()

    def beat_age_s(self) -> float | None:
        """Return how long ago the loop last went round, None before it began."""
        return None if self._beat_s is None else time.monotonic() - self._beat_s

    @property
    def waiting(self) -> int:
        """How much waits to be taken. Any thread."""
        return len(self._waiting)

    def take(self, most: int) -> list[Item]:
        """Return what waits, oldest first, at most `most`. The reader's thread."""
        found: list[Item] = []
        while len(found) < most:
            try:
                found.append(self._waiting.popleft())
            except IndexError:
                break
        return found

    def _leave(self, item: Item) -> None:
        if len(self._waiting) == self._waiting.maxlen:
            self.lost += 1
        self._waiting.append(item)
