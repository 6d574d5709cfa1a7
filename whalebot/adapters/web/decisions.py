"""What the engine did or refused to do, in words."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level

MOST_DECISIONS: Final = 1000


@dataclass(frozen=True, slots=True)
class Decision:
    """A notice with its number; `at_ms` is market time where the engine told one."""

    number: int
    at_ms: int
    notice: Notice


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
