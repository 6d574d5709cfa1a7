"""What holds for every indicator: causal, as long as its input, warm exactly when it says so."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from indicator_table import CASES
from market_bars import random_market


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 260))
def test_a_prefix_gives_the_same_values(name: str, seed: int, count: int) -> None:
    bars = random_market(seed, 260)
    whole = CASES[name].outputs(bars)
    prefix = CASES[name].outputs(bars.first(count))
    for full, short in zip(whole, prefix, strict=True):
        assert len(short) == count
        np.testing.assert_allclose(short, full[:count], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_a_changed_future_changes_no_past_value(name: str) -> None:
    bars = random_market(5, 300)
    before = CASES[name].outputs(bars)
    for column in (bars.open, bars.high, bars.low, bars.close):
        column[200:] *= 3.0
    bars.volume[200:] += 7.0
    for old, new in zip(before, CASES[name].outputs(bars), strict=True):
        np.testing.assert_array_equal(old[:200], new[:200])


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if None not in case.warm_up])
def test_nan_lasts_exactly_as_long_as_declared(name: str) -> None:
    case = CASES[name]
    for out, warm_up in zip(case.outputs(random_market(3, 300)), case.warm_up, strict=True):
        assert np.isnan(out[:warm_up]).all()
        assert not np.isnan(out[warm_up:]).any()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_histories_too_short_for_anything_are_no_error(name: str, count: int) -> None:
    for out in CASES[name].outputs(random_market(3, 300).first(count)):
        assert len(out) == count
