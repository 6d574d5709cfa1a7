"""Which figures a report shows, under which name and in which order; the same in text and page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.decisions.performance.equity import Drawdown
from whalebot.decisions.performance.exact import exact_sum
from whalebot.decisions.performance.summary import Summary
from whalebot.decisions.performance.totals import Totals
from whalebot.domain.intervals import DAY_MS
from whalebot.research.report.wording import UNKNOWN, day, duration, money, ratio, share

REALISED_NOTE = (
    "Equity is realised: it changes when a trade ends. What an open position gained or lost in between, and "
    "positions still open, are not in these figures. Sharpe, Sortino and Calmar: UTC days, 365 a year, "
    "risk-free rate 0."
)
_SIDES: Final = {"Buy": "long", "Sell": "short"}
SHORT_NOTE = "Fewer than 30 trades or 30 days: ratios and rates say next to nothing yet."


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what it is called, what it is, and what it means. `mood` is 1 good, -1 bad, 0 neither."""

    name: str
    value: str
    meaning: str = ""
    mood: int = 0


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One line of a breakdown."""

    name: str
    totals: Totals


def sections(report: Summary) -> dict[str, list[Figure]]:
    """Return all figures of a report by heading."""
    return {
        "Result": _result(report),
        "Risk": _risk(report),
        "Trades": _trades(report),
        "Time and path": _pace(report),
    }


def headline(report: Summary) -> str:
    """Say in two sentences what came of it."""
    totals, days = report.totals, report.by_day
    verb = "made" if totals.pnl > 0 else "lost" if totals.pnl < 0 else "came to"
    costs = totals.fees + totals.funding
    said = (
        f"{count_text(totals.trades, 'trade')} on {count_text(len(days), 'day')} {verb} "
        f"{money(abs(totals.pnl))} USDT after "
        f"{money(costs)} of costs ({share(report.risk.total_return, 2, sign=True)} of the starting equity)."
    )
    if len(days) > 1:
        best = max(days, key=lambda name: days[name].pnl)
        worst = min(days, key=lambda name: days[name].pnl)
        said += (
            f" Best day {best} with {money(days[best].pnl, sign=True)}, worst {worst} with "
            f"{money(days[worst].pnl, sign=True)}."
        )
    return said + _last_week(report)


def _last_week(report: Summary) -> str:
    """The newest seven days up to the last exit, where there are more."""
    since = day(report.last_ms - 6 * DAY_MS)
    newest = [totals for name, totals in report.by_day.items() if name >= since]
    if len(newest) == len(report.by_day):
        return ""
    count = sum(totals.trades for totals in newest)
    pnl = exact_sum(totals.pnl for totals in newest)
    return f" Last seven days, from {since}: {money(pnl, sign=True)} on {count_text(count, 'trade')}."


def groups(report: Summary) -> dict[str, list[GroupRow]]:
    """Return the breakdowns of a report by heading."""
    return {
        heading: [GroupRow(name, totals) for name, totals in parts.items()]
        for heading, parts in (
            ("By symbol", _best_first(report.by_symbol)),
            ("By side", _sides(report)),
            ("By exit", _best_first(report.by_exit)),
            ("By month", report.by_month),
            ("By weekday of the entry", report.by_weekday),
            ("By hour of the entry", report.by_hour),
            ("By holding time", report.by_holding),
        )
    }


def notes(report: Summary) -> list[str]:
    """Return what a reader must know to read the figures rightly."""
    said = [REALISED_NOTE]
    if report.totals.trades < 30 or report.risk.days < 30:
        said.append(SHORT_NOTE)
    if report.reconciled:
        counted = f"{report.reconciled} of {count_text(report.totals.trades, 'trade')}"
        said.append(f"Rebuilt from the venue's records, not seen live: {counted}.")
    return said


def _sides(report: Summary) -> dict[str, Totals]:
    return {_SIDES.get(name, name): totals for name, totals in report.by_side.items()}


def _best_first(groups: dict[str, Totals]) -> dict[str, Totals]:
    return dict(sorted(groups.items(), key=lambda one: -one[1].pnl))


def _mood(value: float) -> int:
    return (value > 0) - (value < 0)


def _result(report: Summary) -> list[Figure]:
    totals, risk = report.totals, report.risk
    return [
        Figure("Net PnL", money(totals.pnl, sign=True), "gross − fees − funding", _mood(float(totals.pnl))),
        Figure("Gross PnL", money(totals.gross_pnl, sign=True), "sold − bought"),
        Figure("Fees", money(totals.fees), "paid to the venue"),
        Figure("Funding paid", money(totals.funding, sign=True), "below zero: received"),
        Figure("Equity", f"{money(report.start_equity)} → {money(report.end_equity)}", "start → end"),
        Figure("Total return", share(risk.total_return, 2, sign=True), mood=_mood(risk.total_return)),
        Figure("Annual return", share(risk.annual_return, 1, sign=True), "from 30 days on"),
    ]


def _risk(report: Summary) -> list[Figure]:
    risk = report.risk
    return [
        Figure("Max drawdown", _fall(risk.max_drawdown), "of peak equity"),
        Figure("  from peak to low", _dates(risk.max_drawdown)),
        Figure("  under water", _under_water(risk.max_drawdown)),
        Figure("Longest drawdown", _under_water(risk.longest_drawdown)),
        Figure("Sharpe", ratio(risk.sharpe)),
        Figure("Sortino", ratio(risk.sortino)),
        Figure("Calmar", ratio(risk.calmar), "annual return / max drawdown"),
        Figure("Volatility", share(risk.volatility), "a year"),
        Figure("Worst day in 20", share(-risk.value_at_risk_95, 2), "value at risk, 95 %"),
    ]


def _trades(report: Summary) -> list[Figure]:
    totals = report.totals
    counted = f"{totals.wins} won, {totals.losses} lost"
    even = f", {totals.break_even} even" if totals.break_even else ""
    return [
        Figure("Closed trades", f"{totals.trades:,}", counted + even),
        Figure("Win rate", share(totals.win_rate), "wins / closed trades"),
        Figure("Profit factor", ratio(totals.profit_factor), "sum of wins / sum of losses"),
        Figure("Expectancy", money(totals.expectancy, sign=True), "a trade", _mood(totals.expectancy)),
        Figure("Expectancy in R", ratio(totals.expectancy_r, sign=True, unit=" R"), "of the initial risk"),
        Figure("SQN", ratio(totals.sqn), "√n · mean(R) / std(R)"),
        Figure("Average win, loss", f"{money(totals.average_win)}, {money(-totals.average_loss)}"),
        Figure("Best, worst", f"{money(totals.best, sign=True)}, {money(totals.worst, sign=True)}"),
    ]


def _pace(report: Summary) -> list[Figure]:
    pace = report.pace
    return [
        Figure("Exposure", share(pace.exposure), "time with a position open"),
        Figure("Trades a day", ratio(pace.trades_a_day)),
        Figure("Average holding", duration(pace.mean_duration_ms), f"{pace.mean_bars_held:.1f} bars"),
        Figure(
            "Longest streaks",
            f"{count_text(pace.streaks.wins, 'win')}, {count_text(pace.streaks.losses, 'loss', 'losses')}",
        ),
        Figure(
            "Average MAE, MFE", f"{money(pace.mean_mae)}, {money(pace.mean_mfe)}", "worst and best on the way"
        ),
        Figure("Turnover", money(pace.turnover), "entries and exits"),
    ]


def _fall(fall: Drawdown | None) -> str:
    return f"{share(fall.depth, 2)} ({money(fall.amount)})" if fall else share(0.0, 2)


def _dates(fall: Drawdown | None) -> str:
    return f"{day(fall.peak_ms)} → {day(fall.trough_ms)}" if fall else UNKNOWN


def _under_water(fall: Drawdown | None) -> str:
    if fall is None:
        return UNKNOWN
    return duration(fall.duration_ms) + ("" if fall.recovered else ", not over")
