"""Clocks that do not jump, and a histogram that does not lie by more than its buckets."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.runtime.clock import ManualClock, SystemClock
from whalebot.runtime.latency import LatencyHistogram


def test_the_system_clock_starts_with_the_wall_clock_and_ignores_its_jumps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock()
    assert abs(clock.now_ms() - time.time_ns() // 1_000_000) < 1000
    before = clock.now_ms()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert before <= clock.now_ms() < before + 60_000


def test_a_manual_clock_moves_only_forward() -> None:
    clock = ManualClock(5)
    clock.advance(10)
    clock.move_to(12)
    assert clock.now_ms() == 15
    clock.move_to(20)
    assert clock.now_ms() == 20
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


@given(st.lists(st.integers(1, 10**10), min_size=1, max_size=200))
def test_quantiles_are_never_too_low_and_at_most_twice_too_high(durations_ns: list[int]) -> None:
    histogram = LatencyHistogram()
    for duration_ns in durations_ns:
        histogram.add(duration_ns)
    report = histogram.report()
    ranked_us = [duration_ns // 1000 for duration_ns in sorted(durations_ns)]
    for share, found_us in ((0.5, report.p50_us), (0.99, report.p99_us)):
        at = -int(-share * len(ranked_us) // 1) - 1
        assert ranked_us[at] < found_us <= max(1, 2 * ranked_us[at])
    assert report.count == len(durations_ns)
    assert report.max_us == max(durations_ns) / 1000


def test_an_empty_histogram_says_so() -> None:
    assert LatencyHistogram().report().count == 0
