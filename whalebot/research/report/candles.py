"""Candles of one symbol with its trades on them, as SVG text: the whole span, or one trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import pairwise
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Bars
from whalebot.adapters.terminal.numbers import count_text
from whalebot.domain.trade import ClosedTrade
from whalebot.research.report.charts import drawing, time_mark, y_axis
from whalebot.research.report.scales import Panel, time_ticks, widened
from whalebot.research.report.trade_list import Candles
from whalebot.research.report.wording import money, price, words

_WIDTH: Final = 960
_HEIGHT: Final = 360
_MOST_CANDLES: Final = 320
_SMALL: Final = (560, 220)
_SMALL_CANDLES: Final = 70
_LEAST_BARS: Final = 24
_DRAWN: Final = 60
"""So many of the newest trades get candles of their own, which keeps a page small."""


def candle_chart(bars: Bars, trades: Sequence[ClosedTrade]) -> str:
    """Return the bars, joined to a few hundred candles at most, and each trade from its entry to its exit."""
    unit = 10.0**bars.price_decimals
    start, end = int(bars.open_ms[0]), int(bars.open_ms[-1])
    low, high = widened(float(bars.low.min()) / unit, float(bars.high.max()) / unit)
    panel = Panel(74, 10, _WIDTH - 90, _HEIGHT - 40, start, end, low, high)
    parts = [y_axis(panel, 6), *(time_mark(panel, panel, ts, text) for ts, text in time_ticks(start, end))]
    parts.append(_candles(bars, panel, 0, len(bars.open_ms), _MOST_CANDLES))
    parts += [_trade(panel, trade) for trade in trades]
    label = f"Candles and trades of {bars.symbol}"
    said = f"{count_text(len(trades), 'trade')} between {price(_price(low))} and {price(_price(high))}."
    return drawing(_WIDTH, _HEIGHT, "".join(parts), label, said, "candles")


def trade_candles(bars: Mapping[str, Bars], trades: Sequence[ClosedTrade]) -> Candles:
    """Return what draws one of the newest of these trades on its bars, with its first stop."""
    newest = sorted(trades, key=lambda trade: -trade.exit_ms)[:_DRAWN]
    drawn = {(trade.mode, trade.trade_id) for trade in newest}

    def draw(trade: ClosedTrade) -> str:
        own = bars.get(trade.symbol)
        if own is None or (trade.mode, trade.trade_id) not in drawn:
            return ""
        return _one_trade(own, trade)

    return draw


def _one_trade(bars: Bars, trade: ClosedTrade) -> str:
    first = int(bars.open_ms.searchsorted(trade.entry_ms, "right")) - 1
    last = int(bars.open_ms.searchsorted(trade.exit_ms, "right"))
    if first < 0 or last > len(bars.open_ms) or first >= last:
        return ""
    around = max((last - first) // 2, _LEAST_BARS)
    first, last = max(first - around, 0), min(last + around // 2, len(bars.open_ms))
    if int(bars.open_ms[-1]) < trade.exit_ms - 2 * int(bars.open_ms[1] - bars.open_ms[0]):
        return ""
    unit = 10.0**bars.price_decimals
    seen = [float(bars.low[first:last].min()) / unit, float(bars.high[first:last].max()) / unit]
    seen += [float(p) for p in (trade.entry_price, trade.exit_price, trade.initial_stop) if p is not None]
    low, high = widened(min(seen), max(seen))
    start, end = int(bars.open_ms[first]), int(bars.open_ms[last - 1])
    width, height = _SMALL
    panel = Panel(70, 8, width - 84, height - 36, start, end, low, high)
    parts = [y_axis(panel, 4), *(time_mark(panel, panel, ts, text) for ts, text in time_ticks(start, end, 5))]
    parts.append(_candles(bars, panel, first, last, _SMALL_CANDLES))
    if trade.initial_stop is not None:
        parts.append(_stop_line(panel, trade, float(trade.initial_stop)))
    parts.append(_trade(panel, trade))
    return drawing(width, height, "".join(parts), f"{trade.symbol} around this trade", "", "candles")


def _stop_line(panel: Panel, trade: ClosedTrade, stop: float) -> str:
    x1, x2, y = panel.x(trade.entry_ms), panel.x(trade.exit_ms), panel.y(stop)
    return (
        f'<line class="stop" x1="{x1:.1f}" x2="{max(x2, x1 + 6):.1f}" y1="{y:.1f}" y2="{y:.1f}">'
        f"<title>first stop {stop:g}</title></line>"
    )


def _candles(bars: Bars, panel: Panel, first: int, last: int, most: int) -> str:
    """Two paths, one for bars that rose and one for those that fell: small, and quick to draw."""
    unit = 10.0**bars.price_decimals
    edges = np.linspace(first, last, min(most, last - first) + 1).astype(int)
    half = max(0.5, panel.width / len(edges) * 0.3)
    paths: dict[str, list[str]] = {"gain": [], "loss": []}
    for begin, end in pairwise(edges.tolist()):
        open_, close = int(bars.open[begin]) / unit, int(bars.close[end - 1]) / unit
        high, low = int(bars.high[begin:end].max()) / unit, int(bars.low[begin:end].min()) / unit
        x = panel.x(float(bars.open_ms[begin]))
        top, bottom = panel.y(max(open_, close)), panel.y(min(open_, close))
        paths["gain" if close >= open_ else "loss"].append(
            f"M{x:.1f} {panel.y(high):.1f}V{panel.y(low):.1f}"
            f"M{x - half:.1f} {top:.1f}h{2 * half:.1f}v{max(bottom - top, 0.8):.1f}h-{2 * half:.1f}z"
        )
    return "".join(f'<path class="candle {side}" d="{"".join(d)}"/>' for side, d in paths.items() if d)


def _price(value: float) -> Decimal:
    return Decimal(repr(value))


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
