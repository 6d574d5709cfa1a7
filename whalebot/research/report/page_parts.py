"""The parts that every page is made of: the frame, cards, tiles, tables, bars in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from whalebot.decisions.performance.equity import Drawdown
from whalebot.domain.weight_names import full_name
from whalebot.research.report.attribution import GroupShare
from whalebot.research.report.figures import Figure, GroupRow
from whalebot.research.report.page_style import SCRIPT, STYLE
from whalebot.research.report.wording import day, duration, money, ratio, share, words

_DEEPEST: Final = 5


class Markup(str):
    """Text that is HTML already."""


def whole_page(title: str, about: str, parts: str) -> str:
    """Return a page that needs no other file. `parts` is HTML, the other two are text."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>"
        f'<header><h1>{escape(title)}</h1><p class="about">{escape(about)}</p></header>{parts}</main>'
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def card(body: str, heading: str, hint: str = "") -> str:
    """Return a part of the page under a heading. hint: what to know to read it."""
    said = f'<p class="hint">{escape(hint)}</p>' if hint else ""
    return f'<section class="card"><h3>{escape(heading)}</h3>{body}{said}</section>'


def pair(*cards: str) -> str:
    """Return cards side by side where there is room, one below the other where there is not."""
    return f'<div class="pair">{"".join(cards)}</div>'


def tiles(figures: Iterable[Figure]) -> str:
    """Return the figures that people look at first."""
    shown = "".join(
        f'<div class="card tile"><div class="name">{escape(one.name)}</div>'
        f'<div class="value {mood_class(one.mood)}">{escape(one.value.split(" (")[0])}</div>'
        f'<div class="meaning">{escape(one.meaning)}</div></div>'
        for one in figures
    )
    return f'<div class="tiles">{shown}</div>'


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
    """Return a breakdown of trades as a table, the net PnL of each row also as a bar."""
    most = max((abs(float(row.totals.pnl)) for row in rows), default=0.0)
    table = html_table(
        ("", "trades", "won", "net PnL", "", "fees", "exp. R", "PF"),
        (
            (
                words(row.name),
                f"{row.totals.trades:,}",
                share(row.totals.win_rate, 0),
                coloured(money(row.totals.pnl, sign=True), float(row.totals.pnl)),
                bar(float(row.totals.pnl), most),
                money(row.totals.fees),
                ratio(row.totals.expectancy_r, sign=True),
                ratio(row.totals.profit_factor),
            )
            for row in rows
        ),
    )
    return f'<div class="scroll">{table}</div>'


def shares_table(shares: Sequence[GroupShare]) -> str:
    """Return what each scoring group earned."""
    most = max((abs(one.earned) for one in shares), default=0.0)
    return html_table(
        ("", "earned", "", "for the trade", "mean R", "against it", "mean R"),
        (
            (
                full_name(one.name),
                coloured(money(one.earned, sign=True), one.earned),
                bar(one.earned, most),
                f"{one.backed:,}",
                ratio(one.backed_r, sign=True),
                f"{one.opposed:,}",
                ratio(one.opposed_r, sign=True),
            )
            for one in shares
        ),
    )


def falls_table(falls: Sequence[Drawdown]) -> str:
    """Return the deepest drawdowns as a table."""
    if not falls:
        return "<p>There was none.</p>"
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


def coloured(text: str, value: float) -> Markup:
    """Return text in the colour of a gain or a loss."""
    return Markup(f'<span class="{mood_class((value > 0) - (value < 0))}">{escape(text)}</span>')


def bar(value: float, most: float) -> Markup:
    """Return a bar from the middle: gains to the right, losses to the left; `most` fills a half."""
    if not value or not most:
        return Markup('<span class="bar"></span>')
    side = "g" if value > 0 else "l"
    return Markup(
        f'<span class="bar"><i class="{side}" style="width:{abs(value) / most * 50:.1f}%"></i></span>'
    )


def html_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells that are no `Markup` are escaped."""
    names = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
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
