"""How long the loop takes: a histogram that costs next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from whalebot.domain.tally import Histogram

_BUCKETS: Final = 32
# What is shown of them: 16 µs to 8.4 s.
_FIRST_SHOWN: Final = 4
_LAST_SHOWN: Final = 23


@dataclass(frozen=True, slots=True)
class LatencyReport:
    """Durations in µs. A quantile is the upper edge of its bucket, so it is at most twice too high."""

    count: int
    mean_us: float
    p50_us: float
    p99_us: float
    max_us: float


class LatencyHistogram:
    """Counts durations in buckets of powers of two of a µs. One thread adds, any thread reads."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self._total_ns = 0
        self._max_ns = 0

    def add(self, duration_ns: int) -> None:
        """Count one duration."""
        self._counts[min((duration_ns // 1000).bit_length(), _BUCKETS - 1)] += 1
        self._total_ns += duration_ns
        if duration_ns > self._max_ns:
            self._max_ns = duration_ns

    def report(self) -> LatencyReport:
        """Return what was counted so far."""
        counts = list(self._counts)
        count = sum(counts)
        mean_us = self._total_ns / count / 1000 if count else 0.0
        return LatencyReport(
            count, mean_us, _quantile(counts, 0.50), _quantile(counts, 0.99), self._max_ns / 1000
        )

    def histogram(self) -> Histogram:
        """Return what was counted so far, in seconds; the outer buckets are taken together."""
        counts = list(self._counts)
        shown = (sum(counts[: _FIRST_SHOWN + 1]), *counts[_FIRST_SHOWN + 1 : _LAST_SHOWN + 1])
        edges = tuple((1 << bucket) / 1e6 for bucket in range(_FIRST_SHOWN, _LAST_SHOWN + 1))
        return Histogram(edges, (*shown, sum(counts[_LAST_SHOWN + 1 :])), self._total_ns / 1e9)


def _quantile(counts: list[int], share: float) -> float:
    wanted, seen = share * sum(counts), 0
    for bucket, count in enumerate(counts):
        seen += count
        if seen >= wanted and seen:
            return float(1 << bucket)
    return 0.0
