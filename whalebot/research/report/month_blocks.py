"""A calendar of net PnL: one block a month, one cell a day, as a journal of trades has it."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.decisions.performance.totals import Totals
from whalebot.research.report.page_parts import coloured
from whalebot.research.report.wording import money

_CENT: Final = 0.01
_OPEN: Final = 12
_MOST: Final = 36
_HEAD: Final = "".join(f'<th scope="col">{name}</th>' for name in ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"))


def month_blocks(days: Mapping[str, Totals], months: Mapping[str, Totals]) -> str:
    """Return the calendar of at most three years, the newest month first. Keys "2026-01-31" and "2026-01".

    The colour of a day grows with its PnL up to that of the strongest tenth of days.
    """
    names = sorted(months, reverse=True)[:_MOST]
    sizes = sorted(abs(float(totals.pnl)) for totals in days.values())
    full = sizes[min(int(len(sizes) * 0.9), len(sizes) - 1)] or 1.0
    blocks = [_block(name, days, months[name], full) for name in names]
    shown = _grid(blocks[:_OPEN])
    if len(blocks) > _OPEN:
        earlier = f"{len(blocks) - _OPEN} earlier months"
        shown += f"<details><summary>{earlier}</summary>{_grid(blocks[_OPEN:])}</details>"
    return shown


def _grid(blocks: Sequence[str]) -> str:
    return f'<div class="months">{"".join(blocks)}</div>'


def _block(month: str, days: Mapping[str, Totals], whole: Totals, full: float) -> str:
    year, number = int(month[:4]), int(month[5:7])
    weeks = calendar.Calendar().monthdayscalendar(year, number)
    rows = "".join(
        f"<tr>{''.join(_cell(f'{month}-{day:02d}', day, days, full) for day in week)}</tr>" for week in weeks
    )
    title = f"{calendar.month_name[number]} {year}"
    result = coloured(money(whole.pnl, sign=True), float(whole.pnl))
    count = count_text(whole.trades, "trade")
    return (
        f'<table class="month"><caption>{title} <b>{result}</b> <span>{count}</span></caption>'
        f"<thead><tr>{_HEAD}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(date: str, day: int, days: Mapping[str, Totals], full: float) -> str:
    if not day:
        return "<td></td>"
    totals = days.get(date)
    if totals is None:
        return f'<td class="day"><small>{day}</small></td>'
    pnl = float(totals.pnl)
    depth = 0.14 + 0.5 * min(abs(pnl) / full, 1.0)
    side = "g" if pnl > 0 else "l" if pnl < 0 else ""
    count = count_text(totals.trades, "trade")
    told = escape(f"{date}: {money(totals.pnl, sign=True)} USDT, {count}, {totals.wins} won")
    frame = f'<td class="day {side}" style="--a:{depth:.2f}" title="{told}">'
    return f"{frame}<small>{day}</small>{_short(pnl)}</td>"


def _short(amount: float) -> str:
    """An amount in five characters or fewer."""
    size = abs(amount)
    if size < _CENT / 2:
        return "0"
    sign = "+" if amount > 0 else "−" if amount < 0 else ""
    for unit, name in ((1e9, "b"), (1e6, "m"), (1e3, "k")):
        if size >= unit * 0.9995:
            return f"{sign}{size / unit:.{1 if size < 9.95 * unit else 0}f}{name}"
    return f"{sign}{size:.{2 if size < 0.995 else 1 if size < 9.95 else 0}f}"
