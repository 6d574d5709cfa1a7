"""Counts the venue's answers other than success, by code."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

_MOST_CODES: Final = 100
_OTHER: Final = "other"


class AnswerCounts:
    """Shared by all clients of one account; any thread. After a hundred codes new ones count as one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, code: str) -> None:
        """Count one answer: a retCode, `http_<status>`, `no_answer` or `unreadable`."""
        with self._lock:
            if code not in self._counts and len(self._counts) >= _MOST_CODES:
                code = _OTHER
            self._counts[code] += 1

    def read(self) -> tuple[tuple[str, int], ...]:
        """Return (code, count), by code."""
        with self._lock:
            return tuple(sorted(self._counts.items()))
