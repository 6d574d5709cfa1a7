"""Figures of an equity curve that is marked at every close."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.performance import marked, ratios
from whalebot.decisions.performance.equity import EquityPoint, drawdowns
from whalebot.decisions.performance.summary import marked_risk
from whalebot.domain.intervals import DAY_MS

RETURNS = (0.01, -0.02, 0.015, 0.0, -0.005, 0.012, 0.003)


def golden() -> tuple[marked.Times, marked.Floats]:
    equity = 1000 * np.cumprod(1 + np.array(RETURNS))
    return (np.arange(1, len(equity) + 1) + 20_000) * DAY_MS, equity


def test_the_golden_series() -> None:
    risk = marked_risk(*golden(), 1000.0)
    assert risk.sharpe == pytest.approx(3.398144, abs=1e-6)
    assert risk.sortino == pytest.approx(5.254050, abs=1e-6)
    assert risk.omega == pytest.approx(1.6, abs=1e-9)
    assert risk.value_at_risk_95 == pytest.approx(0.0155, abs=1e-9)
    assert risk.expected_shortfall_95 == pytest.approx(0.02, abs=1e-9)
    assert risk.max_drawdown is not None
    assert risk.max_drawdown.depth == pytest.approx(0.02, abs=1e-9)
    assert risk.total_return == pytest.approx(0.014654, abs=1e-6)
    assert risk.recovery_factor == pytest.approx(0.732705, abs=1e-5)
    assert math.isnan(risk.annual_return)


def test_days_end_at_midnight_and_repeat_where_nothing_came() -> None:
    hours = np.array([1, 24, 25, 47, 96]) * 3_600_000
    days = marked.daily_equity(hours, np.array([1.0, 2.0, 3.0, 4.0, 5.0]), 9.0)
    assert days.tolist() == [9.0, 2.0, 4.0, 4.0, 5.0]
    assert marked.daily_equity(np.array([], dtype=np.int64), np.array([]), 9.0).tolist() == [9.0]


@given(st.lists(st.integers(1, 9), min_size=1, max_size=40))
def test_falls_are_those_of_the_exact_curve(values: list[int]) -> None:
    from decimal import Decimal

    times, equity = np.arange(len(values)), np.array(values, dtype=np.float64)
    exact = drawdowns([EquityPoint(int(t), Decimal(v)) for t, v in zip(times, values, strict=True)])
    found = marked.falls_of(times, equity)
    assert [(f.peak_ms, f.trough_ms, f.end_ms, f.recovered, f.amount) for f in found] == [
        (f.peak_ms, f.trough_ms, f.end_ms, f.recovered, f.amount) for f in exact
    ]
    assert marked.drawdown_series(equity).max() == pytest.approx(max((f.depth for f in exact), default=0.0))


def test_returns_end_where_equity_is_gone() -> None:
    assert marked.period_returns(np.array([2.0, 1.0, 0.0, 5.0])).tolist() == [-0.5, -1.0]
    assert ratios.total_return(marked.period_returns(golden()[1]).tolist()) < 0.01
    assert marked.positive_share(np.array(RETURNS)) == pytest.approx(4 / 7)
