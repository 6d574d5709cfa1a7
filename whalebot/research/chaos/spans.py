"""Stretches of real time: how much of one is covered by others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """From `start_ms` to `end_ms`, real time in ms UTC; `why` says what it was."""

    start_ms: int
    end_ms: int
    why: str = ""


def length_outside(span: Span, covers: Iterable[Span]) -> int:
    """Return how many ms of `span` lie in none of `covers`, which may overlap."""
    left, at_ms = 0, span.start_ms
    for cover in sorted(covers):
        if cover.start_ms >= span.end_ms:
            break
        left += max(0, cover.start_ms - at_ms)
        at_ms = max(at_ms, cover.end_ms)
        if at_ms >= span.end_ms:
            return left
    return left + max(0, span.end_ms - at_ms)
