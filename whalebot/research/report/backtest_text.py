"""The report of a backtest on one screen of the terminal, and the table of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from whalebot.decisions.performance.summary import Summary
from whalebot.research.report.as_text import figure_table, sparkline
from whalebot.research.report.backtest_figures import (
    backtest_sections,
    confessions,
    held_return,
    span_of,
)
from whalebot.research.report.wording import money, ratio, share
from whalebot.research.result import BacktestResult

HEADINGS = (
    *("file", "interval", "bars", "trades", "gross", "fees", "funding", "net", "return", "max DD", "PF"),
    *("exp. R", "cost R", "hold"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One line of the table: a file at an interval, and what came of it, or why nothing did."""

    name: str
    interval: str
    result: BacktestResult | None
    summary: Summary | None
    problem: str = ""


def print_backtest(result: BacktestResult, summary: Summary | None, console: Console) -> None:
    """Print one run: figures, then what is to be known."""
    console.print(Text(span_of(result), "dim"))
    console.print()
    if summary is not None:
        curve = sparkline([float(point.equity) for point in summary.curve])
        console.print(Text.assemble("Equity ", (curve, "cyan")))
        console.print()
        tables = [figure_table(name, rows) for name, rows in backtest_sections(result, summary).items()]
        console.print(Columns(tables, padding=(1, 3)))
        console.print()
    for note in confessions(result, summary):
        console.print(Text(note, "dim"))


def row_of(run: Run) -> list[str]:
    """Return the cells of one line of the table."""
    result, summary = run.result, run.summary
    if result is None:
        return [run.name, run.interval, run.problem, *[""] * (len(HEADINGS) - 3)]
    bars = f"{sum(notes.bars for notes in result.symbols):,}"
    hold = share(held_return(result), 1, sign=True)
    cost = ratio(result.symbols[0].cost_in_r or float("nan"))
    if summary is None:
        return [run.name, run.interval, bars, "0", *["–"] * 8, cost, hold]
    totals, risk = summary.totals, summary.risk
    return [
        run.name,
        run.interval,
        bars,
        f"{totals.trades:,}",
        money(totals.gross_pnl, sign=True),
        money(totals.fees),
        money(totals.funding, sign=True) if result.symbols[0].funding_known else "–",
        money(totals.pnl, sign=True),
        share(risk.total_return, 1, sign=True),
        share(risk.max_drawdown.depth if risk.max_drawdown else 0.0),
        ratio(totals.profit_factor),
        ratio(totals.expectancy_r, sign=True),
        cost,
        hold,
    ]


def print_runs(runs: Sequence[Run], console: Console) -> None:
    """Print one line a run."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for number, name in enumerate(HEADINGS):
        table.add_column(name, justify="left" if number == 0 else "right", no_wrap=True)
    for run in runs:
        table.add_row(*row_of(run))
    console.print(table)
