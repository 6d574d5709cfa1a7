"""Charts of bars as SVG text: distribution, net PnL of groups, from gross to net."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from typing import Final

from whalebot.adapters.terminal.numbers import count_text
from whalebot.decisions.performance.habits import Bin
from whalebot.decisions.performance.totals import Totals
from whalebot.research.report.charts import base_line, drawing, y_axis
from whalebot.research.report.scales import Panel, tick_label, widened
from whalebot.research.report.wording import money

WIDTH: Final = 440
HEIGHT: Final = 236
_LEFT: Final = 58
_TOP: Final = 12
_FLOOR: Final = 192
_BELOW: Final = 211
_LETTER: Final = 6.6
"""Width of a digit of a label."""
_LINE: Final = 14
"""From a word of a label to the next, which stands below it."""


def distribution_chart(bins: Sequence[Bin], unit: str) -> str:
    """Return a histogram; bins below zero and above it in two colours."""
    top = widened(0, max(one.count for one in bins), 4)[1]
    panel = Panel(_LEFT, _TOP, WIDTH - _LEFT - 14, _FLOOR - _TOP, bins[0].low, bins[-1].high, 0, top)
    step = bins[0].high - bins[0].low
    bars = []
    for one in bins:
        x, width = panel.x(one.low), panel.x(one.high) - panel.x(one.low)
        side = "gain" if one.low >= -1e-12 else "loss"
        span = f"{tick_label(one.low, step)} to {tick_label(one.high, step)} {unit}"
        bars.append(
            _bar(x + 1, width - 2, panel, 0, one.count, side, f"{span}: {count_text(one.count, 'trade')}")
        )
    marks = [
        _below(panel.x(v), tick_label(v, step)) for v in _sparse([one.low for one in bins] + [bins[-1].high])
    ]
    body = y_axis(panel, 4) + "".join(bars) + "".join(marks) + _caption(f"net result, {unit}")
    fullest = max(bins, key=lambda one: one.count)
    said = (
        f"Most trades, {fullest.count}, lie between {tick_label(fullest.low, step)} and "
        f"{tick_label(fullest.high, step)} {unit}."
    )
    return drawing(WIDTH, HEIGHT, body, f"Distribution of results in {unit}", said)


def totals_chart(
    groups: Mapping[str, Totals], label: str, names: Sequence[str] = (), caption: str = "net PnL, USDT"
) -> str:
    """Return the net PnL of each group as a bar. names: every place of the axis, also the empty ones."""
    places = list(names or groups)
    values = [float(groups[name].pnl) if name in groups else 0.0 for name in places]
    low, high = widened(min(0.0, *values), max(0.0, *values), 4)
    if not any(values):
        low, high = 0.0, 1.0
    panel = Panel(_LEFT, _TOP, WIDTH - _LEFT - 14, _FLOOR - _TOP, 0, max(len(places), 4), low, high)
    slot = panel.width / max(len(places), 4)
    longest = max(len(word) for name in places for word in name.split())
    every = max(1, math.ceil((longest + 1) * _LETTER / slot))
    lower = _LINE * max(name.count(" ") for name in places)
    parts = [y_axis(panel, 4)]
    for i, (name, value) in enumerate(zip(places, values, strict=True)):
        x, width = panel.x(i), panel.x(i + 1) - panel.x(i)
        if name in groups:
            count = count_text(groups[name].trades, "trade")
            told = f"{name}: {money(groups[name].pnl, sign=True)} USDT, {count}"
            side = "gain" if value >= 0 else "loss"
            parts.append(_bar(x + width * 0.14, width * 0.72, panel, 0, value, side, told))
        if i % every == 0:
            parts += [_below(x + width / 2, word, n * _LINE) for n, word in enumerate(name.split())]
    parts += [base_line(panel, 0, "axis"), _caption(caption, lower)]
    return drawing(WIDTH, HEIGHT + lower, "".join(parts), label, _extremes(groups))


def money_chart(totals: Totals) -> str:
    """Return how gross PnL becomes net: gross, less fees, less funding."""
    gross, fees, funding = totals.gross_pnl, totals.fees, totals.funding
    steps: list[tuple[str, Decimal, Decimal, Decimal]] = [
        ("gross", Decimal(0), gross, gross),
        ("fees", gross, gross - fees, -fees),
        ("funding", gross - fees, gross - fees - funding, -funding),
        ("net", Decimal(0), totals.pnl, totals.pnl),
    ]
    edges = [float(edge) for _, start, end, _ in steps for edge in (start, end)]
    low, high = widened(min(edges), max(edges), 4)
    margin = (high - low) * 0.08
    panel = Panel(_LEFT, _TOP, WIDTH - _LEFT - 14, _FLOOR - _TOP, 0, len(steps), low - margin, high + margin)
    parts = [y_axis(panel, 4)]
    for i, (name, start, end, amount) in enumerate(steps):
        x, width = panel.x(i), panel.x(i + 1) - panel.x(i)
        side = "gain" if amount >= 0 else "loss"
        told = f"{name}: {money(amount, sign=True)} USDT"
        parts.append(_bar(x + width * 0.18, width * 0.64, panel, float(start), float(end), side, told))
        above = panel.y(max(float(start), float(end))) - 5
        parts.append(
            f'<text class="value" x="{x + width / 2:.1f}" y="{above:.1f}" text-anchor="middle">'
            f"{escape(money(amount, sign=True))}</text>"
        )
        parts.append(_below(x + width / 2, name))
    parts.append(base_line(panel, 0, "axis"))
    said = "; ".join(f"{name} {money(amount, sign=True)}" for name, _, _, amount in steps) + " USDT."
    return drawing(WIDTH, HEIGHT - 16, "".join(parts), "From gross to net PnL", said)


def _extremes(groups: Mapping[str, Totals]) -> str:
    best = max(groups, key=lambda name: groups[name].pnl)
    worst = min(groups, key=lambda name: groups[name].pnl)
    return (
        f"Best: {best}, {money(groups[best].pnl, sign=True)} USDT. "
        f"Worst: {worst}, {money(groups[worst].pnl, sign=True)} USDT."
    )


def _below(x: float, text: str, lower: int = 0) -> str:
    return f'<text class="tick" x="{x:.1f}" y="{_BELOW + lower}" text-anchor="middle">{escape(text)}</text>'


def _caption(text: str, lower: int = 0) -> str:
    place = f'x="{WIDTH - 14}" y="{HEIGHT - 5 + lower}" text-anchor="end"'
    return f'<text class="label" {place}>{escape(text)}</text>'


def _bar(x: float, width: float, panel: Panel, base: float, value: float, side: str, told: str) -> str:
    top, bottom = sorted((panel.y(base), panel.y(value)))
    return (
        f'<rect class="{side}" x="{x:.1f}" y="{top:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{bottom - top:.1f}" rx="1.5"><title>{escape(told)}</title></rect>'
    )


def _sparse(edges: Sequence[float], most: int = 9) -> list[float]:
    """Every n-th edge, counted from zero where zero is among them."""
    every = -(-len(edges) // most)
    zero = min(range(len(edges)), key=lambda i: abs(edges[i]))
    return [edge for i, edge in enumerate(edges) if (i - zero) % every == 0]
