"""How much of a stretch of time lies in none of others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from whalebot.research.chaos.spans import Span, covered_by_reason, length_outside

moments = st.integers(0, 60)
spans = st.tuples(moments, moments).map(lambda pair: Span(min(pair), max(pair)))


@given(spans, st.lists(spans, max_size=6))
def test_it_is_the_number_of_milliseconds_that_nothing_covers(span: Span, covers: list[Span]) -> None:
    bare = [
        ms
        for ms in range(span.start_ms, span.end_ms)
        if not any(cover.start_ms <= ms < cover.end_ms for cover in covers)
    ]
    assert length_outside(span, covers) == len(bare)


@given(spans, st.lists(spans, max_size=6))
def test_every_covered_millisecond_has_one_reason(span: Span, covers: list[Span]) -> None:
    named = [cover._replace(why=str(number)) for number, cover in enumerate(covers)]
    covered = covered_by_reason(span, named)
    assert covered.total() == span.end_ms - span.start_ms - length_outside(span, covers)
    assert all(0 < covered[why] <= length_of(named[int(why)]) for why in covered)


def length_of(span: Span) -> int:
    return span.end_ms - span.start_ms
