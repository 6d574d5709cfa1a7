"""Axes: round ticks, labels, thinning."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.research.report.scales import Panel, thinned, tick_label, ticks, time_ticks, widened

DAY = 86_400_000
START = 1_767_225_600_000


@given(st.floats(-1e7, 1e7), st.floats(1e-4, 1e7))
def test_ticks_are_few_inside_and_even(low: float, span: float) -> None:
    high = low + span
    marks = ticks(low, high)
    edge = (high - low) * 1e-6
    assert 1 <= len(marks) <= 6
    assert all(low - edge <= mark <= high + edge for mark in marks)
    wide_low, wide_high = widened(low, high)
    assert wide_low <= low + edge
    assert wide_high >= high - edge
    assert wide_high - wide_low <= 3 * span


def test_ticks_by_hand() -> None:
    assert ticks(0, 100) == [0, 20, 40, 60, 80, 100]
    assert ticks(7, 7) == [7]
    assert widened(755, 1034) == (700, 1100)
    assert widened(5, 5) == (4, 6)


@pytest.mark.parametrize(
    ("value", "step", "label"),
    [(1000, 100, "1,000"), (-0.4, 0.2, "−0.4"), (0.25, 0.25, "0.25"), (2.5, 2.5, "2.5"), (-0.0, 0.1, "0.0")],
)
def test_labels_have_the_decimals_of_the_step(value: float, step: float, label: str) -> None:
    assert tick_label(value, step) == label


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (0.25, ["1 Jan", "01:00", "02:00", "03:00", "04:00", "05:00", "06:00"]),
        (3, ["1 Jan", "12:00", "2 Jan", "12:00", "3 Jan", "12:00", "4 Jan"]),
        (20, ["3 Jan", "7 Jan", "11 Jan", "15 Jan", "19 Jan"]),
        (200, ["Jan 2026", "Feb", "Mar", "Apr", "May", "Jun", "Jul"]),
        (900, ["Jan 2026", "Jul", "Jan 2027", "Jul", "Jan 2028"]),
        (1500, ["Jan 2026", "Jan 2027", "Jan 2028", "Jan 2029", "Jan 2030"]),
    ],
)
def test_time_ticks_stand_on_round_times(days: float, labels: list[str]) -> None:
    marks = time_ticks(START, START + int(days * DAY))
    assert [label for _, label in marks][: len(labels)] == labels
    assert all(START <= ts <= START + days * DAY for ts, _ in marks)
    assert len(marks) <= 9


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=400), st.integers(6, 60))
def test_thinning_keeps_ends_and_extremes(values: list[float], limit: int) -> None:
    points = list(enumerate(values))
    kept = thinned(points, limit)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    assert min(v for _, v in kept) == min(values)
    assert max(v for _, v in kept) == max(values)
    assert len(kept) <= max(limit + 4, 1)
    assert kept == sorted(kept, key=lambda point: point[0])


def test_a_panel_maps_its_corners() -> None:
    panel = Panel(10, 20, 100, 50, 0, 5, -1, 1)
    assert (panel.x(0), panel.x(5), panel.y(1), panel.y(-1)) == (10, 110, 20, 70)
    flat = Panel(10, 20, 100, 50, 3, 3, 2, 2)
    assert (flat.x(3), flat.y(2)) == (10, 20)
