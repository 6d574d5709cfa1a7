"""Ratios against published goldens, hand computation and pandas."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.performance import ratios

GOLDEN = (0.01, -0.02, 0.015, 0.0, -0.005, 0.012, 0.003)


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (ratios.sharpe, 3.398144),
        (ratios.sortino, 5.254050),
        (ratios.omega, 1.6),
        (ratios.value_at_risk, 0.0155),
        (ratios.expected_shortfall, 0.02),
        (ratios.total_return, 0.014654),
    ],
)
def test_golden_series(figure, expected: float) -> None:  # type: ignore[no-untyped-def]
    assert figure(GOLDEN) == pytest.approx(expected, abs=6e-7)


returns_lists = st.lists(st.floats(-0.3, 0.3).map(lambda r: round(r, 6)), min_size=2, max_size=80)


@given(returns_lists)
def test_ratios_equal_those_of_pandas(values: list[float]) -> None:
    series = pd.Series(values)
    spread = series.std(ddof=1)
    if spread > 1e-9:
        assert ratios.sharpe(values) == pytest.approx(
            series.mean() / spread * np.sqrt(365), rel=1e-9, abs=1e-9
        )
    else:
        assert math.isnan(ratios.sharpe(values))
    assert ratios.volatility(values) == pytest.approx(spread * np.sqrt(365), rel=1e-9, abs=1e-12)
    downside = np.sqrt((series.clip(upper=0) ** 2).mean())
    if downside > 0:
        expected = series.mean() / downside * np.sqrt(365)
        assert ratios.sortino(values) == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert ratios.total_return(values) == pytest.approx((1 + series).prod() - 1, rel=1e-9, abs=1e-12)
    assert ratios.value_at_risk(values) == pytest.approx(-series.quantile(0.05), rel=1e-9, abs=1e-12)
    shortfall = -series[series <= series.quantile(0.05) + 1e-15].mean()
    assert ratios.expected_shortfall(values) == pytest.approx(shortfall, rel=1e-9, abs=1e-12)
    if len(values) >= 30:
        grown = (1 + series).prod() ** (365 / len(values)) - 1
        assert ratios.annual_return(values) == pytest.approx(grown, rel=1e-9)


def test_the_year_has_365_days() -> None:
    assert ratios.sharpe(GOLDEN) / ratios.sharpe(GOLDEN, 252) == pytest.approx(math.sqrt(365 / 252))


def test_calmar_of_a_month_by_hand() -> None:
    month = [0.001] * 30
    yearly = 1.001**365 - 1
    assert ratios.calmar(month, 0.05) == pytest.approx(yearly / 0.05)
    assert math.isnan(ratios.calmar(month, 0.0))


def test_under_thirty_days_nothing_is_said_of_a_year() -> None:
    assert math.isnan(ratios.annual_return([0.01] * 29))
    assert math.isnan(ratios.calmar([0.01] * 29, 0.1))
    assert not math.isnan(ratios.annual_return([0.01] * 30))


def test_a_total_loss_is_a_total_loss() -> None:
    assert ratios.annual_return([0.1] * 29 + [-1.2]) == -1.0


@pytest.mark.parametrize("values", [[], [0.01], [0.001] * 40, [0.0] * 5])
def test_without_spread_there_is_no_sharpe(values: list[float]) -> None:
    assert math.isnan(ratios.sharpe(values))


def test_nothing_lost_and_nothing_known() -> None:
    assert ratios.sortino([0.01, 0.02]) == math.inf
    assert ratios.omega([0.01, 0.02]) == math.inf
    for figure in (ratios.sortino, ratios.omega, ratios.value_at_risk, ratios.expected_shortfall):
        assert math.isnan(figure([]))
    assert math.isnan(ratios.sortino([0.0, 0.0]))
    assert math.isnan(ratios.omega([0.0]))
    assert ratios.total_return([]) == 0
