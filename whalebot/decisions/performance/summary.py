"""Everything a report says about the trades of one mode, computed once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np

from whalebot.decisions.performance import marked, ratios
from whalebot.decisions.performance.equity import (
    Drawdown,
    EquityPoint,
    daily_closes,
    deepest,
    drawdowns,
    realised_curve,
    simple_returns,
    ulcer_index,
)
from whalebot.decisions.performance.exact import EXACT, exact_sum, rounded
from whalebot.decisions.performance.habits import (
    Bin,
    Streaks,
    by_holding,
    by_weekday,
    distribution,
    entry_hour,
    exit_day,
    exit_month,
    exposure,
    group_totals,
    streaks,
)
from whalebot.decisions.performance.totals import Totals, totals_of
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.trade import ClosedTrade


@dataclass(frozen=True, slots=True)
class Risk:
    """Figures of daily returns of realised equity, annualised over 365 days. NaN where nothing is known."""

    days: int
    total_return: float
    annual_return: float
    volatility: float
    sharpe: float
    sortino: float
    calmar: float
    omega: float
    value_at_risk_95: float
    expected_shortfall_95: float
    ulcer_index: float
    recovery_factor: float
    max_drawdown: Drawdown | None
    longest_drawdown: Drawdown | None
    mean_drawdown: float


@dataclass(frozen=True, slots=True)
class Pace:
    """Time and path of the trades. Durations in ms; excursions in quote."""

    exposure: float
    mean_duration_ms: float
    mean_bars_held: float
    trades_a_day: float
    streaks: Streaks
    mean_mae: Decimal
    mean_mfe: Decimal
    turnover: Decimal


@dataclass(frozen=True, slots=True)
class Summary:
    """The report of one mode. Times ms UTC; `curve` is realised equity after each trade.

    Days and months are those of the exit, hours and weekdays those of the entry, all UTC.
    """

    mode: str
    first_ms: int
    last_ms: int
    start_equity: Decimal
    end_equity: Decimal
    reconciled: int
    totals: Totals
    risk: Risk
    pace: Pace
    by_symbol: dict[str, Totals]
    by_side: dict[str, Totals]
    by_month: dict[str, Totals]
    by_exit: dict[str, Totals]
    by_day: dict[str, Totals]
    by_hour: dict[str, Totals]
    by_weekday: dict[str, Totals]
    by_holding: dict[str, Totals]
    r_distribution: list[Bin]
    pnl_distribution: list[Bin]
    curve: list[EquityPoint]
    falls: list[Drawdown]


def summarise(mode: str, trades: Sequence[ClosedTrade], start_equity: Decimal) -> Summary:
    """Return the report of the trades of one mode, at least one, none of another mode.

    start_equity: quote, before the first trade, above zero. Raises ValueError for no trade, one of another
    mode, or no equity.
    """
    if start_equity <= 0:
        raise ValueError(f"start equity {start_equity} is not above zero")
    if not trades:
        raise ValueError(f"mode {mode!r} has no trades to report")
    strangers = {trade.mode for trade in trades} - {mode}
    if strangers:
        raise ValueError(f"trades of {sorted(strangers)} in the report of {mode!r}")
    curve = realised_curve(trades, start_equity)
    falls = drawdowns(curve)
    return Summary(
        mode=mode,
        first_ms=curve[0].ts_ms,
        last_ms=curve[-1].ts_ms,
        start_equity=start_equity,
        end_equity=curve[-1].equity,
        reconciled=sum(trade.reconciled for trade in trades),
        totals=totals_of(trades),
        risk=_risk(curve, falls),
        pace=_pace(trades),
        by_symbol=group_totals(trades, lambda trade: trade.symbol),
        by_side=group_totals(trades, lambda trade: trade.side.value),
        by_month=group_totals(trades, exit_month),
        by_exit=group_totals(trades, lambda trade: trade.closed_by.value),
        by_day=group_totals(trades, exit_day),
        by_hour=group_totals(trades, entry_hour),
        by_weekday=by_weekday(trades),
        by_holding=by_holding(trades),
        r_distribution=distribution([float(t.r_multiple) for t in trades if t.r_multiple is not None]),
        pnl_distribution=distribution([float(trade.pnl) for trade in trades]),
        curve=curve,
        falls=falls,
    )


def marked_risk(ts_ms: marked.Times, equity: marked.Floats, start: float) -> Risk:
    """Return the risk figures of an equity curve that is marked at every close, open positions included.

    ts_ms: int64, ms UTC, ascending; equity: quote, of equal length; start: equity before the first point.
    Drawdowns count every point, returns UTC days.
    """
    days = marked.daily_equity(ts_ms, equity, start)
    first_ms = int(ts_ms[0]) - 1 if len(ts_ms) else 0
    falls = marked.falls_of(np.append(first_ms, ts_ms), np.append(start, equity))
    whole = float(days[-1] / start - 1)
    return _figures(marked.period_returns(days).tolist(), whole, falls, marked.ulcer_of(days))


def _risk(curve: Sequence[EquityPoint], falls: Sequence[Drawdown]) -> Risk:
    closes = daily_closes(curve)
    whole = float(curve[-1].equity / curve[0].equity) - 1
    return _figures(simple_returns(closes), whole, falls, ulcer_index(closes))


def _figures(returns: Sequence[float], whole: float, falls: Sequence[Drawdown], ulcer: float) -> Risk:
    worst = deepest(falls)
    depth = worst.depth if worst else 0.0
    return Risk(
        days=len(returns),
        total_return=whole,
        annual_return=ratios.annual_return(returns),
        volatility=ratios.volatility(returns),
        sharpe=ratios.sharpe(returns),
        sortino=ratios.sortino(returns),
        calmar=ratios.calmar(returns, depth),
        omega=ratios.omega(returns),
        value_at_risk_95=ratios.value_at_risk(returns),
        expected_shortfall_95=ratios.expected_shortfall(returns),
        ulcer_index=ulcer,
        recovery_factor=whole / depth if depth else math.nan,
        max_drawdown=worst,
        longest_drawdown=max(falls, key=lambda fall: fall.duration_ms, default=None),
        mean_drawdown=math.fsum(fall.depth for fall in falls) / len(falls) if falls else 0.0,
    )


def _pace(trades: Sequence[ClosedTrade]) -> Pace:
    count = len(trades)
    span_ms = max(trade.exit_ms for trade in trades) - min(trade.entry_ms for trade in trades)
    with localcontext(EXACT):
        return Pace(
            exposure=exposure(trades),
            mean_duration_ms=sum(trade.exit_ms - trade.entry_ms for trade in trades) / count,
            mean_bars_held=sum(trade.bars_held for trade in trades) / count,
            trades_a_day=count / (span_ms / DAY_MS) if span_ms else math.nan,
            streaks=streaks(trades),
            mean_mae=rounded(exact_sum(trade.mae for trade in trades) / count),
            mean_mfe=rounded(exact_sum(trade.mfe for trade in trades) / count),
            turnover=exact_sum((t.entry_price + t.exit_price) * t.qty for t in trades),
        )
