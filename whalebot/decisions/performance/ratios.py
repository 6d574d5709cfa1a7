"""Ratios of risk and return from simple period returns. Floats: statistics, not money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

DAYS_A_YEAR: Final = 365
"""The market never closes."""

FEWEST_DAYS: Final = 30
"""Below this many days a yearly figure says nothing and is not given."""


def total_return(returns: Sequence[float]) -> float:
    """Return the compounded return of the whole span; 0 of nothing."""
    return math.prod(1 + r for r in returns) - 1


def annual_return(returns: Sequence[float], periods_a_year: float = DAYS_A_YEAR) -> float:
    """Return the compounded return of one year; NaN below FEWEST_DAYS periods, -1 after a total loss."""
    if len(returns) < FEWEST_DAYS:
        return math.nan
    growth = math.prod(1 + r for r in returns)
    return -1.0 if growth <= 0 else float(growth ** (periods_a_year / len(returns)) - 1)


def volatility(returns: Sequence[float], periods_a_year: float = DAYS_A_YEAR) -> float:
    """Return the standard deviation (ddof 1) of a year; NaN below 2 periods."""
    return _deviation(returns) * math.sqrt(periods_a_year)


def sharpe(returns: Sequence[float], periods_a_year: float = DAYS_A_YEAR) -> float:
    """Return mean over standard deviation (ddof 1), annualised, risk-free rate 0; NaN without spread.

    Source: W. F. Sharpe, "The Sharpe Ratio", Journal of Portfolio Management, 1994.
    """
    deviation = _deviation(returns)
    if math.isnan(deviation) or deviation <= 1e-12 * max(map(abs, returns)):
        return math.nan
    return _mean(returns) / deviation * math.sqrt(periods_a_year)


def sortino(returns: Sequence[float], periods_a_year: float = DAYS_A_YEAR) -> float:
    """Return mean over downside deviation from 0, annualised; all periods count in the deviation.

    Infinite where nothing was lost and something won, NaN where nothing moved or nothing is known.
    Source: F. A. Sortino and L. N. Price, Journal of Investing, 1994.
    """
    if not returns:
        return math.nan
    downside = math.sqrt(math.fsum(min(0.0, r) ** 2 for r in returns) / len(returns))
    mean = _mean(returns)
    if downside == 0:
        return math.inf if mean > 0 else math.nan
    return mean / downside * math.sqrt(periods_a_year)


def calmar(returns: Sequence[float], max_drawdown: float, periods_a_year: float = DAYS_A_YEAR) -> float:
    """Return annual return over maximum drawdown (a fraction); NaN where either says nothing."""
    return annual_return(returns, periods_a_year) / max_drawdown if max_drawdown > 0 else math.nan


def omega(returns: Sequence[float]) -> float:
    """Return the sum of gains over the sum of losses; infinite without a loss, NaN without either."""
    gains = math.fsum(max(r, 0.0) for r in returns)
    losses = math.fsum(max(-r, 0.0) for r in returns)
    if losses:
        return gains / losses
    return math.inf if gains else math.nan


def value_at_risk(returns: Sequence[float], share: float = 0.05) -> float:
    """Return the loss (above zero) that the worst `share` of periods reaches; NaN of nothing.

    Quantile by linear interpolation between order statistics.
    """
    if not returns:
        return math.nan
    ordered = sorted(returns)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return -(ordered[low] + (ordered[high] - ordered[low]) * (place - low))


def expected_shortfall(returns: Sequence[float], share: float = 0.05) -> float:
    """Return the mean loss (above zero) of the periods at or beyond the value at risk; NaN of nothing."""
    edge = -value_at_risk(returns, share)
    tail = [r for r in returns if r <= edge]
    return -_mean(tail) if tail else math.nan


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _deviation(values: Sequence[float]) -> float:
    if len(values) < 2:
        return math.nan
    mean = _mean(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
