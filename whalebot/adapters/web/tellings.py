"""What was said to people: decisions in words, and alerts with their acknowledgement."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level

MOST_DECISIONS: Final = 1000
MOST_ALERTS: Final = 500
SAME_ALERT_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Decision:
    """A notice with its number; `at_ms` is market time where the engine told one."""

    number: int
    at_ms: int
    notice: Notice


@dataclass(slots=True)
class AlertTold:
    """An alert; equal ones within ten minutes are one that counts. Times are local, ms UTC."""

    number: int
    at_ms: int
    level: Level
    kind: str
    title: str
    text: str
    count: int = 1
    last_ms: int = 0
    acknowledged_ms: int | None = None


class Decisions:
    """The last decisions in words."""

    def __init__(self) -> None:
        self._kept: deque[Decision] = deque(maxlen=MOST_DECISIONS)
        self._number = 0

    def add(self, notice: Notice, at_ms: int) -> None:
        """Keep a notice; what is said for debugging alone is left out."""
        if notice.level is not Level.DEBUG:
            self._number += 1
            self._kept.append(Decision(self._number, notice.ts_ms or at_ms, notice))

    @property
    def version(self) -> int:
        """Goes up with every decision."""
        return self._number

    def newest(self) -> Iterator[Decision]:
        """Yield all, the newest first."""
        return reversed(self._kept)


class AlertBook:
    """The last alerts."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, AlertTold] = OrderedDict()
        self._number = 0

    def add(self, level: Level, kind: str, title: str, text: str, at_ms: int) -> None:
        """Keep an alert, or count it where it was said a moment ago and nobody acknowledged it."""
        for known in reversed(self._kept.values()):
            if at_ms - known.last_ms > SAME_ALERT_MS:
                break
            is_same = (known.kind, known.title, known.level) == (kind, title, level)
            if is_same and known.acknowledged_ms is None:
                known.count += 1
                known.last_ms, known.text = at_ms, text
                return
        self._number += 1
        self._kept[self._number] = AlertTold(self._number, at_ms, level, kind, title, text, last_ms=at_ms)
        while len(self._kept) > MOST_ALERTS:
            self._kept.popitem(last=False)

    def newest(self) -> Iterator[AlertTold]:
        """Yield all, the newest first."""
        return reversed(self._kept.values())

    def acknowledge(self, number: int, at_ms: int) -> AlertTold | None:
        """Mark an alert as seen; None where there is none of that number."""
        alert = self._kept.get(number)
        if alert is not None and alert.acknowledged_ms is None:
            alert.acknowledged_ms = at_ms
        return alert
