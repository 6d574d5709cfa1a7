"""Drawdowns of shuffled trades and of glued blocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from whalebot.research.statistics.resampling import bootstrapped_returns, shuffled_trades


def test_two_trades_have_two_orders() -> None:
    """Win 100, lose 50 from 1000: the drawdown is 50/1100 or 50/1000, each half of the time."""
    found = shuffled_trades(np.array([100.0, -50.0]), 1000.0, 4000, np.random.default_rng(1))
    assert found.quantiles[0] in (pytest.approx(50 / 1100), pytest.approx(50 / 1000))
    assert found.quantiles[-1] == pytest.approx(50 / 1000)


def test_one_sure_loss() -> None:
    assert shuffled_trades(np.array([-10.0]), 100.0, 7, np.random.default_rng(1)).quantiles == pytest.approx(
        (0.1,) * 4
    )


@given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=60), st.integers(1, 80), st.integers(0, 9))
def test_glued_paths_stay_in_bounds(returns: list[float], block: int, seed: int) -> None:
    found = bootstrapped_returns(np.array(returns), block, 50, np.random.default_rng(seed))
    assert list(found.quantiles) == sorted(found.quantiles)
    assert 0.0 <= found.quantiles[0] <= found.quantiles[-1] < 1.0
    again = bootstrapped_returns(np.array(returns), block, 50, np.random.default_rng(seed))
    assert again == found


def test_longer_blocks_keep_runs_of_bad_days() -> None:
    returns = np.where(np.arange(400) // 20 % 2, 0.01, -0.01)
    short = bootstrapped_returns(returns, 1, 2000, np.random.default_rng(0)).quantiles[0]
    long = bootstrapped_returns(returns, 20, 2000, np.random.default_rng(0)).quantiles[0]
    assert long > 1.5 * short


def test_many_draws_of_many_trades_fit_into_memory() -> None:
    pnls = np.random.default_rng(0).normal(0.0, 1.0, 50_000)
    assert shuffled_trades(pnls, 10_000.0, 100, np.random.default_rng(0)).draws == 100


def test_refuses_nothing() -> None:
    with pytest.raises(ValueError, match="needs a trade"):
        shuffled_trades(np.array([]), 100.0, 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="needs a return"):
        bootstrapped_returns(np.array([]), 1, 5, np.random.default_rng(0))
