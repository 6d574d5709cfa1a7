"""Sharpe ratios judged by length, shape and the number of trials they were chosen from.

Source: Bailey & López de Prado, "The Sharpe Ratio Efficient Frontier" (2012) and "The Deflated Sharpe
Ratio" (2014).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

_EULER_GAMMA: Final = 0.5772156649015329
_NORMAL: Final = NormalDist()
ENOUGH: Final = 0.95


@dataclass(frozen=True, slots=True)
class DeflatedSharpe:
    """`probability` that the true Sharpe ratio of the chosen trial is above what luck gives the best of N.

    sharpe and expected_maximum are per period (not annualised). NaN where too few returns or trials exist.
    """

    probability: float
    sharpe: float
    expected_maximum: float
    trials: int
    periods: int

    @property
    def is_convincing(self) -> bool:
        """True from 95 % on."""
        return self.probability >= ENOUGH


def sharpe_per_period(returns: NDArray[np.float64]) -> float:
    """Return mean / sample standard deviation of simple returns, NaN where nothing varies."""
    if len(returns) < 2:
        return math.nan
    deviation = float(np.std(returns, ddof=1))
    mean = float(np.mean(returns))
    # A constant column leaves rounding noise of the order of its mean's last digit.
    return mean / deviation if deviation > 1e-12 * abs(mean) else math.nan


def expected_maximum_sharpe(trial_sharpes: ArrayLike, trials: int | None = None) -> float:
    """Return the best Sharpe ratio (per period) that so many trials without any edge would show.

    trial_sharpes: (n,) ratios of the trials, whose spread is used; non-finite ones do not count. trials: how
    many were made in all, if more than are given. Zero for a single trial: nothing was chosen.
    """
    ratios = np.asarray(trial_sharpes, dtype=np.float64)
    ratios = ratios[np.isfinite(ratios)]
    count = max(trials or 0, len(ratios))
    if count < 2 or len(ratios) < 2:
        return 0.0
    spread = float(np.std(ratios, ddof=1))
    first = _NORMAL.inv_cdf(1.0 - 1.0 / count)
    second = _NORMAL.inv_cdf(1.0 - 1.0 / (count * math.e))
    return spread * ((1.0 - _EULER_GAMMA) * first + _EULER_GAMMA * second)


def probabilistic_sharpe(returns: NDArray[np.float64], benchmark: float) -> float:
    """Return the probability that the true Sharpe ratio (per period) exceeds `benchmark`.

    returns: (n,) simple returns per period. NaN below three returns or where nothing varies.
    """
    ratio = sharpe_per_period(returns)
    if len(returns) < 3 or not math.isfinite(ratio):
        return math.nan
    deviations = returns - np.mean(returns)
    second = float(np.mean(deviations**2))
    skew = float(np.mean(deviations**3)) / second**1.5
    kurtosis = float(np.mean(deviations**4)) / second**2
    variance = 1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio**2
    if variance <= 0.0:
        return math.nan
    return _NORMAL.cdf((ratio - benchmark) * math.sqrt(len(returns) - 1) / math.sqrt(variance))


def deflated_sharpe(
    returns: NDArray[np.float64], trial_sharpes: ArrayLike, trials: int | None = None
) -> DeflatedSharpe:
    """Judge the chosen trial's returns against what luck gives the best of all trials.

    returns: (n,) simple returns per period of the chosen trial; trial_sharpes: per-period ratios of them all.
    """
    ratios = np.asarray(trial_sharpes, dtype=np.float64)
    benchmark = expected_maximum_sharpe(ratios, trials)
    return DeflatedSharpe(
        probability=probabilistic_sharpe(returns, benchmark),
        sharpe=sharpe_per_period(returns),
        expected_maximum=benchmark,
        trials=max(trials or 0, len(ratios)),
        periods=len(returns),
    )
