"""The whole daemon as one table, built from a view. Imports rich, so it is imported late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from whalebot.adapters.terminal.analysis_line import (
    SIGNAL_COLOURS,
    because,
    position_colour,
    trends_text,
)
from whalebot.adapters.terminal.numbers import (
    age_text,
    average_text,
    interval_text,
    money_text,
    price_text,
    signed_money,
)
from whalebot.adapters.terminal.style import Style
from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Side
from whalebot.domain.view import PositionView, SymbolView, View

_COLUMNS = (
    ("symbol", "left"),
    ("price", "right"),
    ("bar", "left"),
    ("score", "right"),
    ("signal", "left"),
    ("because", "left"),
    ("trends", "left"),
    ("position", "left"),
    ("stop", "right"),
    ("target", "right"),
    ("PnL", "right"),
    ("age", "right"),
)


# Left out in this order, from the left, where the terminal is too narrow for all.
_SPARE = ("bar", "age", "target", "trends", "because")
_GAP = 2
# A narrower head leaves the date out, so that the results stay in sight.
_WIDE = 110


def daemon_table(
    view: View | None, recent: Sequence[str], title: str, style: Style, zone: tzinfo, width: int
) -> RenderableType:
    """Return what to draw: the account, a row per symbol, why nothing is entered, the last lines.

    Columns that do not fit into `width` characters are left out.
    """
    if view is None:
        return Group(Text(title, style="bold"), Text("waiting for the first data", style="yellow"))
    parts: list[RenderableType] = [
        _head(view, title, zone, width),
        _symbols(view, style, zone, width),
        *_warnings(view),
    ]
    parts += [Text.from_ansi(line, no_wrap=True, overflow="ellipsis") for line in recent]
    return Group(*parts)


def _head(view: View, title: str, zone: tzinfo, width: int) -> Text:
    at = datetime.fromtimestamp(view.now_ms / 1000, zone)
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(title, "bold")
    text.append(at.strftime("  %Y-%m-%d %H:%M:%S" if width >= _WIDE else "  %H:%M:%S"))
    text.append(f"  equity {money_text(view.equity)}  day ")
    text.append(signed_money(view.day_pnl), _colour(float(view.day_pnl or 0)))
    text.append("  session ")
    text.append(signed_money(view.session_pnl), _colour(float(view.session_pnl)))
    text.append(f" in {view.trades_closed} trades  drawdown {view.drawdown:.2%}")
    return text


def _symbols(view: View, style: Style, zone: tzinfo, width: int) -> Table:
    rows = [_row(symbol, style, zone) for symbol in view.symbols]
    shown = _fitting(rows, width)
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bright_black")
    for index in shown:
        name, justify = _COLUMNS[index]
        table.add_column(name, justify="right" if justify == "right" else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(row[index] for index in shown))
    return table


def _fitting(rows: Sequence[tuple[Text, ...]], width: int) -> list[int]:
    """Indexes of the columns that fit side by side."""
    widths = [
        max([len(name), *(row[i].cell_len for row in rows)]) + _GAP for i, (name, _) in enumerate(_COLUMNS)
    ]
    shown = list(range(len(_COLUMNS)))
    for spare in _SPARE:
        if sum(widths[i] for i in shown) <= width + _GAP:
            break
        shown = [i for i in shown if _COLUMNS[i][0] != spare]
    return shown


def _row(symbol: SymbolView, style: Style, zone: tzinfo) -> tuple[Text, ...]:
    stale = symbol.book_stale or symbol.ticker_age_ms is None
    head = (
        Text(symbol.symbol, "bold"),
        Text(price_text(symbol.last_price)),
        *_analysis_cells(symbol.analysis, style, zone),
    )
    tail = Text(age_text(symbol.ticker_age_ms), "yellow" if stale else "bright_black")
    return (*head, *_position_cells(symbol.position, symbol), tail)


def _analysis_cells(analysis: Analysis | None, style: Style, zone: tzinfo) -> tuple[Text, ...]:
    if analysis is None:
        return (Text("-"), Text("-"), Text("-"), Text("no bar yet", "yellow"), Text(""))
    bar = datetime.fromtimestamp(analysis.close_ms / 1000, zone).strftime("%H:%M")
    colour = SIGNAL_COLOURS[analysis.signal]
    return (
        Text(f"{interval_text(analysis.interval)} {bar}", "bright_black"),
        Text(f"{analysis.score:+.2f}"),
        Text(analysis.signal.value, "bright_black" if colour == "dim" else colour),
        Text.from_ansi(because(analysis, style)),
        Text(trends_text(analysis, style)),
    )


def _position_cells(position: PositionView | None, symbol: SymbolView) -> tuple[Text, ...]:
    if position is None:
        waiting = "order in flight" if symbol.in_flight else "flat"
        return (Text(waiting, "bright_black"), Text(""), Text(""), Text(""))
    side = "LONG" if position.side is Side.BUY else "SHORT"
    entry = average_text(position.entry_price, position.last_price, position.stop_loss)
    stop = Text("NONE", "bold white on red") if position.stop_loss is None else _stop_cell(position)
    kind = " foreign" if position.foreign else ""
    return (
        Text(f"{side}{kind} {position.qty:f} @ {entry}", position_colour(position.side)),
        stop,
        Text(price_text(position.take_profit)),
        Text(signed_money(position.unrealised_pnl), _colour(float(position.unrealised_pnl))),
    )


def _stop_cell(position: PositionView) -> Text:
    return Text(price_text(position.stop_loss), "cyan" if position.stop_moved else "")


def _warnings(view: View) -> list[RenderableType]:
    found: list[RenderableType] = []
    down = [f"{name} stream down: {detail}" for name, up, detail in view.streams if not up]
    if view.manual_pause:
        down.append("paused by the owner")
    for text in (*down, *view.blocked_by):
        found.append(Text(f"no entries: {text}", "yellow", no_wrap=True, overflow="ellipsis"))
    unknown = [link_id for symbol in view.symbols for link_id in symbol.unknown_orders]
    if unknown:
        found.append(Text(f"orders with an unknown outcome: {', '.join(unknown)}", "bold red"))
    return found


def _colour(value: float) -> str:
    if value == 0:
        return ""
    return "green" if value > 0 else "red"
