"""Many symbols as one line each: the columns that fit, the rows that fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from whalebot.adapters.terminal.analysis_line import SIGNAL_COLOURS
from whalebot.adapters.terminal.gauges import position_scale, score_gauge
from whalebot.adapters.terminal.numbers import (
    age_text,
    average_text,
    contribution_text,
    count_text,
    price_text,
)
from whalebot.adapters.terminal.panel import no_stop, result_spans, side_spans, trend_spans
from whalebot.adapters.terminal.spans import Row, fitted, right, width_of
from whalebot.adapters.terminal.style import Style
from whalebot.domain.analysis import Analysis
from whalebot.domain.view import SymbolView, View
from whalebot.domain.weight_names import short_name

_WIDE: Final = 100
_GAUGE: Final = 5
_SCALE: Final = 17
_TOP: Final = 4
BLOCK: Final = 78
"""A width at which a row still shows what matters; twice as much takes two blocks side by side."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A heading, its side, and the step at which it is left out where there is no room; 0 for never."""

    name: str
    from_right: bool = False
    spare: int = 0


_COLUMNS: Final = (
    _Column("symbol"),
    _Column("price", from_right=True),
    _Column("score", from_right=True),
    _Column("signal", spare=7),
    _Column("", spare=6),
    _Column("trends", spare=4),
    _Column("because", spare=1),
    _Column("position"),
    _Column("size @ entry", spare=3),
    _Column("stop", from_right=True),
    _Column("stop → target", spare=5),
    _Column("by price", from_right=True),
    _Column("R", from_right=True),
    _Column("age", from_right=True, spare=2),
)


def symbol_rows(view: View, style: Style, width: int, height: int) -> list[Row]:
    """Return a heading and one line a symbol, at most `height` lines of `width` characters.

    Where not all fit, positions and orders come first, then the strongest scores, and the last line counts
    the rest.
    """
    symbols = view.symbols
    blocks = 2 if len(symbols) > height - 1 and width >= 2 * BLOCK + 3 else 1
    room = (height - 1) * blocks
    shown, hidden = _chosen(symbols, room)
    if blocks == 1:
        lines = _block(shown, view, style, width)
    else:
        half = -(-len(shown) // 2)
        each = (width - 3) // 2
        left, right_ = (_block(part, view, style, each) for part in (shown[:half], shown[half:]))
        lines = [
            [*one, ("dim", " │ " if style.signs else " | "), *other]
            for one, other in zip(left, [*right_, *[[("", "")]] * (len(left) - len(right_))], strict=True)
        ]
    if hidden:
        held = sum(symbol.position is not None for symbol in hidden)
        told = f"{held} of them with a position" if held else "none of them with a position"
        lines.append([("dim", f"and {len(hidden)} more, {told}")])
    return lines


def urgency(symbol: SymbolView) -> tuple[bool, bool, float]:
    """Return what is looked at first: unknown orders, positions and orders, then how near an entry is."""
    analysis = symbol.analysis
    near = abs(analysis.score) / (analysis.threshold or 1.0) if analysis is not None else 0.0
    return bool(symbol.unknown_orders), symbol.position is not None or bool(symbol.in_flight), near


def _chosen(symbols: Sequence[SymbolView], room: int) -> tuple[list[SymbolView], list[SymbolView]]:
    if len(symbols) <= room:
        return list(symbols), []
    ordered = sorted(symbols, key=urgency, reverse=True)
    kept = max(room - 1, 0)
    return ordered[:kept], ordered[kept:]


def _block(symbols: Sequence[SymbolView], view: View, style: Style, width: int) -> list[Row]:
    rows = [_cells(symbol, view, style) for symbol in symbols]
    widths = [
        max([len(column.name), *(width_of(row[i]) for row in rows)]) for i, column in enumerate(_COLUMNS)
    ]
    gap = 2 if width >= _WIDE else 1
    shown = _fitting(widths, width, gap)
    head = [[("dim", column.name)] for column in _COLUMNS]
    return [fitted(_line(cells, widths, shown, gap), width) for cells in (head, *rows)]


def _fitting(widths: Sequence[int], width: int, gap: int) -> list[int]:
    shown = [i for i, column in enumerate(_COLUMNS) if widths[i]]
    for step in range(1, 8):
        if sum(widths[i] + gap for i in shown) - gap <= width:
            break
        shown = [i for i in shown if _COLUMNS[i].spare != step]
    return shown


def _line(cells: Sequence[Row], widths: Sequence[int], shown: Sequence[int], gap: int) -> Row:
    row: Row = []
    for i in shown:
        cell = right(cells[i], widths[i]) if _COLUMNS[i].from_right else fitted(cells[i], widths[i])
        row += [("", " " * gap), *cell] if row else cell
    return row


def _cells(symbol: SymbolView, view: View, style: Style) -> tuple[Row, ...]:
    age = symbol.ticker_age_ms
    stale = symbol.book_stale or age is None
    return (
        [("bold", symbol.symbol)],
        [("", price_text(symbol.last_price))],
        *_analysis_cells(symbol.analysis, style),
        *_position_cells(symbol, view, style),
        [("yellow" if stale else "dim", age_text(age))],
    )


def _analysis_cells(analysis: Analysis | None, style: Style) -> tuple[Row, ...]:
    if analysis is None:
        return ([("dim", "-")], [], [], [], [("yellow", "no bar yet")])
    if not analysis.may_enter:
        waits = f"warming up, {count_text(len(analysis.warming), 'group')}"
        return ([("dim", "-")], [], [], trend_spans(analysis, style), [("yellow", waits)])
    return (
        [("", f"{analysis.score:+.2f}")],
        [(SIGNAL_COLOURS[analysis.signal], analysis.signal.value)],
        score_gauge(analysis.score, analysis.threshold, _GAUGE, style.signs),
        trend_spans(analysis, style),
        _because(analysis),
    )


def _because(analysis: Analysis) -> Row:
    spoke = sorted((part for part in analysis.breakdown if part[1]), key=lambda part: -abs(part[1]))
    row: Row = []
    for name, value in spoke[:_TOP]:
        row.append(("dim", f"{' ' if row else ''}{short_name(name)} "))
        row.append(("green" if value > 0 else "red", contribution_text(value)))
    return row


def _position_cells(symbol: SymbolView, view: View, style: Style) -> tuple[Row, ...]:
    position = symbol.position
    if position is None:
        if symbol.unknown_orders:
            return ([("loud", "UNKNOWN ORDER")], [], [], [], [], [])
        return ([("cyan", "order sent")] if symbol.in_flight else [("dim", "flat")], [], [], [], [], [])
    entry = average_text(position.entry_price, position.last_price, position.stop_loss)
    stop = no_stop(view, "stop ?")
    if position.stop_loss is not None:
        stop = [("cyan" if position.stop_moved else "", price_text(position.stop_loss))]
    quote, r = result_spans(position)
    return (
        side_spans(position),
        [("", f"{position.qty:f} @ {entry}")],
        stop,
        position_scale(position, _SCALE, style.signs),
        quote,
        [(colour, text.removesuffix(" R")) for colour, text in r],
    )
