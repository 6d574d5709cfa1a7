"""Equity with its drawdown as SVG text, and what every chart is drawn with: frame, axes, marks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Final

from whalebot.decisions.performance.equity import EquityPoint
from whalebot.research.report.scales import Panel, thinned, tick_label, ticks, time_ticks, widened
from whalebot.research.report.wording import day, money, share

_LEFT: Final = 74
_RIGHT: Final = 16
_WIDE: Final = 1000
_NARROW: Final = 420
_NARROW_POINTS: Final = 400


def drawing(width: int, height: int, body: str, label: str, said: str = "", kind: str = "") -> str:
    """Return a chart. label: what it is; said: what it shows, for those who cannot see it."""
    told = f"<desc>{escape(said)}</desc>" if said else ""
    return (
        f'<div class="{f"chart {kind}".strip()}"><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}">{told}{body}</svg></div>'
    )


def equity_chart(curve: Sequence[EquityPoint]) -> str:
    """Return equity as steps at each exit, its drawdown below; once for desks and once for phones.

    The first holds its values for the pointer to read.
    """
    points = thinned([(point.ts_ms, float(point.equity)) for point in curve])
    few = thinned(points, _NARROW_POINTS)
    inner = _WIDE - _LEFT - _RIGHT
    values = [
        [ts, round(equity, 4), round(fall, 6)]
        for (ts, equity), (_, fall) in zip(points, falls_of(points), strict=True)
    ]
    frame = json.dumps(
        {"left": _LEFT, "width": inner, "start": points[0][0], "end": points[-1][0], "values": values},
        separators=(",", ":"),
    )
    label, said = "Equity and drawdown over time", _in_words(points)
    cursor = '<line class="cursor" y1="10" y2="374" visibility="hidden"/>'
    wide = drawing(_WIDE, 398, _equity(points, _WIDE, 8) + cursor, label, said, "readable")
    readout = '<output class="readout"></output>'
    script = f'<script type="application/json">{frame}</script>'
    narrow = drawing(_NARROW, 398, _equity(few, _NARROW, 4), label, said, "for-phone")
    return f"{wide.removesuffix('</div>')}{readout}{script}</div>{narrow}"


def _equity(points: Sequence[tuple[int, float]], width: int, marks: int) -> str:
    start, end = points[0][0], points[-1][0]
    inner = width - _LEFT - _RIGHT
    falls = falls_of(points)
    low, high = widened(min(v for _, v in points), max(v for _, v in points))
    upper = Panel(_LEFT, 10, inner, 250, start, end, low, high)
    depth = widened(0, max(v for _, v in falls) or 0.01, 3)[1]
    lower = Panel(_LEFT, 290, inner, 84, start, end, -depth, 0)
    sunk = [(ts, -value) for ts, value in falls]
    parts = [
        y_axis(upper, 5),
        y_axis(lower, 3, percent=True),
        *(time_mark(upper, lower, ts, label) for ts, label in time_ticks(start, end, marks)),
        base_line(upper, points[0][1]),
        f'<path class="gain-area" d="{_steps(upper, points)}{_close(upper, points, upper.y_low)}"/>',
        f'<path class="gain-line" d="{_steps(upper, points)}"/>',
        f'<path class="loss-area" d="{_steps(lower, sunk)}{_close(lower, points, 0)}"/>',
        f'<path class="loss-line" d="{_steps(lower, sunk)}"/>',
        f'<text class="label" x="{_LEFT}" y="283">drawdown from peak</text>',
    ]
    return "".join(parts)


def _in_words(points: Sequence[tuple[int, float]]) -> str:
    deepest = max(fall for _, fall in falls_of(points))
    (first_ms, first), (last_ms, last) = points[0], points[-1]
    return (
        f"From {money(first)} on {day(first_ms)} to {money(last)} on {day(last_ms)}; "
        f"deepest drawdown {share(deepest)}."
    )


def falls_of(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """Return how far below its peak a curve stands at each point, 0 to 1."""
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


def base_line(panel: Panel, value: float, style: str = "base") -> str:
    """Return a horizontal line at a value; style: `base` is dashed, `axis` is not."""
    y = panel.y(value)
    return (
        f'<line class="{style}" x1="{panel.left}" x2="{panel.left + panel.width}" y1="{y:.1f}" y2="{y:.1f}"/>'
    )
