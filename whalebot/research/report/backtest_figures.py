"""What the report of a backtest shows, in text, page and JSON alike: figures, confessions, warnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from whalebot.adapters.terminal.numbers import count_text
from whalebot.decisions.analysis.bars import close_times
from whalebot.decisions.performance.equity import Drawdown, EquityPoint
from whalebot.decisions.performance.habits import exposure
from whalebot.decisions.performance.marked import daily_equity, falls_of, period_returns, positive_share
from whalebot.decisions.performance.summary import Summary, marked_risk, summarise
from whalebot.research.report.figures import SHORT_NOTE, Figure, sections
from whalebot.research.report.scales import thinned
from whalebot.research.report.wording import day, moment, money, ratio, share
from whalebot.research.result import BacktestResult, SymbolNotes

_MOST_POINTS: Final = 4000
_MOST_FALLS: Final = 50
MARKED_NOTE: Final = (
    "Equity is marked at every close, open positions at the last price without the cost of leaving. Sharpe, "
    "Sortino and Calmar: UTC days, 365 a year, risk-free rate 0. Win rate counts closed trades."
)


def summary_of(result: BacktestResult) -> Summary | None:
    """Return the summary of a result on its marked equity, None where nothing was traded."""
    if not result.trades:
        return None
    curve, start = result.curve, float(result.starting_balance)
    made = summarise(result.trades[0].mode, result.trades, result.starting_balance)
    points = thinned(list(zip(curve.ts_ms.tolist(), curve.equity.tolist(), strict=True)), _MOST_POINTS)
    first = EquityPoint(int(curve.ts_ms[0]) - 1, result.starting_balance)
    shown = [first, *(EquityPoint(ts, _amount(value)) for ts, value in points)]
    return replace(
        made,
        first_ms=int(curve.ts_ms[0]),
        last_ms=int(curve.ts_ms[-1]),
        end_equity=_amount(float(curve.equity[-1])),
        risk=marked_risk(curve.ts_ms, curve.equity, start),
        pace=replace(made.pace, exposure=exposure_of(result)),
        curve=shown,
        falls=_deepest(falls_of(curve.ts_ms, curve.equity)),
    )


def _deepest(falls: Sequence[Drawdown]) -> list[Drawdown]:
    """Marked at every close, a curve falls a little all the time: keep what counts, by time."""
    return sorted(sorted(falls, key=lambda fall: -fall.depth)[:_MOST_FALLS], key=lambda fall: fall.peak_ms)


def exposure_of(result: BacktestResult) -> float:
    """Return the share of the whole span (0 to 1) with a position open."""
    trades = result.trades
    if not trades:
        return 0.0
    traded = max(t.exit_ms for t in trades) - min(t.entry_ms for t in trades)
    whole = int(result.curve.ts_ms[-1] - result.curve.ts_ms[0])
    return exposure(trades) * traded / whole if traded and whole else 0.0


def held_return(result: BacktestResult) -> float:
    """Return what buying all symbols in equal parts at the first close and holding would have brought."""
    parts = [float(notes.last_close / notes.first_close) - 1 for notes in result.symbols]
    return sum(parts) / len(parts)


def backtest_sections(result: BacktestResult, summary: Summary) -> dict[str, list[Figure]]:
    """Return all figures by heading."""
    found = sections(summary)
    found["Result"].append(_held(result))
    found["Risk"].append(_days(result))
    found["Costs"] = _costs(result, summary)
    return found


def _held(result: BacktestResult) -> Figure:
    held = held_return(result)
    return Figure("Buy and hold", share(held, 2, sign=True), "price alone, without leverage or funding")


def _days(result: BacktestResult) -> Figure:
    days = daily_equity(result.curve.ts_ms, result.curve.equity, float(result.starting_balance))
    return Figure("Days in profit", share(positive_share(period_returns(days))), "not the win rate")


def _costs(result: BacktestResult, summary: Summary) -> list[Figure]:
    totals = summary.totals
    paid = float(totals.fees)
    turnover = float(summary.pace.turnover)
    in_r = [notes.cost_in_r for notes in result.symbols if notes.cost_in_r is not None]
    gross = abs(float(totals.gross_pnl))
    return [
        Figure("Fees paid", money(totals.fees), f"{ratio(paid / gross)} × gross PnL" if gross else ""),
        Figure("Funding paid", money(totals.funding, sign=True), result.costs["funding"]),
        Figure("Fees of turnover", share(paid / turnover, 4) if turnover else share(0.0, 4)),
        Figure("Round trip", f"{np.mean(in_r):.2f} R" if in_r else "–", "cost at the median volatility"),
    ]


def confessions(result: BacktestResult, summary: Summary | None) -> list[str]:
    """Return what a reader must know, the gravest first."""
    said = [*_warnings(result, summary)]
    for notes in result.symbols:
        said += _confess(notes)
    if result.refused:
        counted = ", ".join(f"{rule} {count}" for rule, count in result.refused.items())
        said.append(f"Entries refused: {counted}.")
    if result.refused.get("price_band_pct") and any(notes.mark_known for notes in result.symbols):
        said.append(
            "price_band_pct compares with mark prices that stand still between the points of their bars; "
            "mark bars longer than those traded make it refuse too much."
        )
    if result.ended_open:
        said.append(
            f"Still open at the end of the data, closed at its last close: {_named(result.ended_open)}."
        )
    said.append("Costs: " + "; ".join(f"{name}: {text}" for name, text in result.costs.items()) + ".")
    said.append("Times inside a bar are the bar's open time.")
    said.append(MARKED_NOTE)
    return said


def _warnings(result: BacktestResult, summary: Summary | None) -> list[str]:
    if summary is None:
        return ["Nothing was traded."]
    said = []
    totals = summary.totals
    if totals.pnl < 0 and totals.gross_pnl > 0:
        said.append("Before costs it won, after costs it lost: it trades too often for what it finds.")
    elif totals.pnl < 0:
        said.append("It lost money.")
    if totals.trades < 30 or summary.risk.days < 30:
        said.append(SHORT_NOTE)
    if totals.trades >= 30 and float(totals.pnl) > 0 and totals.sqn < 1.6:
        said.append("The result is within what luck alone brings (SQN below 1.6).")
    return said


def _confess(notes: SymbolNotes) -> list[str]:
    name, said = notes.symbol, []
    if notes.may_enter_ms is None:
        said.append(f"{name}: the warm-up never ended; give more bars.")
    if notes.without_input:
        said.append(
            f"{name}: scored without {_named(notes.without_input)}: a file of bars has no input for it."
        )
    begin, known = notes.may_enter_ms, notes.trends_known_ms
    if begin is not None and known is not None and known > begin:
        said.append(
            f"{name}: from {moment(begin)} to {moment(known)} higher timeframes were only partly known."
        )
    if notes.gaps:
        missing = sum(gap.bars for gap in notes.gaps)
        first = ", ".join(f"{moment(gap.start_ms)} ({count_text(gap.bars, 'bar')})" for gap in notes.gaps[:3])
        more = f" and {len(notes.gaps) - 3} more" if len(notes.gaps) > 3 else ""
        said.append(f"{name}: {count_text(missing, 'bar')} missing: {first}{more}.")
    if not notes.funding_known:
        said.append(f"{name}: funding is not known and counts 0.")
    said += [f"{name}: {notice}" for notice in notes.notices]
    return said


def span_of(result: BacktestResult) -> str:
    """Say what was run, on what and when."""
    names = _named([notes.symbol for notes in result.symbols])
    finest = sorted({notes.fine_interval for notes in result.symbols})
    bars = sum(notes.bars for notes in result.symbols)
    since = int(result.curve.ts_ms[0])
    is_warmed = any(close_times(np.array([n.first_ms]), n.fine_interval)[0] < since for n in result.symbols)
    warm_up = " with the warm-up before" if is_warmed else ""
    return (
        f"{names}, interval {result.interval}, path of {_named(finest)}-minute bars, "
        f"{day(since)} to {day(int(result.curve.ts_ms[-1]))} UTC, {count_text(bars, 'bar')}{warm_up}, "
        f"strategy {result.strategy}, {result.tier.value} tier"
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(names)


def _amount(value: float) -> Decimal:
    return Decimal(repr(round(value, 8)))
