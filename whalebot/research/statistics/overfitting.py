"""How often the best trial of one half of the data is below the median on the other half.

Source: Bailey, Borwein, López de Prado & Zhu, "The Probability of Backtest Overfitting" (2017):
combinatorially symmetric cross-validation.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

_CHUNK: Final = 512
TOO_LIKELY: Final = 0.5


@dataclass(frozen=True, slots=True)
class Overfitting:
    """`logits`: one per split, log odds of the chosen trial's rank out of sample; at most 0 is overfitted."""

    probability: float
    logits: NDArray[np.float64]
    blocks: int

    @property
    def is_likely(self) -> bool:
        """True above one half."""
        return self.probability > TOO_LIKELY


def probability_of_overfitting(returns: NDArray[np.float64], blocks: int = 16) -> Overfitting:
    """Split time into blocks, choose the best trial on every half of them, and rank it on the other half.

    returns: (periods, trials) simple returns per period of every trial, in time order; the last periods that
    fill no block are left out. Trials are compared by Sharpe ratio; one that never varies counts as 0.
    Raises ValueError for fewer than two trials, an odd number of blocks or blocks shorter than two periods.
    """
    periods, trials = returns.shape
    if trials < 2:
        raise ValueError("two trials at least are needed to choose between")
    if blocks < 2 or blocks % 2:
        raise ValueError(f"the number of blocks must be even, not {blocks}")
    length = periods // blocks
    if length < 2:
        raise ValueError(f"{periods} periods are too few for {blocks} blocks")
    shaped = returns[: length * blocks].reshape(blocks, length, trials)
    sums, squares = shaped.sum(axis=1), (shaped**2).sum(axis=1)
    halves = np.zeros((_count(blocks), blocks))
    for row, chosen in enumerate(combinations(range(blocks), blocks // 2)):
        halves[row, chosen] = 1.0
    size = length * blocks // 2
    logits = [
        _logits(halves[start : start + _CHUNK], sums, squares, size)
        for start in range(0, len(halves), _CHUNK)
    ]
    found = np.concatenate(logits)
    return Overfitting(float(np.mean(found <= 0.0)), found, blocks)


def _count(blocks: int) -> int:
    return sum(1 for _ in combinations(range(blocks), blocks // 2))


def _logits(
    halves: NDArray[np.float64], sums: NDArray[np.float64], squares: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    inside = _sharpes(halves @ sums, halves @ squares, size)
    outside = _sharpes((1.0 - halves) @ sums, (1.0 - halves) @ squares, size)
    best = np.argmax(inside, axis=1)
    chosen = outside[np.arange(len(best)), best][:, None]
    # Ties share their rank, so that equal trials are neither good nor bad choices.
    below = (outside < chosen).sum(axis=1) + 0.5 * ((outside == chosen).sum(axis=1) - 1)
    rank = (below + 1.0) / (outside.shape[1] + 1.0)
    return np.asarray(np.log(rank / (1.0 - rank)))


def _sharpes(sums: NDArray[np.float64], squares: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    means = sums / size
    variances = np.maximum(squares / size - means**2, 0.0)
    known = variances > 1e-12 * means**2
    ratios = np.zeros_like(means)
    np.divide(means, np.sqrt(variances), out=ratios, where=known)
    return ratios
