"""Is the best trial skill or luck: the figures that say so, and what they mean in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from whalebot.indicators.arrays import FloatArray
from whalebot.research.optimise.figures import Played, finite_or_none
from whalebot.research.statistics.deflated import (
    ENOUGH,
    DeflatedSharpe,
    deflated_sharpe,
    sharpe_per_period,
)
from whalebot.research.statistics.overfitting import TOO_LIKELY, probability_of_overfitting
from whalebot.research.statistics.resampling import (
    QUANTILES,
    DrawdownRange,
    bootstrapped_returns,
    shuffled_trades,
)

BLOCKS: Final = 16
DRAWS: Final = 1000
BLOCK_DAYS: Final = 10
FLAT_ENOUGH: Final = 0.7
_ALIKE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Honesty:
    """What speaks against believing a result.

    `trials`: how many were made. `deflated`: of the chosen trial. `overfitting`: PBO by CSCV over daily
    returns of all trials. `plateau`: how the neighbours score, as `plateau_of` says. NaN: not known.
    `shuffled`, `bootstrapped`: drawdowns, None where there is nothing to draw from.
    """

    trials: int
    deflated: DeflatedSharpe
    overfitting: float
    plateau: float
    shuffled: DrawdownRange | None
    bootstrapped: DrawdownRange | None

    def warnings(self) -> list[str]:
        """Return the verdicts against the result, in plain words; none where all guards pass."""
        found = []
        chance = self.deflated.probability
        if not chance >= ENOUGH:
            shown = "not known" if math.isnan(chance) else f"{chance:.1%}"
            found.append(
                f"may be luck: the chance of a true edge after {self.trials} trials is {shown}, below 95 %"
            )
        if math.isnan(self.overfitting):
            found.append("overfitting not known: needs two trials and 32 days")
        elif self.overfitting > TOO_LIKELY:
            found.append(
                f"overfitted: in {self.overfitting:.0%} of the splits the best of one half was below the"
                " median of the other"
            )
        if not self.plateau >= FLAT_ENOUGH:
            found.append(self._lonely())
        return found

    def _lonely(self) -> str:
        if math.isnan(self.plateau):
            return "plateau not known: the best has no neighbours to compare it with"
        if math.isinf(self.plateau):
            return "a lonely peak: half of its neighbours or more have no score"
        return f"a lonely peak: its neighbours come to {self.plateau:.2f} (1: as good), below {FLAT_ENOUGH}"

    @property
    def has_better_neighbours(self) -> bool:
        """True where the search has not reached the top: most neighbours of the best are better."""
        return self.plateau > 1.0 + _ALIKE

    @property
    def is_believable(self) -> bool:
        """True where every guard passes."""
        return not self.warnings()

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        deflated = self.deflated
        return {
            "trials": self.trials,
            "deflated_sharpe": finite_or_none(deflated.probability),
            "sharpe_per_day": finite_or_none(deflated.sharpe),
            "best_sharpe_of_luck_per_day": finite_or_none(deflated.expected_maximum),
            "days": deflated.periods,
            "probability_of_overfitting": finite_or_none(self.overfitting),
            "plateau": finite_or_none(self.plateau),
            "drawdown_of_shuffled_trades": _quantiles(self.shuffled),
            "drawdown_of_bootstrapped_days": _quantiles(self.bootstrapped),
            "warnings": self.warnings(),
            "believable": self.is_believable,
        }


def judge(
    chosen: Played,
    returns: FloatArray,
    trials: Sequence[FloatArray],
    made: int,
    plateau: float,
    seed: int,
    overfitting: float | None = None,
) -> Honesty:
    """Judge a chosen result.

    returns: its daily returns; trials: those of every trial it was chosen from; made: how many there were.
    overfitting: where it is known already, as of trials on different spans.
    """
    return Honesty(
        trials=made,
        deflated=deflated_sharpe(returns, [sharpe_per_period(days) for days in trials], made),
        overfitting=overfitting_of(trials) if overfitting is None else overfitting,
        plateau=plateau,
        shuffled=_shuffled(chosen, np.random.default_rng([seed, 1])),
        bootstrapped=_bootstrapped(returns, np.random.default_rng([seed, 2])),
    )


def overfitting_of(trials: Sequence[FloatArray]) -> float:
    """Return the probability of overfitting, NaN for fewer than two trials or 32 days."""
    if len(trials) < 2 or min(map(len, trials)) < 2 * BLOCKS:
        return math.nan
    return probability_of_overfitting(np.column_stack(trials), BLOCKS).probability


def plateau_of(best: float, neighbours: Sequence[float]) -> float:
    """Return 1 plus the distance of the neighbours' median score from the best one's, over |best|.

    That is median / best above zero; below zero too, less than 1 is worse and more is better. -inf: half of
    the neighbours have no score. NaN without neighbours, or where the best score is 0 and theirs is not.
    """
    if not neighbours:
        return math.nan
    middle = float(np.median(neighbours))
    if middle == best:
        return 1.0
    return 1.0 + (middle - best) / abs(best) if best else math.nan


def _shuffled(chosen: Played, rng: np.random.Generator) -> DrawdownRange | None:
    if not len(chosen.pnls) or chosen.balance <= 0:
        return None
    return shuffled_trades(chosen.pnls, chosen.balance, DRAWS, rng)


def _bootstrapped(returns: FloatArray, rng: np.random.Generator) -> DrawdownRange | None:
    if not len(returns):
        return None
    return bootstrapped_returns(returns, min(BLOCK_DAYS, len(returns)), DRAWS, rng)


def _quantiles(drawdowns: DrawdownRange | None) -> dict[str, float] | None:
    if drawdowns is None:
        return None
    return {f"{share:g}": value for share, value in zip(QUANTILES, drawdowns.quantiles, strict=True)}
