"""Comparisons: equal within rounding noise, silent on NaN, the same for one bar and for a column."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.analysis import comparisons as cmp

NAN = math.nan
values = st.one_of(
    st.sampled_from([NAN, 0.0, 1.0, 1.0 + 5e-10, 1.0 + 5e-9, 1e-3, 1e-3 + 5e-13, 50_000.1]),
    st.floats(-1e6, 1e6, allow_nan=False),
)
tails = st.tuples(values, values, values)


def column(tail: cmp.Tail) -> np.ndarray:
    return np.array(tail, dtype=np.float64)


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (1.0, 1.0, 0),
        (1.0 + 9e-10, 1.0, 0),
        (1.0 + 2e-9, 1.0, 1),
        (1.0 - 2e-9, 1.0, -1),
        (100_000.0, 100_000.00009, 0),  # relative to the size of the values
        (100_000.0, 100_000.0002, -1),
        (0.0, 9e-13, 0),  # never below a thousandth of it
        (0.0, 2e-12, -1),
        (-5.0, -5.0 - 4e-9, 0),
        (NAN, 1.0, 0),
        (1.0, NAN, 0),
    ],
)
def test_side_is_tolerant(x: float, y: float, expected: int) -> None:
    assert cmp.side((0.0, 0.0, x), (0.0, 0.0, y)) == expected
    assert cmp.side(column((0.0, 0.0, x)), column((0.0, 0.0, y)))[2] == expected


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        ((9, 1, 3), (0, 2, 2), 1),
        ((9, 2, 3), (0, 2, 2), 1),  # from at the line
        ((9, 2 + 1e-9, 3), (0, 2, 2), 1),  # at, within the noise
        ((9, 2.1, 3), (0, 2, 2), 0),  # was above already
        ((9, 1, 2), (0, 2, 2), 0),  # only reached it
        ((9, 1, 2 + 1e-9), (0, 2, 2), 0),
        ((9, 3, 1), (0, 2, 2), -1),
        ((9, 2, 1), (0, 2, 2), -1),
        ((9, 3, 3), (0, 2, 4), -1),  # the line crossed the price: each bar against its own line
        ((9, NAN, 3), (0, 2, 2), 0),
        ((9, 1, 3), (0, NAN, 2), 0),
        ((9, 1, NAN), (0, 2, 2), 0),
    ],
)
def test_cross(x: tuple, y: tuple, expected: int) -> None:
    x, y = tuple(map(float, x)), tuple(map(float, y))
    assert cmp.cross(x, y) == expected
    assert cmp.cross(column(x), column(y))[2] == expected


def test_the_first_bar_never_crosses() -> None:
    assert cmp.cross(np.array([3.0]), np.array([2.0])).tolist() == [0]
    assert cmp.flip(np.array([1.0])).tolist() == [0]
    assert cmp.three_bar_run(np.array([1.0])).tolist() == [0]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ((1, 2, 3), 1),
        ((3, 2, 1), -1),
        ((1, 2, 2), 0),
        ((1, 1 + 1e-10, 3), 0),
        ((1, 3, 2), 0),
        ((NAN, 2, 3), 0),
    ],
)
def test_three_bar_run(x: tuple, expected: int) -> None:
    x = tuple(map(float, x))
    assert cmp.three_bar_run(x) == expected
    assert cmp.three_bar_run(column(x))[2] == expected


@pytest.mark.parametrize(
    ("x", "expected"), [((0, -1, 1), 1), ((0, 1, -1), -1), ((0, 1, 1), 0), ((0, 0, 1), 0), ((0, NAN, 1), 0)]
)
def test_flip_needs_the_opposite_before(x: tuple, expected: int) -> None:
    x = tuple(map(float, x))
    assert cmp.flip(x) == expected
    assert cmp.flip(column(x))[2] == expected


@given(tails, tails, tails)
def test_one_live_bar_is_the_last_of_a_column(x: cmp.Tail, y: cmp.Tail, z: cmp.Tail) -> None:
    a, b, c = column(x), column(y), column(z)
    pairs = [
        (cmp.side(x, y), cmp.side(a, b)),
        (cmp.side(x, y[2]), cmp.side(a, y[2])),
        (cmp.cross(x, y), cmp.cross(a, b)),
        (cmp.cross(x, 1.0), cmp.cross(a, 1.0)),
        (cmp.three_bar_run(x), cmp.three_bar_run(a)),
        (cmp.beyond(x, y, z), cmp.beyond(a, b, c)),
        (cmp.beyond(x, -1.0, 1.0), cmp.beyond(a, -1.0, 1.0)),
        (cmp.value_side(x[2], y[2]), cmp.value_side(a, b)),
        (cmp.reaches(x[2], y[2]), cmp.reaches(a, b)),
        (cmp.is_near(x[2], y[2], 0.001), cmp.is_near(a, b, 0.001)),
        (cmp.crossed_level(x[1], x[2], y[2]), cmp.crossed_level(cmp.before(a), a, b)),
        (cmp.or_zero(x[2]), cmp.or_zero(a)),
        (cmp.ramp(x[2], 20.0, 25.0), cmp.ramp(a, 20.0, 25.0)),
    ]
    for one, whole in pairs:
        assert one == whole[2]


@given(tails, tails)
def test_crossing_back_is_the_mirror(x: cmp.Tail, y: cmp.Tail) -> None:
    assert cmp.cross(x, y) == -cmp.cross(tuple(-v for v in x), tuple(-v for v in y))
    assert cmp.cross(x, y) == -cmp.cross(y, x)


def test_a_column_does_not_mix_with_a_tail() -> None:
    with pytest.raises(TypeError, match="tail"):
        cmp.side(np.zeros(3), (0.0, 0.0, 0.0))
