"""One number from Sortino ratio, number of trades and drawdown: the lower the better."""

from __future__ import annotations

import math
from typing import Final

BASELINE_TRADES: Final = 365.0
BASELINE_MINUTES: Final = 15.0
TOO_FEW: Final = 1000.0
_LARGEST_RATIO: Final = 10.0
_LEAST_FACTOR: Final = 0.05


def target_trades(interval_minutes: float, years: float) -> float:
    """Return how many trades a span should have: one a day at 15 minutes, fewer on longer bars."""
    return BASELINE_TRADES * (BASELINE_MINUTES / interval_minutes) * years


def guarded_loss(
    sortino: float, trades: int, years: float, interval_minutes: float, max_drawdown: float
) -> float:
    """Return `sortino_loss`, or 1000 where there is too little to judge.

    That is: fewer than a quarter of the target trades, fewer than 3, or a ratio that is not a number.
    """
    target = target_trades(interval_minutes, years)
    if trades < max(3, math.ceil(0.25 * target)) or math.isnan(sortino):
        return TOO_FEW
    return sortino_loss(sortino, trades, years, interval_minutes, max_drawdown)


def sortino_loss(
    sortino: float, trades: int, years: float, interval_minutes: float, max_drawdown: float
) -> float:
    """Return the loss of a result with any number of trades.

    sortino: annualised, from daily returns over all days; max_drawdown: fraction of the peak, 0 to 1.
    A negative ratio is divided by the factors, so that worse factors stay worse on both sides of zero.
    """
    ratio = min(max(sortino, -_LARGEST_RATIO), _LARGEST_RATIO)
    factor = min(1.0, trades / target_trades(interval_minutes, years)) * (1.0 - max_drawdown)
    if ratio > 0.0:
        return -ratio * factor
    return -ratio / max(factor, _LEAST_FACTOR)
