"""A report for the terminal, in tables that fit 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from whalebot.decisions.performance.summary import Summary
from whalebot.research.report.figures import Figure, GroupRow, groups, headline, notes, sections
from whalebot.research.report.wording import day, money, ratio, share

_MOODS: Final = {1: "green", -1: "red", 0: ""}
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_CURVE_WIDTH: Final = 60
_MOST_ROWS: Final = 24
_DAYS: Final = 14


def print_report(report: Summary, console: Console, *, equity_source: str) -> None:
    """Print one mode's report. equity_source: where the starting equity comes from, for people."""
    span = f"{day(report.first_ms)} to {day(report.last_ms)} UTC"
    console.print()
    console.print(Text.assemble(("Mode ", "bold"), (report.mode, "bold cyan"), f" · {span}"))
    console.print(
        Text(f"Amounts in USDT; starting equity {money(report.start_equity)}, {equity_source}", "dim")
    )
    console.print()
    console.print(Text(headline(report)))
    console.print()
    console.print(Text.assemble("Equity ", (sparkline([float(p.equity) for p in report.curve]), "cyan")))
    console.print()
    tables = [figure_table(heading, figures) for heading, figures in sections(report).items()]
    console.print(Columns(tables, padding=(1, 3)))
    days = [GroupRow(name, totals) for name, totals in report.by_day.items()][-_DAYS:]
    for heading, rows in {f"By day, newest {len(days)}": days, **groups(report)}.items():
        console.print()
        console.print(breakdown_rows(heading, rows))
    console.print()
    for note in notes(report):
        console.print(Text(note, "dim"))


def sparkline(values: Sequence[float], width: int = _CURVE_WIDTH) -> str:
    """Return a curve as one line of blocks, the last value of each stretch; "" of nothing."""
    if not values:
        return ""
    count = min(width, len(values))
    ends = [values[(i + 1) * len(values) // count - 1] for i in range(count)]
    low, span = min(ends), (max(ends) - min(ends)) or 1.0
    return "".join(_BLOCKS[round((value - low) / span * (len(_BLOCKS) - 1))] for value in ends)


def figure_table(heading: str, figures: Sequence[Figure]) -> Table:
    """Return figures under a heading."""
    table = Table(title=heading, title_justify="left", title_style="bold", box=None, show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    for figure in figures:
        table.add_row(figure.name, Text(figure.value, _MOODS[figure.mood]))
    return table


def _first_and_last(rows: Sequence[GroupRow]) -> list[GroupRow | None]:
    """All rows, or the first and the last of many with None between them."""
    if len(rows) <= _MOST_ROWS:
        return list(rows)
    return [*rows[: _MOST_ROWS // 2], None, *rows[-(_MOST_ROWS // 2) :]]


def breakdown_rows(heading: str, rows: Sequence[GroupRow]) -> Table:
    """Return a breakdown of trades under a heading."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(Text(heading, "bold"), no_wrap=True)
    for name in ("trades", "won", "net PnL", "fees", "exp. R", "profit factor"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in _first_and_last(rows):
        if row is None:
            table.add_row(f"… {len(rows) - _MOST_ROWS} more", *[""] * 6, style="dim")
            continue
        totals = row.totals
        mood = _MOODS[(totals.pnl > 0) - (totals.pnl < 0)]
        table.add_row(
            row.name.replace("_", " "),
            f"{totals.trades:,}",
            share(totals.win_rate, 0),
            Text(money(totals.pnl, sign=True), mood),
            money(totals.fees),
            ratio(totals.expectancy_r, sign=True),
            ratio(totals.profit_factor),
        )
    return table
