"""A report as one HTML file that needs nothing else: own SVG, own style, a few lines of script."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from whalebot.decisions.performance.equity import Drawdown
from whalebot.decisions.performance.summary import Summary
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.charts import distribution_chart, equity_chart, month_chart
from whalebot.research.report.figures import Figure, GroupRow, groups, notes, sections
from whalebot.research.report.page_style import SCRIPT, STYLE
from whalebot.research.report.wording import day, duration, moment, money, price, ratio, share, words

_NEWEST: Final = 500
_DEEPEST: Final = 5


def report_page(
    reports: Sequence[tuple[Summary, Sequence[ClosedTrade]]], source: str, equity_source: str
) -> str:
    """Return the page of one or more modes, each in a part of its own.

    source: the history's name, for people. equity_source: where the starting equity comes from.
    """
    parts = "".join(_part(report, trades, equity_source) for report, trades in reports)
    about = f"{source}. Times are UTC, amounts USDT. Modes stand apart and are never added up."
    return whole_page("Whalebot report", about, parts)


def whole_page(title: str, about: str, parts: str) -> str:
    """Return a page that needs no other file. `parts` is HTML, the other two are text."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f'<h1>{escape(title)}</h1><p class="about">{escape(about)}</p>{parts}</main>'
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def _part(report: Summary, trades: Sequence[ClosedTrade], equity_source: str) -> str:
    span = f"{day(report.first_ms)} to {day(report.last_ms)}"
    about = f"{span} · starting equity {money(report.start_equity)}, {equity_source}"
    histogram, unit = (
        (report.r_distribution, "R") if report.r_distribution else (report.pnl_distribution, "USDT")
    )
    figures = "".join(card(figure_rows(rows), name) for name, rows in sections(report).items())
    tables = "".join(card(breakdown_table(rows), name) for name, rows in groups(report).items())
    said = "".join(f"<p>{escape(note)}</p>" for note in notes(report))
    return (
        f'<h2>Mode <span class="mode">{escape(report.mode)}</span></h2><p class="about">{escape(about)}</p>'
        f'<div class="tiles">{_tiles(report)}</div>'
        f"{card(equity_chart(report.curve), 'Realised equity')}"
        f'<div class="pair">{card(distribution_chart(histogram, unit), "Distribution of results")}'
        f"{card(month_chart(report.by_month), 'Net PnL by month')}</div>"
        f'<div class="pair">{figures}</div><div class="pair">{tables}</div>'
        f"{card(falls_table(report.falls), 'Deepest drawdowns')}"
        f'{card(trade_table(trades), trades_heading(len(trades)))}<div class="notes">{said}</div>'
    )


def _tiles(report: Summary) -> str:
    shown = {figure.name: figure for figures in sections(report).values() for figure in figures}
    names = (
        "Net PnL",
        "Total return",
        "Max drawdown",
        "Sharpe",
        "Win rate",
        "Profit factor",
        "Expectancy in R",
    )
    tiles = [shown[name] for name in names]
    tiles.append(
        Figure("Fees", money(report.totals.fees), f"funding {money(report.totals.funding, sign=True)}")
    )
    return "".join(
        f'<div class="card tile"><div class="name">{escape(tile.name)}</div>'
        f'<div class="value {mood_class(tile.mood)}">{escape(tile.value.split(" (")[0])}</div>'
        f'<div class="meaning">{escape(tile.meaning)}</div></div>'
        for tile in tiles
    )


def card(body: str, heading: str) -> str:
    """Return a part of the page under a heading."""
    return f'<section class="card"><h3>{escape(heading)}</h3>{body}</section>'


def figure_rows(figures: Sequence[Figure]) -> str:
    """Return figures as a table of name, value and meaning."""
    rows = "".join(
        f"<tr><td>{escape(figure.name.strip())}</td>"
        f'<td class="{mood_class(figure.mood)}">{escape(figure.value)}'
        f'<span class="meaning">{escape(figure.meaning)}</span></td></tr>'
        for figure in figures
    )
    return f'<table class="figures"><tbody>{rows}</tbody></table>'


def breakdown_table(rows: Sequence[GroupRow]) -> str:
    """Return a breakdown of trades as a table."""
    return html_table(
        ("", "trades", "won", "net PnL", "fees", "exp. R", "profit factor"),
        (
            (
                words(row.name),
                f"{row.totals.trades:,}",
                share(row.totals.win_rate, 0),
                coloured(money(row.totals.pnl, sign=True), float(row.totals.pnl)),
                money(row.totals.fees),
                ratio(row.totals.expectancy_r, sign=True),
                ratio(row.totals.profit_factor),
            )
            for row in rows
        ),
    )


def falls_table(falls: Sequence[Drawdown]) -> str:
    """Return the deepest drawdowns as a table."""
    if not falls:
        return "<p>None.</p>"
    deepest = sorted(falls, key=lambda fall: -fall.depth)[:_DEEPEST]
    return html_table(
        ("peak", "low", "depth", "amount", "under water"),
        (
            (
                day(fall.peak_ms),
                day(fall.trough_ms),
                share(fall.depth, 2),
                money(fall.amount),
                duration(fall.duration_ms) + ("" if fall.recovered else ", not over"),
            )
            for fall in deepest
        ),
    )


def trades_heading(count: int) -> str:
    """Say how many of the trades the table shows."""
    return "Trades, newest first" if count <= _NEWEST else f"The newest {_NEWEST} of {count:,} trades"


def trade_table(trades: Sequence[ClosedTrade]) -> str:
    """Return the newest trades as a table that scrolls."""
    newest = sorted(trades, key=lambda trade: -trade.exit_ms)[:_NEWEST]
    table = html_table(
        ("exit", "symbol", "side", "qty", "entry", "exit price", "net PnL", "R", "held", "closed by"),
        (
            (
                moment(trade.exit_ms),
                trade.symbol,
                trade.side.value,
                f"{trade.qty:f}",
                price(trade.entry_price),
                price(trade.exit_price),
                coloured(money(trade.pnl, sign=True), float(trade.pnl)),
                ratio(float("nan") if trade.r_multiple is None else float(trade.r_multiple), sign=True),
                duration(trade.exit_ms - trade.entry_ms),
                words(trade.closed_by.value) + (" *" if trade.reconciled else ""),
            )
            for trade in newest
        ),
    )
    return f'<div class="scroll">{table}</div>'


class Markup(str):
    """Text that is HTML already."""


def coloured(text: str, value: float) -> Markup:
    """Return text in the colour of a gain or a loss."""
    return Markup(f'<span class="{mood_class((value > 0) - (value < 0))}">{escape(text)}</span>')


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells that are no `Markup` are escaped."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{cell if isinstance(cell, Markup) else escape(cell)}</td>" for cell in row)
        + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{names}</tr></thead><tbody>{body}</tbody></table>"


def mood_class(mood: int) -> str:
    """Return the style of a figure's mood."""
    return {1: "good", -1: "bad", 0: ""}[mood]
