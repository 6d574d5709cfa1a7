"""How often people are told: all messages at a bounded rate."""

from __future__ import annotations

from collections import deque
from typing import Final

from whalebot.domain.enums import Level

_MINUTE_MS: Final = 60_000


class Budget:
    """Decides on each message by the clock it is given. Not thread-safe.

    Critical messages have a budget of their own, of the same size: a flood of lesser ones never silences
    them.
    """

    def __init__(self, max_per_minute: int) -> None:
        self._most = max_per_minute
        self._sent: dict[bool, deque[int]] = {False: deque(), True: deque()}

    def take(self, level: Level, now_ms: int) -> bool:
        """Use up budget for one message; False where there is none left in this minute."""
        recent = self._sent[level is Level.CRITICAL]
        while recent and now_ms - recent[0] >= _MINUTE_MS:
            recent.popleft()
        if len(recent) >= self._most:
            return False
        recent.append(now_ms)
        return True
