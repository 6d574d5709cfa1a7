"""The trade history as one HTML file that needs nothing else: own SVG, own style, a few lines of script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from whalebot.adapters.terminal.numbers import count_text
from whalebot.decisions.performance.habits import WEEKDAYS
from whalebot.decisions.performance.summary import Summary
from whalebot.decisions.performance.totals import Totals
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.attribution import attribute
from whalebot.research.report.bar_charts import distribution_chart, money_chart, totals_chart
from whalebot.research.report.charts import equity_chart
from whalebot.research.report.excursions import mae_chart, mae_said, mfe_chart, mfe_said, paths_of, risk_of
from whalebot.research.report.figures import Figure, groups, headline, notes, sections
from whalebot.research.report.month_blocks import month_blocks
from whalebot.research.report.page_parts import (
    breakdown_table,
    card,
    falls_table,
    figure_rows,
    pair,
    shares_table,
    tiles,
    whole_page,
)
from whalebot.research.report.trade_list import Candles, trade_list, trades_heading
from whalebot.research.report.wording import day, money, ratio, words

_HOURS = tuple(f"{hour:02d}" for hour in range(24))
_DAYS = 31
_MONTHS = 24
_OPEN_TABLES = 4
_TILES = (
    "Net PnL",
    "Total return",
    "Max drawdown",
    "Win rate",
    "Profit factor",
    "Expectancy in R",
    "Sharpe",
)
_SLIPPAGE = (
    "Slippage is not recorded: the history holds what was paid, not the price at the moment of the decision."
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a page's figures come from. `history` and `equity` are words for people.

    `table`: name of a CSV file beside the page that holds all trades, "" for none. `candles` draws a trade on
    its bars, None where no bars are known.
    """

    history: str
    equity: str
    table: str = ""
    candles: Candles | None = None


def report_page(reports: Sequence[tuple[Summary, Sequence[ClosedTrade]]], source: Source) -> str:
    """Return the page of any number of modes, each in a part of its own; of none, a page that says so."""
    parts = "".join(_part(report, trades, source) for report, trades in reports)
    about = f"{source.history}. Times are UTC, amounts USDT. Modes stand apart and are never added up."
    empty = card("<p>No trade was closed yet. The page fills as soon as one is.</p>", "Nothing to show")
    return whole_page("Whalebot report", about, _contents(reports) + (parts or empty))


def _contents(reports: Sequence[tuple[Summary, Sequence[ClosedTrade]]]) -> str:
    if len(reports) < 2:
        return ""
    links = "".join(
        f'<a href="#{quote(report.mode)}">{escape(report.mode)} {money(report.totals.pnl, sign=True)}</a>'
        for report, _ in reports
    )
    return f'<nav aria-label="Modes">{links}</nav>'


def _part(report: Summary, trades: Sequence[ClosedTrade], source: Source) -> str:
    span = f"{day(report.first_ms)} to {day(report.last_ms)}"
    about = f"{span} · starting equity {money(report.start_equity)}, {source.equity}"
    said = "".join(f"<p>{escape(note)}</p>" for note in notes(report))
    return (
        f'<h2 id="{escape(report.mode)}">Mode <span class="mode">{escape(report.mode)}</span></h2>'
        f'<p class="lead">{escape(headline(report))}</p><p class="about">{escape(about)}</p>'
        f"{tiles(_first_figures(report))}"
        f"{card(equity_chart(report.curve), 'Realised equity')}"
        f"{days(report)}"
        f"{charts(report, trades)}"
        f"{tables(report, trades)}"
        f"{card(trade_list(trades, _rest(source), source.candles), trades_heading(len(trades)))}"
        f'<div class="pair">{_figure_cards(report)}</div>'
        f'<div class="notes">{said}</div>'
    )


def _first_figures(report: Summary) -> Iterator[Figure]:
    shown = {figure.name: figure for figures in sections(report).values() for figure in figures}
    for name in _TILES:
        yield shown[name]
    funding = f"funding paid {money(report.totals.funding, sign=True)}"
    yield Figure("Fees", money(report.totals.fees), funding)


def _figure_cards(report: Summary) -> str:
    return "".join(card(figure_rows(rows), name) for name, rows in sections(report).items())


