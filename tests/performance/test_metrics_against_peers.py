"""Figures of performance equal those of empyrical-reloaded, quantstats and ffn, where these define the same.

Where they define something else, the difference itself is tested: docs/peers.md has it as a table.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from whalebot.decisions.performance import marked, ratios

GOLDEN = np.array((0.01, -0.02, 0.015, 0.0, -0.005, 0.012, 0.003))
YEAR = 365


def peer(name: str) -> Any:
    """A library, or a skipped test that says it is missing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
        return importlib.import_module(name)


@pytest.fixture(autouse=True)
def warnings_of_peers_pass() -> Iterator[None]:
    """What the libraries say about pandas and scipy is theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def daily(values: np.ndarray[Any, Any]) -> pd.Series[float]:
    """Returns by UTC day."""
    return pd.Series(values, index=pd.date_range("2025-01-01", periods=len(values), freq="D"))


def histories() -> list[np.ndarray[Any, Any]]:
    """The golden week, and years of other tempers, ties and still days among them."""
    rng = np.random.default_rng(5)
    found = [GOLDEN]
    for days, drift, spread in ((40, 0.001, 0.01), (365, -0.002, 0.03), (1000, 0.0005, 0.02)):
        values = rng.normal(drift, spread, days)
        values[rng.random(days) < 0.1] = 0.0
        found.append(values)
    found.append(np.round(rng.standard_t(3, 500) * 0.01, 3).clip(-0.5, 0.5))
    return found


CASES = histories()
every_history = pytest.mark.parametrize("values", CASES, ids=[f"{len(v)} days" for v in CASES])


def equity_of(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The curve of some returns, from 1."""
    return np.concatenate(([1.0], np.cumprod(1 + values)))


def prices_of(values: np.ndarray[Any, Any]) -> pd.Series[float]:
    """The curve of some returns by day, from the day before the first."""
    return pd.Series(equity_of(values), index=pd.date_range("2024-12-31", periods=len(values) + 1, freq="D"))


def deepest(values: np.ndarray[Any, Any]) -> float:
    """Ours, by the curve."""
    return float(marked.drawdown_series(equity_of(values)).max())


def same(ours: float, theirs: float) -> None:
    """Equal to 1e-9, relative where the figure is above 1."""
    assert math.isfinite(ours)
    assert ours == pytest.approx(float(theirs), rel=1e-9, abs=1e-9)


def test_golden_week() -> None:
    values = GOLDEN.tolist()
    found = {
        "sharpe": ratios.sharpe(values),
        "sortino": ratios.sortino(values),
        "omega": ratios.omega(values),
        "var": ratios.value_at_risk(values),
        "cvar": ratios.expected_shortfall(values),
        "drawdown": deepest(GOLDEN),
        "total": ratios.total_return(values),
        "recovery": ratios.total_return(values) / deepest(GOLDEN),
    }
    assert {name: round(value, 6) for name, value in found.items()} == {
        "sharpe": 3.398144,
        "sortino": 5.254050,
        "omega": 1.6,
        "var": 0.0155,
        "cvar": 0.02,
        "drawdown": 0.02,
        "total": 0.014654,
        "recovery": 0.732705,
    }


@every_history
def test_equal_to_empyrical(values: np.ndarray[Any, Any]) -> None:
    empyrical, mine = peer("empyrical"), values.tolist()
    same(ratios.total_return(mine), empyrical.cum_returns_final(values))
    same(ratios.sharpe(mine), empyrical.sharpe_ratio(values, annualization=YEAR))
    same(ratios.sortino(mine), empyrical.sortino_ratio(values, annualization=YEAR))
    same(ratios.volatility(mine), empyrical.annual_volatility(values, annualization=YEAR))
    same(ratios.omega(mine), empyrical.omega_ratio(values, annualization=YEAR))
    # A loss is above zero here and below zero there.
    same(-ratios.value_at_risk(mine), empyrical.value_at_risk(values))
    same(-deepest(values), empyrical.max_drawdown(values))
    if len(values) >= ratios.FEWEST_DAYS:
        same(ratios.annual_return(mine), empyrical.annual_return(values, annualization=YEAR))
        same(ratios.calmar(mine, deepest(values)), empyrical.calmar_ratio(values, annualization=YEAR))


