"""The probability of backtest overfitting on noise, on an edge, and against a plain computation."""

import math
from itertools import combinations

import numpy as np
import pytest

from whalebot.research.statistics.overfitting import probability_of_overfitting


def _plainly(returns: np.ndarray, blocks: int) -> float:
    length = len(returns) // blocks
    rows = [np.arange(b * length, (b + 1) * length) for b in range(blocks)]
    below = splits = 0
    for chosen in combinations(range(blocks), blocks // 2):
        inside = returns[np.concatenate([rows[b] for b in chosen])]
        outside = returns[np.concatenate([rows[b] for b in range(blocks) if b not in chosen])]
        best = np.argmax(inside.mean(axis=0) / inside.std(axis=0))
        ratios = outside.mean(axis=0) / outside.std(axis=0)
        rank = (np.sum(ratios < ratios[best]) + 1) / (returns.shape[1] + 1)
        below += math.log(rank / (1 - rank)) <= 0
        splits += 1
    return below / splits


@pytest.mark.parametrize("seed", range(5))
def test_equals_plain_computation(seed: int) -> None:
    returns = np.random.default_rng(seed).normal(0.0001, 0.01, (203, 7))
    assert probability_of_overfitting(returns, 8).probability == pytest.approx(_plainly(returns, 8))


def test_noise_is_overfitted() -> None:
    found = [
        probability_of_overfitting(np.random.default_rng(s).normal(0.0, 0.01, (512, 40)), 10).probability
        for s in range(20)
    ]
    assert 0.35 < float(np.mean(found)) < 0.7


def test_planted_edge_is_not() -> None:
    returns = np.random.default_rng(4).normal(0.0, 0.01, (640, 40))
    returns[:, 11] += 0.004
    found = probability_of_overfitting(returns)
    assert found.probability < 0.02
    assert not found.is_likely
    assert len(found.logits) == math.comb(16, 8)


def test_trial_good_in_one_half_only_is_caught() -> None:
    returns = np.random.default_rng(4).normal(0.0, 0.001, (160, 8))
    half = 80
    for trial in range(8):
        sign = 1 if trial % 2 else -1
        returns[:half, trial] += sign * 0.01
        returns[half:, trial] -= sign * 0.01
    assert probability_of_overfitting(returns, 2).is_likely


def test_equal_trials_are_neither_good_nor_bad() -> None:
    returns = np.tile(np.random.default_rng(1).normal(0.0, 0.01, (64, 1)), (1, 5))
    assert np.all(probability_of_overfitting(returns, 4).logits == 0.0)


@pytest.mark.parametrize(("shape", "blocks"), [((64, 1), 4), ((64, 3), 5), ((7, 3), 4)])
def test_refuses_what_cannot_be_split(shape: tuple[int, int], blocks: int) -> None:
    with pytest.raises(ValueError, match=r"trials|even|too few"):
        probability_of_overfitting(np.ones(shape), blocks)