def days(report: Summary) -> str:
    """Return the calendar; where it is short, bars of the days beside it."""
    blocks = card(month_blocks(report.by_day, report.by_month), "Net PnL by day of the exit, UTC")
    if len(report.by_month) > 1:
        return blocks
    newest = {name[5:]: totals for name, totals in _newest(report.by_day, _DAYS).items()}
    bars = totals_chart(newest, "Net PnL by day of the exit")
    return pair(blocks, card(bars, "Day by day"))


def charts(report: Summary, trades: Sequence[ClosedTrade], slippage: str = _SLIPPAGE) -> str:
    """Return the charts that a history and a backtest have in common. slippage: what is known of it."""
    histogram, unit = (
        (report.r_distribution, "R") if report.r_distribution else (report.pnl_distribution, "USDT")
    )
    found = paths_of(trades)
    weekdays = {name[:3]: totals for name, totals in report.by_weekday.items()}
    without = count_text(found.without_risk, "trade")
    left_out = f" Left out: {without} without a known stop." if found.without_risk else ""
    return (
        pair(
            card(distribution_chart(histogram, unit), "Distribution of results"),
            card(money_chart(report.totals), "From gross to net", f"{costs_said(report, trades)} {slippage}"),
        )
        + pair(
            card(mae_chart(found), "How far behind", f"{mae_said(found)}{left_out}"),
            card(mfe_chart(found), "How far ahead", f"{mfe_said(found)}{left_out}"),
        )
        + pair(
            card(
                totals_chart(report.by_hour, "Net PnL by hour of the entry", _HOURS),
                "By hour of the entry, UTC",
            ),
            card(
                totals_chart(weekdays, "Net PnL by weekday of the entry", [name[:3] for name in WEEKDAYS]),
                "By weekday of the entry, UTC",
            ),
        )
        + pair(
            _months_or_exits(report),
            card(totals_chart(report.by_holding, "Net PnL by holding time"), "By holding time"),
        )
    )


def costs_said(report: Summary, trades: Sequence[ClosedTrade]) -> str:
    """Say what fees and funding came to."""
    totals = report.totals
    said = f"Fees {money(totals.fees)}"
    in_r = [float(trade.fees / risk) for trade in trades if (risk := risk_of(trade)) is not None]
    if in_r:
        said += f", {ratio(sum(in_r) / len(in_r))} R a trade"
    funding = totals.funding
    kind = "paid" if funding > 0 else "received" if funding < 0 else "none was due"
    return f"{said}; funding {money(abs(funding))}{f' {kind}' if funding else f', {kind}'}."


def _months_or_exits(report: Summary) -> str:
    if len(report.by_month) > 1:
        months = _newest(report.by_month, _MONTHS)
        return card(totals_chart(months, "Net PnL by month of the exit"), "By month of the exit")
    exits = {words(name): totals for name, totals in report.by_exit.items()}
    return card(totals_chart(exits, "Net PnL by exit"), "By exit")


def _newest(groups: Mapping[str, Totals], most: int) -> dict[str, Totals]:
    return {name: groups[name] for name in list(groups)[-most:]}


def tables(report: Summary, trades: Sequence[ClosedTrade]) -> str:
    """Return the breakdowns that a history and a backtest have in common."""
    cards = [card(breakdown_table(rows), name) for name, rows in groups(report).items()]
    first, folded = pair(*cards[:_OPEN_TABLES]), pair(*cards[_OPEN_TABLES:])
    shares = attribute(trades)
    hint = (
        "Each result is shared out by what the groups said at the entry; a group that spoke against a losing "
        "trade earns."
    )
    earned = card(shares_table(shares), "What each scoring group earned", hint) if len(shares) > 1 else ""
    return (
        f'{first}<details class="card fold"><summary>The same by weekday, hour and holding time</summary>'
        f"{folded}</details>"
        f"{earned}{card(falls_table(report.falls), 'Deepest drawdowns')}"
    )


def _rest(source: Source) -> str:
    if source.table:
        name = escape(source.table)
        return f'All of them, with every decimal: <a href="{quote(source.table)}">{name}</a>'
    return "All of them as a table: <code>whalebot report --csv trades.csv</code>"
