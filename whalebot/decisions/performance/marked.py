"""An equity curve marked at every close of a bar, as arrays: its days, its falls, its ulcer index."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.performance.equity import Drawdown
from whalebot.domain.intervals import DAY_MS

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def daily_equity(ts_ms: Times, equity: Floats, start: float) -> Floats:
    """Return `start` and the equity at the end of each UTC day from the first point to the last.

    ts_ms: int64, ms UTC, ascending; a point at 00:00 ends the day before. equity: quote, of equal length.
    A day without a point ends as the one before did. Of nothing: `start` alone.
    """
    if not len(ts_ms):
        return np.array([start])
    first, end = ((int(ts_ms[row]) - 1) // DAY_MS for row in (0, -1))
    last = ts_ms.searchsorted(np.arange(first + 1, end + 2) * DAY_MS, "right") - 1
    return np.concatenate(([start], equity[last]))


def period_returns(equity: Floats) -> Floats:
    """Return the change of each point as a fraction of the one before; it ends where equity is gone."""
    gone = np.flatnonzero(equity[:-1] <= 0)
    end = int(gone[0]) if len(gone) else len(equity) - 1
    returns: Floats = equity[1 : end + 1] / equity[:end] - 1
    return returns


def drawdown_series(equity: Floats) -> Floats:
    """Return the distance of each point from the highest before it, a fraction of that, 0 to 1."""
    peaks = np.maximum.accumulate(equity)
    falls = np.zeros(len(equity))
    np.divide(peaks - equity, peaks, out=falls, where=peaks > 0)
    return falls


def falls_of(ts_ms: Times, equity: Floats) -> list[Drawdown]:
    """Return every fall of the curve from a peak to its recovery, oldest first; the last may go on."""
    if len(equity) < 2:
        return []
    at_peak = equity >= np.maximum.accumulate(equity)
    rows = np.flatnonzero(at_peak)
    ends = np.append(rows[1:], len(equity))
    falls = []
    for peak, end in zip(rows.tolist(), ends.tolist(), strict=True):
        if end - peak < 2:
            continue
        trough = peak + int(equity[peak:end].argmin())
        amount = float(equity[peak] - equity[trough])
        recovered = end < len(equity)
        falls.append(
            Drawdown(
                depth=amount / float(equity[peak]) if equity[peak] > 0 else 1.0,
                amount=Decimal(repr(round(amount, 8))),
                peak_ms=int(ts_ms[peak]),
                trough_ms=int(ts_ms[trough]),
                end_ms=int(ts_ms[end if recovered else -1]),
                recovered=recovered,
            )
        )
    return falls


def ulcer_of(equity: Floats) -> float:
    """Return the root of the mean squared drawdown over the points, a fraction; 0 of nothing.

    Source: P. G. Martin and B. B. McCann, "The Investor's Guide to Fidelity Funds", 1989.
    """
    if not len(equity):
        return 0.0
    return float(np.sqrt(np.mean(drawdown_series(equity) ** 2)))


def positive_share(returns: Floats) -> float:
    """Return the share of periods that gained, 0 to 1; not the win rate of trades. NaN of nothing."""
    return float(np.mean(returns > 0)) if len(returns) else float("nan")
