"""Candles of one symbol with its trades on them, as SVG text."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Bars
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.charts import time_mark, y_axis
from whalebot.research.report.scales import Panel, time_ticks, widened
from whalebot.research.report.wording import money, price, words

_WIDTH: Final = 960
_HEIGHT: Final = 360
_MOST_CANDLES: Final = 320


def candle_chart(bars: Bars, trades: Sequence[ClosedTrade]) -> str:
    """Return the bars, joined to a few hundred candles at most, and each trade from its entry to its exit."""
    edges = np.linspace(0, len(bars.open_ms), min(_MOST_CANDLES, len(bars.open_ms)) + 1).astype(int)
    unit = 10.0**bars.price_decimals
    start, end = int(bars.open_ms[0]), int(bars.open_ms[-1])
    low, high = widened(float(bars.low.min()) / unit, float(bars.high.max()) / unit)
    panel = Panel(74, 10, _WIDTH - 90, _HEIGHT - 40, start, end, low, high)
    width = max(1.0, panel.width / len(edges) * 0.6)
    parts = [y_axis(panel, 6), *(time_mark(panel, panel, ts, text) for ts, text in time_ticks(start, end))]
    for first, last in pairwise(edges.tolist()):
        parts.append(_candle(bars, panel, first, last, width, unit))
    parts += [_trade(panel, trade) for trade in trades]
    label = escape(f"Candles and trades of {bars.symbol}")
    return (
        f'<div class="chart readable-free"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{label}">{"".join(parts)}</svg></div>'
    )


def _candle(bars: Bars, panel: Panel, first: int, last: int, width: float, unit: float) -> str:
    open_, close = int(bars.open[first]) / unit, int(bars.close[last - 1]) / unit
    high, low = int(bars.high[first:last].max()) / unit, int(bars.low[first:last].min()) / unit
    x = panel.x(float(bars.open_ms[first]))
    top, bottom = panel.y(max(open_, close)), panel.y(min(open_, close))
    side = "gain" if close >= open_ else "loss"
    return (
        f'<line class="axis" x1="{x:.1f}" x2="{x:.1f}" y1="{panel.y(high):.1f}" y2="{panel.y(low):.1f}"/>'
        f'<rect class="{side}" opacity=".55" x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{max(bottom - top, 0.8):.1f}"/>'
    )


def _trade(panel: Panel, trade: ClosedTrade) -> str:
    colour = "var(--gain)" if trade.pnl > 0 else "var(--loss)"
    x1, y1 = panel.x(trade.entry_ms), panel.y(float(trade.entry_price))
    x2, y2 = panel.x(trade.exit_ms), panel.y(float(trade.exit_price))
    tip = -5 if trade.side.sign < 0 else 5
    told = escape(
        f"{trade.side.value} {trade.qty:f} at {price(trade.entry_price)}, out {price(trade.exit_price)} by "
        f"{words(trade.closed_by.value)}: {money(trade.pnl, sign=True)}"
    )
    return (
        f'<g stroke="{colour}" fill="{colour}"><title>{told}</title>'
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="1.2"/>'
        f'<path d="M{x1:.1f} {y1:.1f}l-4 {tip}h8z" stroke="none"/>'
        f'<circle cx="{x2:.1f}" cy="{y2:.1f}" r="2.4" fill="var(--card)"/></g>'
    )
