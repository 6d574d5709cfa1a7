"""The figures of a trial are those of the performance room."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.decisions.performance import ratios
from whalebot.decisions.performance.marked import drawdown_series
from whalebot.domain.intervals import DAY_MS
from whalebot.research.optimise.figures import Played, daily_returns, figures_of
from whalebot.research.optimise.objectives import sharpe_drawdown


def played(equity: list[float], pnls: list[float] | None = None) -> Played:
    days = np.arange(1, len(equity) + 1, dtype=np.int64) * DAY_MS
    results = np.array(pnls or [], dtype=np.float64)
    return Played("column", "60", 100.0, results, results / 10, days, np.array(equity), 0)


@given(st.lists(st.floats(20, 300), min_size=1, max_size=80))
def test_ratios_are_those_of_the_performance_room(equity: list[float]) -> None:
    figures, returns = figures_of(played(equity))
    days = returns.tolist()
    fall = float(drawdown_series(np.array([100.0, *equity])).max())
    same = {"rel": 1e-9, "abs": 1e-9, "nan_ok": True}
    assert figures.max_drawdown == pytest.approx(fall, **same)
    assert figures.sharpe == pytest.approx(ratios.sharpe(days), **same)
    assert figures.sortino == pytest.approx(ratios.sortino(days), **same)
    assert figures.calmar == pytest.approx(ratios.calmar(days, fall), rel=1e-6, abs=1e-9, nan_ok=True)
    assert figures.net_pnl == equity[-1] - 100


def test_the_deepest_fall_of_a_long_curve_is_found_wherever_its_peak_was() -> None:
    rng = np.random.default_rng(1)
    equity = 100 + np.abs(np.cumsum(rng.normal(0, 0.2, 40_000)))
    equity[10_000], equity[39_000] = equity.max() + 50, 20.0
    minutes = np.arange(1, len(equity) + 1, dtype=np.int64) * 60_000
    nothing = np.zeros(0)
    figures, _ = figures_of(Played("column", "1", 100.0, nothing, nothing, minutes, equity, 0))
    whole = drawdown_series(np.concatenate(([100.0], equity)))
    assert figures.max_drawdown == pytest.approx(float(whole.max()), rel=1e-12)
    assert whole.argmax() == 39_001


def test_figures_of_trades() -> None:
    figures, _ = figures_of(played([110.0, 105.0], [20.0, -10.0, 5.0, -5.0, 0.0]))
    assert (figures.trades, figures.profit_factor) == (5, pytest.approx(25 / 15))
    r = np.array([2.0, -1.0, 0.5, -0.5, 0.0])
    assert figures.sqn == pytest.approx(math.sqrt(5) * r.mean() / r.std(ddof=1))


def test_a_total_loss_leaves_days_of_nothing() -> None:
    returns = daily_returns(played([50.0, -1.0, -1.0, -1.0]))
    assert returns.tolist() == [-0.5, pytest.approx(-1.02), 0.0, 0.0]
    assert figures_of(played([50.0, -1.0]))[0].max_drawdown == 1.0


def test_a_deeper_fall_is_worse_on_both_sides_of_zero() -> None:
    good, _ = figures_of(played([101.0, 99.0, 104.0]))
    bad, _ = figures_of(played([99.0, 100.0, 90.0]))
    assert sharpe_drawdown(good) == pytest.approx(good.sharpe * (1 - good.max_drawdown))
    assert sharpe_drawdown(bad) == pytest.approx(bad.sharpe / (1 - bad.max_drawdown))
    assert sharpe_drawdown(bad) < bad.sharpe < 0
