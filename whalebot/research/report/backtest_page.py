"""The report of a backtest as one HTML file that needs nothing else."""

from __future__ import annotations

from html import escape

from whalebot.decisions.performance.summary import Summary
from whalebot.research.dataset import Dataset
from whalebot.research.report.as_page import charts, days, tables
from whalebot.research.report.backtest_figures import backtest_sections, confessions, span_of
from whalebot.research.report.candles import candle_chart, trade_candles
from whalebot.research.report.charts import equity_chart
from whalebot.research.report.figures import headline
from whalebot.research.report.page_parts import card, figure_rows, whole_page
from whalebot.research.report.trade_list import trade_list, trades_heading
from whalebot.research.report.wording import money
from whalebot.research.result import BacktestResult

_REST = "All of them: <code>trades.json</code> beside this page."


def backtest_page(result: BacktestResult, summary: Summary | None, dataset: Dataset) -> str:
    """Return the page: figures, equity, candles with trades, when and why it earned, each trade."""
    said = "".join(f"<p>{escape(note)}</p>" for note in confessions(result, summary))
    notes = card(f'<div class="notes">{said}</div>', "To be known")
    about = f"{span_of(result)}. Starting balance {money(result.starting_balance)}. Times are UTC."
    parts = notes if summary is None else _parts(result, summary, notes)
    drawn = "".join(
        card(
            candle_chart(data.fine, [trade for trade in result.trades if trade.symbol == data.symbol]),
            f"{data.symbol} with its trades",
        )
        for data in dataset.symbols
    )
    return whole_page("Whalebot backtest", about, parts + drawn + _tail(result, summary, dataset))


def _parts(result: BacktestResult, summary: Summary, notes: str) -> str:
    figures = "".join(
        card(figure_rows(rows), name) for name, rows in backtest_sections(result, summary).items()
    )
    return (
        f'<p class="lead">{escape(headline(summary))}</p>{notes}<div class="pair">{figures}</div>'
        f"{card(equity_chart(summary.curve), 'Equity, marked at every close')}"
        f"{days(summary)}"
    )


def _tail(result: BacktestResult, summary: Summary | None, dataset: Dataset) -> str:
    if summary is None:
        return ""
    candles = trade_candles({data.symbol: data.fine for data in dataset.symbols}, result.trades)
    slippage = f"Slippage is part of the prices: {result.costs.get('slippage', 'none')}."
    return (
        f"{charts(summary, result.trades, slippage)}{tables(summary, result.trades)}"
        f"{card(trade_list(result.trades, _REST, candles), trades_heading(len(result.trades)))}"
    )
