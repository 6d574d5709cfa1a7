"""How often people are told: equal messages once in a while, all messages at a bounded rate."""

from __future__ import annotations

from collections import OrderedDict, deque
from enum import Enum
from typing import Final

from whalebot.domain.enums import Level

_MINUTE_MS: Final = 60_000
_MOST_REMEMBERED: Final = 1_000


class Verdict(Enum):
    """What becomes of a message."""

    SEND = "send"
    REPEATED = "repeated"
    HELD_BACK = "held back"


class Budget:
    """Decides on each message by the clock it is given. Not thread-safe.

    Critical messages have a budget of their own, of the same size: a flood of lesser ones never silences
    them.
    """

    def __init__(self, max_per_minute: int, dedup_ms: int) -> None:
        self._most = max_per_minute
        self._dedup_ms = dedup_ms
        self._sent: dict[bool, deque[int]] = {False: deque(), True: deque()}
        self._last: OrderedDict[tuple[Level, str, str], int] = OrderedDict()

    def judge(self, level: Level, title: str, text: str, now_ms: int) -> Verdict:
        """Decide on one message; only one that is sent uses up budget."""
        message = (level, title, text)
        before = self._last.get(message)
        if before is not None and 0 <= now_ms - before < self._dedup_ms:
            return Verdict.REPEATED
        recent = self._sent[level is Level.CRITICAL]
        while recent and now_ms - recent[0] >= _MINUTE_MS:
            recent.popleft()
        if len(recent) >= self._most:
            return Verdict.HELD_BACK
        recent.append(now_ms)
        self._remember(message, now_ms)
        return Verdict.SEND

    def _remember(self, message: tuple[Level, str, str], now_ms: int) -> None:
        self._last[message] = now_ms
        self._last.move_to_end(message)
        while len(self._last) > _MOST_REMEMBERED:
            self._last.popitem(last=False)
