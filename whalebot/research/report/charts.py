"""The charts of a page as SVG text: equity with its drawdown, distribution, months."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from whalebot.decisions.performance.equity import EquityPoint
from whalebot.decisions.performance.habits import Bin
from whalebot.decisions.performance.totals import Totals
from whalebot.research.report.scales import Panel, thinned, tick_label, ticks, time_ticks, widened
from whalebot.research.report.wording import money

_WIDTH: Final = 960
_LEFT: Final = 74
_RIGHT: Final = 16
_SMALL_WIDTH: Final = 470


def equity_chart(curve: Sequence[EquityPoint]) -> str:
    """Return equity as steps at each exit, its drawdown below, and the values for the pointer to read."""
    points = thinned([(point.ts_ms, float(point.equity)) for point in curve])
    falls = _falls(points)
    start, end = points[0][0], points[-1][0]
    inner = _WIDTH - _LEFT - _RIGHT
    low, high = widened(min(v for _, v in points), max(v for _, v in points))
    upper = Panel(_LEFT, 10, inner, 240, start, end, low, high)
    depth = widened(0, max(v for _, v in falls) or 0.01, 3)[1]
    lower = Panel(_LEFT, 276, inner, 84, start, end, -depth, 0)
    sunk = [(ts, -value) for ts, value in falls]
    parts = [
        y_axis(upper, 5),
        y_axis(lower, 3, percent=True),
        *(time_mark(upper, lower, ts, label) for ts, label in time_ticks(start, end)),
        _base_line(upper, points[0][1]),
        f'<path class="gain-area" d="{_steps(upper, points)}{_close(upper, points, upper.y_low)}"/>',
        f'<path class="gain-line" d="{_steps(upper, points)}"/>',
        f'<path class="loss-area" d="{_steps(lower, sunk)}{_close(lower, points, 0)}"/>',
        f'<path class="loss-line" d="{_steps(lower, sunk)}"/>',
        f'<text class="label" x="{_LEFT}" y="270">drawdown from peak</text>',
        f'<line class="cursor" y1="{upper.top}" y2="{lower.top + lower.height}" visibility="hidden"/>',
    ]
    values = [
        [ts, round(equity, 4), round(fall, 6)] for (ts, equity), (_, fall) in zip(points, falls, strict=True)
    ]
    frame = json.dumps({"left": _LEFT, "width": inner, "start": start, "end": end, "values": values})
    return (
        f'<div class="chart readable"><svg viewBox="0 0 {_WIDTH} 384" role="img" '
        f'aria-label="Equity and drawdown over time">{"".join(parts)}</svg>'
        f'<output class="readout"></output><script type="application/json">{frame}</script></div>'
    )


def distribution_chart(bins: Sequence[Bin], unit: str) -> str:
    """Return a histogram; bins below zero and above it in two colours."""
    panel = Panel(44, 12, _SMALL_WIDTH - 60, 180, bins[0].low, bins[-1].high, 0, _top(b.count for b in bins))
    step = bins[0].high - bins[0].low
    bars = []
    for one in bins:
        x, width = panel.x(one.low), panel.x(one.high) - panel.x(one.low)
        side = "gain" if one.low >= -1e-12 else "loss"
        span = f"{tick_label(one.low, step)} to {tick_label(one.high, step)} {unit}"
        bars.append(_bar(x + 1, width - 2, panel, 0, one.count, side, f"{span}: {one.count} trades"))
    marks = [
        f'<text class="tick" x="{panel.x(v):.1f}" y="210" text-anchor="middle">{tick_label(v, step)}</text>'
        for v in _sparse([one.low for one in bins] + [bins[-1].high])
    ]
    place = f'x="{_SMALL_WIDTH - 16}" y="230" text-anchor="end"'
    title = f'<text class="label" {place}>net result, {escape(unit)}</text>'
    body = y_axis(panel, 4) + "".join(bars) + "".join(marks) + title
    return _small(body, 236, f"Distribution of results in {unit}")


def month_chart(months: dict[str, Totals]) -> str:
    """Return net PnL by month of the exit."""
    names = list(months)[-24:]
    values = [float(months[name].pnl) for name in names]
    low, high = widened(min(0.0, *values), max(0.0, *values), 4)
    panel = Panel(60, 12, _SMALL_WIDTH - 76, 180, 0, max(len(names), 4), low, high)
    every = -(-len(names) // 6)
    parts = [y_axis(panel, 4)]
    for i, (name, value) in enumerate(zip(names, values, strict=True)):
        x, width = panel.x(i), panel.x(i + 1) - panel.x(i)
        side = "gain" if value >= 0 else "loss"
        told = f"{name}: {money(months[name].pnl, sign=True)} USDT, {months[name].trades} trades"
        parts.append(_bar(x + width * 0.14, width * 0.72, panel, 0, value, side, told))
        if i % every == 0:
            middle = x + width / 2
            parts.append(
                f'<text class="tick" x="{middle:.1f}" y="210" text-anchor="middle">{escape(name)}</text>'
            )
    parts.append(_zero_line(panel))
    return _small("".join(parts), 236, "Net PnL by month")


def _falls(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    peak, falls = points[0][1], []
    for ts, value in points:
        peak = max(peak, value)
        falls.append((ts, 1 - value / peak if peak > 0 else 0.0))
    return falls


def _steps(panel: Panel, points: Sequence[tuple[int, float]]) -> str:
    first, *rest = points
    path = [f"M{panel.x(first[0]):.1f} {panel.y(first[1]):.1f}"]
    path += [f"H{panel.x(ts):.1f}V{panel.y(value):.1f}" for ts, value in rest]
    return "".join(path)


def _close(panel: Panel, points: Sequence[tuple[int, float]], level: float) -> str:
    return f"V{panel.y(level):.1f}H{panel.x(points[0][0]):.1f}Z"


def y_axis(panel: Panel, count: int, *, percent: bool = False) -> str:
    """Return grid lines and values of the vertical axis, about `count` of them."""
    marks = ticks(panel.y_low, panel.y_high, count)
    factor = 100 if percent else 1
    step = (marks[1] - marks[0]) * factor if len(marks) > 1 else 1.0
    sign = " %" if percent else ""
    return "".join(
        f'<line class="grid" x1="{panel.left}" x2="{panel.left + panel.width}" y1="{panel.y(v):.1f}" '
        f'y2="{panel.y(v):.1f}"/><text class="tick" x="{panel.left - 8}" y="{panel.y(v) + 4:.1f}" '
        f'text-anchor="end">{tick_label(v * factor, step)}{sign}</text>'
        for v in marks
    )


def time_mark(upper: Panel, lower: Panel, ts: int, label: str) -> str:
    """Return a vertical line through two panels, one above the other, with its label below."""
    x, bottom = upper.x(ts), lower.top + lower.height
    return (
        f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{upper.top}" y2="{bottom}"/>'
        f'<text class="tick" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{label}</text>'
    )


def _base_line(panel: Panel, value: float) -> str:
    y = panel.y(value)
    return f'<line class="base" x1="{panel.left}" x2="{panel.left + panel.width}" y1="{y:.1f}" y2="{y:.1f}"/>'


def _zero_line(panel: Panel) -> str:
    return _base_line(panel, 0).replace('"base"', '"axis"')


def _bar(x: float, width: float, panel: Panel, base: float, value: float, side: str, told: str) -> str:
    top, bottom = sorted((panel.y(base), panel.y(value)))
    return (
        f'<rect class="{side}" x="{x:.1f}" y="{top:.1f}" width="{max(width, 0.5):.1f}" '
        f'height="{bottom - top:.1f}"><title>{escape(told)}</title></rect>'
    )


def _top(counts: Iterable[int]) -> float:
    return widened(0, max(counts), 4)[1]


def _sparse(edges: Sequence[float], most: int = 9) -> list[float]:
    """Every n-th edge, counted from zero where zero is among them."""
    every = -(-len(edges) // most)
    zero = min(range(len(edges)), key=lambda i: abs(edges[i]))
    return [edge for i, edge in enumerate(edges) if (i - zero) % every == 0]


def _small(body: str, height: int, label: str) -> str:
    return (
        f'<div class="chart"><svg viewBox="0 0 {_SMALL_WIDTH} {height}" role="img" '
        f'aria-label="{escape(label)}">{body}</svg></div>'
    )
