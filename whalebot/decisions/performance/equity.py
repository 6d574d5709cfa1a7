"""The equity curve: points in time, its days, and its falls from a peak."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

from whalebot.decisions.performance.exact import EXACT
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.trade import ClosedTrade


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Equity (quote) at a time, ms UTC."""

    ts_ms: int
    equity: Decimal


@dataclass(frozen=True, slots=True)
class Drawdown:
    """One fall of equity from a peak. `depth` is a fraction of the peak; times ms UTC.

    `end_ms` is when equity was back at the peak, or the last point known where it is not (`recovered` False).
    """

    depth: float
    amount: Decimal
    peak_ms: int
    trough_ms: int
    end_ms: int
    recovered: bool

    @property
    def duration_ms(self) -> int:
        """From the peak to the recovery, or to the last point."""
        return self.end_ms - self.peak_ms


def realised_curve(trades: Iterable[ClosedTrade], start: Decimal) -> list[EquityPoint]:
    """Return equity after each trade, in the order they ended, from `start` at the first entry.

    Realised: what open positions gained or lost in between is not in it.
    """
    ordered = sorted(trades, key=lambda trade: trade.exit_ms)
    if not ordered:
        return []
    points = [EquityPoint(min(trade.entry_ms for trade in ordered), start)]
    with localcontext(EXACT):
        for trade in ordered:
            points.append(EquityPoint(trade.exit_ms, points[-1].equity + trade.pnl))
    return points


def daily_closes(points: Sequence[EquityPoint]) -> list[EquityPoint]:
    """Return equity at the end of each UTC day from the first point to the last, unchanged days included.

    The first value stands for the end of the day before and is the base of the first day's return.
    Points must be in order of time.
    """
    if not points:
        return []
    day = points[0].ts_ms // DAY_MS
    closes = [EquityPoint(day * DAY_MS, points[0].equity)]
    equity = points[0].equity
    for point in points:
        while day < point.ts_ms // DAY_MS:
            day += 1
            closes.append(EquityPoint(day * DAY_MS, equity))
        equity = point.equity
    closes.append(EquityPoint((day + 1) * DAY_MS, equity))
    return closes


def simple_returns(closes: Sequence[EquityPoint]) -> list[float]:
    """Return the change of each close as a fraction of the one before; it ends where equity is gone."""
    returns: list[float] = []
    for before, after in pairwise(closes):
        if before.equity <= 0:
            break
        returns.append(float(after.equity / before.equity) - 1)
    return returns


def drawdowns(points: Sequence[EquityPoint]) -> list[Drawdown]:
    """Return every fall of the curve, oldest first. Points must be in order of time, the first above zero."""
    falls: list[Drawdown] = []
    if not points:
        return falls
    peak = trough = points[0]
    for point in points[1:]:
        if point.equity >= peak.equity:
            if trough.equity < peak.equity:
                falls.append(_fall(peak, trough, point, recovered=True))
            peak = trough = point
        elif point.equity < trough.equity:
            trough = point
    if trough.equity < peak.equity:
        falls.append(_fall(peak, trough, points[-1], recovered=False))
    return falls


def deepest(falls: Sequence[Drawdown]) -> Drawdown | None:
    """Return the deepest fall, the earliest of equals; None where there is none."""
    return max(falls, key=lambda fall: fall.depth, default=None)


def ulcer_index(points: Sequence[EquityPoint]) -> float:
    """Return the root of the mean squared drawdown over the points, a fraction; 0 of nothing.

    Source: P. G. Martin and B. B. McCann, "The Investor's Guide to Fidelity Funds", 1989.
    """
    squares: list[float] = []
    peak = Decimal(0)
    for point in points:
        peak = max(peak, point.equity)
        squares.append(float(1 - point.equity / peak) ** 2 if peak > 0 else 0.0)
    return float((sum(squares) / len(squares)) ** 0.5) if squares else 0.0


def _fall(peak: EquityPoint, trough: EquityPoint, end: EquityPoint, *, recovered: bool) -> Drawdown:
    amount = peak.equity - trough.equity
    depth = float(amount / peak.equity) if peak.equity > 0 else 1.0
    return Drawdown(depth, amount, peak.ts_ms, trough.ts_ms, end.ts_ms, recovered)
