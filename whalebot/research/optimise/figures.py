"""The figures of one backtest that objectives are made of, and its returns by day."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from whalebot.decisions.performance.marked import daily_equity, period_returns
from whalebot.decisions.performance.ratios import DAYS_A_YEAR, FEWEST_DAYS
from whalebot.domain.intervals import DAY_MS, interval_ms
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.optimise.loss import guarded_loss

YEAR_MS = 365 * DAY_MS
_STRETCH: Final = 16_384


@dataclass(frozen=True, slots=True)
class Played:
    """What one backtest left, whichever tier ran it.

    `pnls` (quote) and `risks` (PnL in R, NaN where the first stop is unknown): per trade, in the order they
    ended. `ts_ms`, `equity`: the curve. `longest_ms`: the longest holding of a position.
    """

    tier: str
    interval: str
    balance: float
    pnls: FloatArray
    risks: FloatArray
    ts_ms: IntArray
    equity: FloatArray
    longest_ms: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One trial in figures. Ratios are annualised from daily returns; NaN where nothing can be said.

    `net_pnl` in quote, `max_drawdown` a fraction of the peak, `loss` the lower the better.
    """

    net_pnl: float
    trades: int
    sharpe: float
    sortino: float
    calmar: float
    sqn: float
    profit_factor: float
    max_drawdown: float
    loss: float
    longest_ms: int
    tier: str

    def as_dict(self) -> dict[str, Any]:
        """Return names and values; what is not finite is None, as JSON wants it."""
        return {name: finite_or_none(value) for name, value in asdict(self).items()}


def finite_or_none(value: Any) -> Any:
    """Return a value that JSON can hold."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def daily_returns(played: Played) -> FloatArray:
    """Return simple returns of each UTC day, flat days included; days after a total loss are 0."""
    equity = daily_equity(played.ts_ms, played.equity, played.balance)
    known = period_returns(equity)
    returns = np.zeros(len(equity) - 1)
    returns[: len(known)] = known
    return returns


def figures_of(played: Played) -> tuple[Figures, FloatArray]:
    """Return the figures of a run and its daily returns."""
    returns = daily_returns(played)
    fall = _deepest_fall(played)
    years = max(1, len(returns)) * DAY_MS / YEAR_MS
    sharpe, sortino = _sharpe_and_sortino(returns)
    trades = len(played.pnls)
    lost = -float(played.pnls[played.pnls < 0].sum())
    won = float(played.pnls[played.pnls > 0].sum())
    minutes = interval_ms(played.interval) / 60_000
    figures = Figures(
        net_pnl=float(played.equity[-1] - played.balance) if len(played.equity) else 0.0,
        trades=trades,
        sharpe=sharpe,
        sortino=sortino,
        calmar=_annual_return(returns) / fall if fall > 0 else math.nan,
        sqn=_sqn(played.risks),
        profit_factor=won / lost if lost else math.nan,
        max_drawdown=fall,
        loss=guarded_loss(sortino, trades, years, minutes, fall),
        longest_ms=played.longest_ms,
        tier=played.tier,
    )
    return figures, returns


def _deepest_fall(played: Played) -> float:
    """Largest fall from a peak as a fraction of it, 0 to 1."""
    peak, least = played.balance, 1.0
    # Stretches of this length stay in the processor's cache.
    for first in range(0, len(played.equity), _STRETCH):
        part = played.equity[first : first + _STRETCH]
        peaks = np.maximum(np.maximum.accumulate(part), peak)
        peak, least = peaks[-1], min(least, float(np.min(part / peaks)))
    return min(1.0, 1.0 - least)


def _sharpe_and_sortino(returns: FloatArray) -> tuple[float, float]:
    """The ratios of the performance room, of arrays: a search asks for them thousands of times."""
    if not len(returns):
        return math.nan, math.nan
    mean, year = float(np.mean(returns)), math.sqrt(DAYS_A_YEAR)
    spread = float(np.std(returns, ddof=1)) if len(returns) > 1 else math.nan
    varies = spread > 1e-12 * float(np.max(np.abs(returns)))
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    without_loss = math.inf if mean > 0 else math.nan
    return (
        mean / spread * year if varies else math.nan,
        mean / downside * year if downside else without_loss,
    )


def _annual_return(returns: FloatArray) -> float:
    if len(returns) < FEWEST_DAYS:
        return math.nan
    growth = float(np.prod(1.0 + returns))
    return -1.0 if growth <= 0 else float(growth ** (DAYS_A_YEAR / len(returns)) - 1.0)


def _sqn(risks: FloatArray) -> float:
    """√n · mean(R) / std(R) over the trades whose risk is known. Source: V. K. Tharp."""
    known = risks[np.isfinite(risks)]
    if len(known) < 2:
        return math.nan
    spread = float(np.std(known, ddof=1))
    return math.sqrt(len(known)) * float(np.mean(known)) / spread if spread > 0 else math.nan
