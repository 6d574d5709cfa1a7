"""Counting values in fixed buckets. One thread adds, any thread reads."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from whalebot.domain.tally import Histogram


class Buckets:
    """A histogram over given upper edges (inclusive, rising)."""

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = tuple(edges)
        self._counts = [0] * (len(self._edges) + 1)
        self._total = 0.0

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[bisect_left(self._edges, value)] += 1
        self._total += value

    def histogram(self) -> Histogram:
        """Return what was counted so far."""
        return Histogram(self._edges, tuple(self._counts), self._total)
