"""Stretches of real time: how much of one is covered by others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """From `start_ms` to `end_ms`, real time in ms UTC; `why` says what it was.

    `symbol` is the only one it bears on, "" for all. `news_ms` above zero: it was about news that did not
    come, and ends where the daemon shows from that moment on that it knows. `is_gone`: there was no daemon,
    or no venue.
    """

    start_ms: int
    end_ms: int
    why: str = ""
    symbol: str = ""
    news_ms: int = 0
    is_gone: bool = False


def length_outside(span: Span, covers: Iterable[Span]) -> int:
    """Return how many ms of `span` lie in none of `covers`, which may overlap."""
    return span.end_ms - span.start_ms - covered_by_reason(span, covers).total()


def covered_by_reason(span: Span, covers: Iterable[Span]) -> Counter[str]:
    """Return how many ms of `span` are covered, by `why`; each ms counts once, for the earliest cover."""
    covered: Counter[str] = Counter()
    at_ms = span.start_ms
    for cover in sorted(covers):
        since_ms, to_ms = max(at_ms, cover.start_ms), min(span.end_ms, cover.end_ms)
        if to_ms > since_ms:
            covered[cover.why] += to_ms - since_ms
            at_ms = to_ms
    return covered
