"""A proposal of weights from judged signals: fitted on the first part of the time, scored on the rest.

It is printed and changes nothing. What votes say of the returns that followed is a weighted sum with weights
of at least 0, found by least squares; its size is then that of the weights in force.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.decisions.scan.settings import INDICATORS
from whalebot.domain.intervals import interval_ms
from whalebot.indicators.arrays import FloatArray
from whalebot.scanner.judge_outcomes import Outcome

FIT_SHARE: Final = 0.7
_ROUNDS: Final = 500
_RIDGE: Final = 1e-3


@dataclass(frozen=True, slots=True)
class PartScore:
    """How a set of weights orders the later returns: `n` signals, correlation of score and return, and the
    mean return of those whose score would still pass the threshold, with their number."""

    n: int
    correlation: float
    passed: int
    mean: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """Weights by indicator, and both sets scored on the signals after the split. `fitted`: signals used."""

    horizon: int
    fitted: int
    weights: Mapping[str, float]
    before: PartScore
    after: PartScore


def suggest_weights(
    outcomes: Sequence[Outcome], place: int, horizon: int, threshold: float
) -> Proposal | None:
    """Return a proposal from outcomes in the order of time, None where too few returns are known.

    place, horizon: which return is fitted. Signals whose return reaches beyond the split teach nothing.
    """
    known = [o for o in outcomes if not math.isnan(o.returns[place])]
    split = int(len(known) * FIT_SHARE)
    if split < len(INDICATORS) or split == len(known):
        return None
    begins = known[split].signal.bar_start_ms
    fitted = [o for o in known[:split] if _end_ms(o, horizon) <= begins]
    later = known[split:]
    if len(fitted) < len(INDICATORS):
        return None
    weights = _fit(_votes(fitted), _moves(fitted, place))
    current = _current_weights(known)
    size = float(current.sum())
    weights = weights * (size / weights.sum()) if weights.sum() > 0.0 else weights
    return Proposal(
        horizon=horizon,
        fitted=len(fitted),
        weights={name: float(weight) for name, weight in zip(INDICATORS, weights, strict=True)},
        before=_part_score(later, place, current, threshold),
        after=_part_score(later, place, weights, threshold),
    )


def _end_ms(outcome: Outcome, horizon: int) -> int:
    return outcome.signal.bar_start_ms + horizon * interval_ms(outcome.signal.interval)


def _votes(outcomes: Sequence[Outcome]) -> FloatArray:
    return np.array([[float(o.signal.votes.get(name) or 0) for name in INDICATORS] for o in outcomes])


def _moves(outcomes: Sequence[Outcome], place: int) -> FloatArray:
    """Return what the market did, without the signal's sign."""
    return np.array([o.signal.sign * o.returns[place] for o in outcomes])


def _current_weights(outcomes: Sequence[Outcome]) -> FloatArray:
    newest = outcomes[-1].signal.weights
    return np.array([float(newest.get(name) or 0.0) for name in INDICATORS])


def _fit(votes: FloatArray, moves: FloatArray) -> FloatArray:
    """Return weights >= 0 of least squares by coordinate descent, with a little ridge for equal votes."""
    product = votes.T @ votes / len(votes) + _RIDGE * np.eye(votes.shape[1])
    target = votes.T @ (moves - moves.mean()) / len(votes)
    weights = np.zeros(votes.shape[1])
    for _ in range(_ROUNDS):
        before = weights.copy()
        for k in range(len(weights)):
            rest = target[k] - product[k] @ weights + product[k, k] * weights[k]
            weights[k] = max(0.0, rest / product[k, k])
        if np.allclose(before, weights, rtol=1e-9, atol=0.0):
            break
    return weights


def _part_score(outcomes: Sequence[Outcome], place: int, weights: FloatArray, threshold: float) -> PartScore:
    total = float(weights.sum())
    moves = _moves(outcomes, place)
    scores = _votes(outcomes) @ weights / total if total > 0.0 else np.zeros(len(outcomes))
    passed = np.abs(scores) > threshold
    return PartScore(
        n=len(outcomes),
        correlation=_correlation(scores, moves),
        passed=int(passed.sum()),
        mean=float(np.mean(np.sign(scores[passed]) * moves[passed])) if passed.any() else math.nan,
    )


def _correlation(first: FloatArray, second: FloatArray) -> float:
    if len(first) < 3 or np.ptp(first) == 0.0 or np.ptp(second) == 0.0:
        return math.nan
    return float(np.corrcoef(first, second)[0, 1])
