"""What the same trades or days could have looked like in another order: quantiles of the drawdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

QUANTILES: Final = (0.5, 0.75, 0.95, 0.99)
_CHUNK_VALUES: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class DrawdownRange:
    """Quantiles of the maximum drawdown as fractions of the peak, one per entry of `QUANTILES`."""

    quantiles: tuple[float, ...]
    draws: int


def shuffled_trades(
    pnls: NDArray[np.float64], balance: float, draws: int, rng: np.random.Generator
) -> DrawdownRange:
    """Return drawdowns of the same trades in random order.

    pnls: (n,) net PnL per trade in quote, taken as amounts (sizes are not scaled with equity); balance: what
    was there before the first. Raises ValueError when there is no trade or the balance is not above 0.
    """
    if not len(pnls) or balance <= 0.0:
        raise ValueError("needs a trade and a balance above 0")
    worst = []
    for count in _chunks(draws, len(pnls)):
        order = rng.permuted(np.broadcast_to(pnls, (count, len(pnls))), axis=1)
        worst.append(_worst_drawdown(balance + np.cumsum(order, axis=1), balance))
    return _ranges(worst, draws)


def bootstrapped_returns(
    returns: NDArray[np.float64], block: int, draws: int, rng: np.random.Generator
) -> DrawdownRange:
    """Return drawdowns of paths glued from random blocks of the returns (circular block bootstrap).

    returns: (n,) simple returns per period; block: periods that stay together, so that runs of bad days do.
    Raises ValueError when there is no return or the block is below 1.
    """
    periods = len(returns)
    if not periods or block < 1:
        raise ValueError("needs a return and a block of at least one period")
    blocks = -(-periods // block)
    worst = []
    for count in _chunks(draws, blocks * block):
        starts = rng.integers(0, periods, size=(count, blocks, 1))
        rows = ((starts + np.arange(block)) % periods).reshape(count, -1)[:, :periods]
        worst.append(_worst_drawdown(np.cumprod(1.0 + returns[rows], axis=1), 1.0))
    return _ranges(worst, draws)


def _chunks(draws: int, width: int) -> list[int]:
    size = max(1, _CHUNK_VALUES // width)
    return [min(size, draws - start) for start in range(0, draws, size)]


def _worst_drawdown(equity: NDArray[np.float64], start: float) -> NDArray[np.float64]:
    peaks = np.maximum(np.maximum.accumulate(equity, axis=1), start)
    return np.asarray(np.max(1.0 - equity / peaks, axis=1))


def _ranges(worst: list[NDArray[np.float64]], draws: int) -> DrawdownRange:
    found = np.quantile(np.concatenate(worst), QUANTILES)
    return DrawdownRange(tuple(float(value) for value in found), draws)