@every_history
def test_shortfall_of_empyrical_differs_by_ties_alone(values: np.ndarray[Any, Any]) -> None:
    theirs = peer("empyrical").conditional_value_at_risk(values)
    edge = -ratios.value_at_risk(values.tolist())
    count = int((len(values) - 1) * 0.05) + 1
    if np.count_nonzero(values <= edge) == count:
        same(-ratios.expected_shortfall(values.tolist()), theirs)
    else:
        same(float(np.sort(values)[:count].mean()), theirs)
        assert -ratios.expected_shortfall(values.tolist()) > theirs


@every_history
def test_equal_to_quantstats(values: np.ndarray[Any, Any]) -> None:
    peer("quantstats")
    stats, days, mine = peer("quantstats.stats"), daily(values), values.tolist()
    same(ratios.total_return(mine), stats.comp(days))
    same(ratios.sharpe(mine), stats.sharpe(days, periods=YEAR))
    same(ratios.sortino(mine), stats.sortino(days, periods=YEAR))
    same(ratios.volatility(mine), stats.volatility(days, periods=YEAR))
    same(ratios.omega(mine), stats.omega(days, periods=YEAR))
    same(-deepest(values), stats.max_drawdown(days))
    same(-ratios.expected_shortfall(mine), stats.conditional_value_at_risk(days, method="historical"))
    if len(values) >= ratios.FEWEST_DAYS:
        same(ratios.annual_return(mine), stats.cagr(days, periods=YEAR))
        same(ratios.calmar(mine, deepest(values)), stats.calmar(days, periods=YEAR))


@every_history
def test_what_quantstats_defines_otherwise(values: np.ndarray[Any, Any]) -> None:
    peer("quantstats")
    stats, days = peer("quantstats.stats"), daily(values)
    # n - 1 for n, over the days without the start.
    falls = marked.drawdown_series(equity_of(values))[1:]
    same(float(np.sqrt(np.sum(falls**2) / (len(falls) - 1))), stats.ulcer_index(days))
    # The sum of the returns for what they compound to.
    same(abs(float(values.sum())) / deepest(values), stats.recovery_factor(days))
    # A normal distribution's quantile for that of the returns themselves.
    normal = importlib.import_module("statistics").NormalDist(values.mean(), values.std(ddof=1))
    assert stats.value_at_risk(days) == pytest.approx(normal.inv_cdf(0.05), rel=1e-7)
    assert abs(stats.value_at_risk(days) + ratios.value_at_risk(values.tolist())) > 1e-5


@every_history
def test_equal_to_ffn(values: np.ndarray[Any, Any]) -> None:
    ffn, days, mine = peer("ffn"), daily(values), values.tolist()
    prices = prices_of(values)
    same(ratios.total_return(mine), ffn.calc_total_return(prices))
    same(ratios.sharpe(mine), ffn.calc_sharpe(days, nperiods=YEAR))
    same(-deepest(values), ffn.calc_max_drawdown(prices))
    same(ratios.sortino(mine), ffn.calc_sortino_ratio(days, nperiods=YEAR))
    # In percent there.
    same(marked.ulcer_of(equity_of(values)) * 100, ffn.to_ulcer_index(prices))
    np.testing.assert_allclose(
        -marked.drawdown_series(equity_of(values)), ffn.to_drawdown_series(prices), rtol=0, atol=1e-12
    )
    changes = prices.pct_change().iloc[1:]
    np.testing.assert_allclose(marked.period_returns(equity_of(values)), changes, rtol=0, atol=1e-12)


@pytest.mark.parametrize("values", CASES[1:], ids=[f"{len(v)} days" for v in CASES[1:]])
def test_what_ffn_defines_otherwise(values: np.ndarray[Any, Any]) -> None:
    # A year of 365.25 days of the calendar.
    theirs = peer("ffn").calc_cagr(prices_of(values))
    same(ratios.annual_return(values.tolist(), 365.25), theirs)
    assert abs(ratios.annual_return(values.tolist()) - theirs) > 1e-5


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        (ratios.sharpe, "sharpe_ratio"),
        (ratios.sortino, "sortino_ratio"),
        (ratios.volatility, "annual_volatility"),
    ],
)
def test_a_year_of_365_days_is_not_theirs(figure: Callable[[list[float]], float], name: str) -> None:
    theirs = getattr(peer("empyrical"), name)(GOLDEN)
    assert figure(GOLDEN.tolist()) / theirs == pytest.approx(math.sqrt(365 / 252), rel=1e-9)
