"""The report of a backtest as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from whalebot.decisions.performance.summary import Summary
from whalebot.research.dataset import Dataset
from whalebot.research.report.as_page import (
    breakdown_table,
    card,
    coloured,
    falls_table,
    figure_rows,
    html_table,
    trade_table,
    trades_heading,
    whole_page,
)
from whalebot.research.report.attribution import GroupShare, attribute
from whalebot.research.report.backtest_figures import backtest_sections, confessions, span_of
from whalebot.research.report.candles import candle_chart
from whalebot.research.report.charts import distribution_chart, equity_chart, month_chart
from whalebot.research.report.figures import groups
from whalebot.research.report.wording import money, ratio, words
from whalebot.research.result import BacktestResult


def backtest_page(result: BacktestResult, summary: Summary | None, dataset: Dataset) -> str:
    """Return the page: figures, equity, candles with trades, months, distribution, what each group earned."""
    said = "".join(f"<p>{escape(note)}</p>" for note in confessions(result, summary))
    notes = card(f'<div class="notes">{said}</div>', "To be known")
    about = f"{span_of(result)}. Starting balance {money(result.starting_balance)}. Times are UTC."
    parts = notes if summary is None else _parts(result, summary, notes)
    charts = "".join(
        card(
            candle_chart(data.fine, [trade for trade in result.trades if trade.symbol == data.symbol]),
            f"{data.symbol} with its trades",
        )
        for data in dataset.symbols
    )
    return whole_page("Whalebot backtest", about, parts + charts + _tail(result, summary))


def _parts(result: BacktestResult, summary: Summary, notes: str) -> str:
    in_r = bool(summary.r_distribution)
    bins, unit = (summary.r_distribution, "R") if in_r else (summary.pnl_distribution, "USDT")
    figures = "".join(
        card(figure_rows(rows), name) for name, rows in backtest_sections(result, summary).items()
    )
    return (
        f'{notes}<div class="pair">{figures}</div>'
        f"{card(equity_chart(summary.curve), 'Equity, marked at every close')}"
        f'<div class="pair">{card(distribution_chart(bins, unit), "Distribution of results")}'
        f"{card(month_chart(summary.by_month), 'Net PnL by month')}</div>"
    )


def _tail(result: BacktestResult, summary: Summary | None) -> str:
    if summary is None:
        return ""
    tables = "".join(card(breakdown_table(rows), name) for name, rows in groups(summary).items())
    shares = attribute(result.trades)
    return (
        f'<div class="pair">{tables}</div>'
        f"{card(_shares(shares), 'What each scoring group earned') if len(shares) > 1 else ''}"
        f"{card(falls_table(summary.falls), 'Deepest drawdowns')}"
        f"{card(trade_table(result.trades), trades_heading(len(result.trades)))}"
    )


def _shares(shares: Sequence[GroupShare]) -> str:
    return html_table(
        ("", "earned", "for the trade", "mean R", "against it", "mean R"),
        (
            (
                words(share.name),
                coloured(money(share.earned, sign=True), share.earned),
                f"{share.backed:,}",
                ratio(share.backed_r, sign=True),
                f"{share.opposed:,}",
                ratio(share.opposed_r, sign=True),
            )
            for share in shares
        ),
    )
