"""The Schmitt trigger: its edges, and the array form against the step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.analysis.signal import (
    SignalState,
    entry_side,
    next_code,
    signal_codes,
    signal_of,
)
from whalebot.domain.enums import Side, Signal

T, RATIO = 2.0, 0.85
HELD = T * RATIO


@pytest.mark.parametrize(
    ("before", "score", "after"),
    [
        ("HOLD", 2.0, "BUY"),
        ("HOLD", 2.0 - 9e-10, "BUY"),
        ("HOLD", 2.0 - 2e-9, "HOLD"),
        ("HOLD", -2.0, "SELL"),
        ("HOLD", -2.0 + 9e-10, "SELL"),
        ("HOLD", -2.0 + 2e-9, "HOLD"),
        ("BUY", HELD, "BUY"),
        ("BUY", HELD - 9e-10, "BUY"),
        ("BUY", HELD - 2e-9, "HOLD"),
        ("BUY", 0.0, "HOLD"),
        ("BUY", -1.99, "HOLD"),
        ("BUY", -2.0, "SELL"),  # the opposite crossing flips at once
        ("SELL", -HELD, "SELL"),
        ("SELL", -HELD + 9e-10, "SELL"),
        ("SELL", -HELD + 2e-9, "HOLD"),
        ("SELL", 2.0, "BUY"),
    ],
)
def test_edges(before: str, score: float, after: str) -> None:
    state = SignalState(Signal(before))
    assert state.step(score, T, RATIO) is Signal(after)
    assert state.signal is Signal(after)


@given(st.floats(-4, 4), st.sampled_from([-1, 0, 1]))
def test_sell_mirrors_buy(score: float, code: int) -> None:
    assert next_code(-code, -score, T, RATIO) == -next_code(code, score, T, RATIO)


bars = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([2.0, 2.0 - 9e-10, HELD, HELD - 2e-9, -2.0, -HELD, 0.0]), st.floats(-3, 3)),
        st.sampled_from([1.8, 2.0, 3.0]),
        st.booleans(),
    ),
    max_size=40,
)


@given(bars, st.sampled_from([0.5, 0.85, 1.0]))
def test_the_array_form_steps_like_the_state(rows: list[tuple[float, float, bool]], ratio: float) -> None:
    code, expected = 0, []
    for score, threshold, warm in rows:
        code = next_code(code, score, threshold, ratio) if warm else 0
        expected.append(code)
    scores, thresholds, warm_bars = (
        (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    )
    codes = signal_codes(np.array(scores), np.array(thresholds), ratio, np.array(warm_bars, dtype=bool))
    assert codes.tolist() == expected


def test_only_this_bars_score_enters() -> None:
    assert entry_side(2.0, T) is Side.BUY
    assert entry_side(2.0 - 9e-10, T) is Side.BUY
    assert entry_side(1.9, T) is None
    assert entry_side(-2.0, T) is Side.SELL
    assert entry_side(-1.9, T) is None


def test_codes_have_names() -> None:
    assert [signal_of(code) for code in (1, 0, -1)] == [Signal.BUY, Signal.HOLD, Signal.SELL]
