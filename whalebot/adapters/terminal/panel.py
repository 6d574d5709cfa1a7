"""One symbol in full: price, trends, score and its parts as bars, position on its scale."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Final

from whalebot.adapters.terminal.analysis_line import SIGNAL_COLOURS
from whalebot.adapters.terminal.gauges import middle_bar, position_scale, result_in_r, score_gauge
from whalebot.adapters.terminal.numbers import (
    age_text,
    average_text,
    contribution_text,
    interval_text,
    price_text,
    signed_money,
)
from whalebot.adapters.terminal.spans import Row, as_many_as_fit, fitted, joined, right, width_of
from whalebot.adapters.terminal.style import Style
from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Side
from whalebot.domain.view import PositionView, SymbolView, View
from whalebot.domain.weight_names import full_name, short_name

_FULL_NAMES_FROM: Final = 110
_NAME: Final = 6
_LONG_NAME: Final = 22
_VALUE: Final = 5
_HALF: Final = 8
_MOST_HALF: Final = 16
_LEAST: Final = 0.005
_GAP: Final = 3


def symbol_panel(
    symbol: SymbolView, view: View, style: Style, zone: tzinfo, width: int, height: int
) -> list[Row]:
    """Return the lines of one symbol of a view, at most `height`, none wider than `width`."""
    lines = [_head(symbol, style, zone, width)]
    analysis = symbol.analysis
    lines.append(_score(analysis, style, width))
    if symbol.position is None:
        lines.append(_flat(symbol))
    else:
        lines += _position(symbol.position, view, style, width)
    if analysis is not None and height > len(lines):
        lines += _parts(analysis, style, width, height - len(lines))
    return [fitted(line, width) for line in lines[:height]]


def trend_spans(analysis: Analysis, style: Style) -> Row:
    """Return the higher timeframes with one coloured sign an indicator: `1h ↑↑ 4h ↓·`."""
    row: Row = []
    last = ""
    for reading in analysis.trends:
        if reading.interval != last:
            row.append(("dim", f"{' ' if row else ''}{interval_text(reading.interval)} "))
            last = reading.interval
        colour = {"UP": "green", "DOWN": "red"}.get(reading.trend.value, "dim")
        row.append((colour, style.trend(reading.trend)))
    return row


def result_spans(position: PositionView) -> tuple[Row, Row]:
    """Return the open result in quote and in R, by price alone, each in its colour."""
    colour = _colour(float(position.unrealised_pnl))
    r = result_in_r(position)
    return [(colour, signed_money(position.unrealised_pnl))], [(colour, "" if r is None else f"{r:+.2f} R")]


def no_stop(view: View, unknown: str) -> Row:
    """Return what to show for a stop that is not there: `unknown` until the venue was compared with."""
    return [("yellow", unknown)] if view.reconciled_ms is None else [("loud", "NO STOP")]


def side_spans(position: PositionView) -> Row:
    """Return side and owner of a position."""
    long = position.side is Side.BUY
    return [
        ("green" if long else "red", "LONG" if long else "SHORT"),
        *([("yellow", " foreign")] if position.foreign else []),
    ]


def _head(symbol: SymbolView, style: Style, zone: tzinfo, width: int) -> Row:
    parts: list[Row] = [[("bold", symbol.symbol)], [("bold", price_text(symbol.last_price))]]
    analysis = symbol.analysis
    if analysis is not None:
        bar = datetime.fromtimestamp(analysis.close_ms / 1000, zone).strftime("%H:%M")
        parts.append([("dim", f"{interval_text(analysis.interval)} bar {bar}")])
        parts.append(trend_spans(analysis, style))
    if symbol.ticker_age_ms is None:
        parts.append([("yellow", "no price yet")])
    else:
        parts.append([("yellow" if symbol.book_stale else "dim", f"{age_text(symbol.ticker_age_ms)} old")])
    if symbol.book_stale:
        parts.append([("yellow", "order book stale")])
    if symbol.spread_bps is not None:
        parts.append([("dim", f"spread {symbol.spread_bps:.1f} bp")])
    return as_many_as_fit(parts, width)


def _score(analysis: Analysis | None, style: Style, width: int) -> Row:
    if analysis is None:
        return [("yellow", "no bar has closed yet")]
    if not analysis.may_enter:
        return [("yellow", f"warming up: {len(analysis.warming)} of the groups wait for more bars")]
    signal = analysis.signal
    text: Row = [
        ("dim", "score "),
        ("bold", f"{analysis.score:+.2f} "),
        (SIGNAL_COLOURS[signal], f"{signal.value:<4}"),
    ]
    need: Row = [("dim", f"entry at ±{analysis.threshold:.2f}")]
    half = min((width - width_of(text) - width_of(need) - 5) // 2, 40)
    return joined([text, score_gauge(analysis.score, analysis.threshold, half, style.signs), need])


def _flat(symbol: SymbolView) -> Row:
    if symbol.unknown_orders:
        return [("loud", f"an order with an unknown outcome: {', '.join(symbol.unknown_orders)}")]
    return [("cyan", "order on its way")] if symbol.in_flight else [("dim", "no position")]


def _position(position: PositionView, view: View, style: Style, width: int) -> list[Row]:
    quote, r = result_spans(position)
    entry = average_text(position.entry_price, position.last_price, position.stop_loss)
    costs = position.fees + position.funding
    told = [
        [*side_spans(position), ("", f" {position.qty:f} @ {entry}")],
        [*quote, ("dim", " USDT by price")],
        r,
        [("dim", f"paid {costs:.2f}")],
        [("dim", f"for {age_text(view.now_ms - position.opened_ms)}")],
    ]
    if position.entry_score is not None:
        told.append([("dim", f"entered at {position.entry_score:+.2f}")])
    stop = no_stop(view, "stop not known yet")
    if position.stop_loss is not None:
        word = "trail" if position.stop_moved else "stop"
        stop = [("dim", f"{word} "), ("cyan" if position.stop_moved else "", price_text(position.stop_loss))]
    target: Row = [("dim", "no target")]
    if position.take_profit is not None:
        target = [("", price_text(position.take_profit)), ("dim", " target")]
    room = min(width - width_of(stop) - width_of(target) - 4, 90)
    scale = position_scale(position, room, style.signs) if room >= 8 else []
    return [as_many_as_fit(told, width), joined([stop, scale, target])]


def _parts(analysis: Analysis, style: Style, width: int, height: int) -> list[Row]:
    """The groups that spoke, the strongest first, in columns read downwards."""
    spoke = sorted((p for p in analysis.breakdown if abs(p[1]) >= _LEAST), key=lambda part: -abs(part[1]))
    if not spoke:
        return []
    named = width >= _FULL_NAMES_FROM
    name_width = _LONG_NAME if named else _NAME
    words = name_width + 1 + _VALUE + 1 + 1
    columns = max((width + _GAP) // (words + 2 * _HALF + _GAP), 1)
    half = min(((width + _GAP) // columns - _GAP - words) // 2, _MOST_HALF)
    rows = min(-(-len(spoke) // columns), height)
    shown = spoke[: rows * columns]
    most = abs(spoke[0][1])
    cells = [_part(name, value, most, half, named, style) for name, value in shown]
    gap: Row = [("", " " * _GAP)]
    return [_side_by_side(cells[row::rows], gap) for row in range(rows)]


def _part(name: str, value: float, most: float, half: int, named: bool, style: Style) -> Row:
    text, name_width = (full_name(name), _LONG_NAME) if named else (short_name(name), _NAME)
    return [
        *fitted([("", text)], name_width),
        *right([(_colour(value), contribution_text(value))], _VALUE + 1),
        ("", " "),
        *middle_bar(value, most, half, style.signs),
    ]


def _side_by_side(cells: Sequence[Row], gap: Row) -> Row:
    row: Row = []
    for cell in cells:
        row += [*gap, *cell] if row else cell
    return row


def _colour(value: float) -> str:
    return "green" if value > 0 else "red" if value < 0 else ""
