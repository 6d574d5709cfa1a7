"""The deflated Sharpe ratio against its published example, and on noise and on an edge."""

import math

import numpy as np
import pytest

from whalebot.research.statistics.deflated import (
    deflated_sharpe,
    expected_maximum_sharpe,
    probabilistic_sharpe,
    sharpe_per_period,
)


def test_published_example() -> None:
    """Bailey & López de Prado 2014: 100 trials, variance 1/2 a year, expected maximum 0.1132 a day."""
    spread = math.sqrt(0.5 / 250)
    ratios = np.array([-spread, spread]) * math.sqrt(0.5)
    assert np.std(ratios, ddof=1) == pytest.approx(spread)
    assert expected_maximum_sharpe(ratios, trials=100) == pytest.approx(0.1132, abs=5e-5)


def test_published_probability() -> None:
    """The same paper: ratio 2.5 a year over 1250 days, skew -3, kurtosis 10, gives 0.9004."""
    ratio, benchmark, periods = 2.5 / math.sqrt(250), 0.1132, 1250
    statistic = (ratio - benchmark) * math.sqrt(periods - 1) / math.sqrt(1 + 3 * ratio + 9 / 4 * ratio**2)
    expected = 0.5 * (1 + math.erf(statistic / math.sqrt(2)))
    assert expected == pytest.approx(0.9004, abs=2e-4)
    returns = _with_moments(ratio, periods)
    deviations = returns - returns.mean()
    skew = np.mean(deviations**3) / np.mean(deviations**2) ** 1.5
    kurtosis = np.mean(deviations**4) / np.mean(deviations**2) ** 2
    own = (ratio - benchmark) * math.sqrt(periods - 1)
    own /= math.sqrt(1 - skew * ratio + (kurtosis - 1) / 4 * ratio**2)
    assert probabilistic_sharpe(returns, benchmark) == pytest.approx(
        0.5 * (1 + math.erf(own / math.sqrt(2))), abs=1e-12
    )


def _with_moments(ratio: float, periods: int) -> np.ndarray:
    returns = np.random.default_rng(3).gamma(2.0, 1.0, periods) * -1.0
    returns = (returns - returns.mean()) / returns.std(ddof=1)
    return returns + ratio


def test_noise_does_not_convince() -> None:
    convinced = 0
    for seed in range(100):
        trials = np.random.default_rng(seed).normal(0.0, 0.01, (365, 50))
        ratios = [sharpe_per_period(trials[:, i]) for i in range(50)]
        best = int(np.argmax(ratios))
        convinced += deflated_sharpe(trials[:, best], ratios).is_convincing
    assert convinced <= 10


def test_planted_edge_convinces() -> None:
    trials = np.random.default_rng(5).normal(0.0, 0.01, (730, 50))
    trials[:, 7] += 0.0025
    ratios = [sharpe_per_period(trials[:, i]) for i in range(50)]
    best = int(np.argmax(ratios))
    found = deflated_sharpe(trials[:, best], ratios)
    assert best == 7
    assert found.is_convincing
    assert (found.trials, found.periods) == (50, 730)


def test_more_trials_convince_less() -> None:
    rng = np.random.default_rng(2)
    returns = rng.normal(0.001, 0.01, 365)
    ratios = rng.normal(0.0, 0.05, 20)
    probabilities = [deflated_sharpe(returns, ratios, trials).probability for trials in (20, 200, 2000)]
    assert probabilities == sorted(probabilities, reverse=True)
    assert probabilities[0] > probabilities[-1]


@pytest.mark.parametrize("returns", [[], [0.1], [0.01, 0.01, 0.01, 0.01]])
def test_nothing_to_judge_is_nan(returns: list[float]) -> None:
    assert math.isnan(deflated_sharpe(np.array(returns), [0.1, 0.2]).probability)


def test_single_trial_has_no_choice() -> None:
    assert expected_maximum_sharpe([0.3]) == 0.0
    assert expected_maximum_sharpe([0.3, math.nan]) == 0.0
