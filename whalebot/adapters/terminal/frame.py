"""The whole screen of `--view` as lines: account, health, symbols, warnings, what happened last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Final

from whalebot.adapters.terminal.numbers import age_text, count_text, money_text, signed_money
from whalebot.adapters.terminal.panel import symbol_panel
from whalebot.adapters.terminal.rows import symbol_rows, urgency
from whalebot.adapters.terminal.spans import Row, Span, as_many_as_fit, fitted, painted, plain, width_of
from whalebot.adapters.terminal.style import Style
from whalebot.domain.view import View

_LEAST_PANEL: Final = 6
_MOST_PANEL: Final = 18
_PANEL_WIDTH: Final = 76
_LEAST_EVENTS: Final = 4
_MOST_WARNINGS: Final = 3
_LEAST_SHARE: Final = 0.00005


def daemon_frame(
    view: View | None,
    recent: Sequence[str],
    title: str,
    style: Style,
    zone: tzinfo,
    size: tuple[int, int],
) -> list[str]:
    """Return exactly the lines of the screen, painted, none wider than it. size: columns and lines.

    recent: painted lines, the newest last. Few symbols are shown in full, many as a line each with the most
    urgent one in full where there is room.
    """
    width, height = size
    if view is None:
        lines = [_title(None, title, zone, width), [("yellow", "waiting for the first data")]]
        return _filled([painted(fitted(line, width), style) for line in lines], height)
    head = [_title(view, title, zone, width), _account(view, width), _health(view, style, width)]
    head += [fitted([("yellow", text)], width) for text in _warnings(view)][:_MOST_WARNINGS]
    head.append(_rule("", style, width))
    body = _symbols(view, style, zone, width, height - len(head) - 1 - _LEAST_EVENTS)
    lines = [*head, *body, _rule("latest", style, width)]
    drawn = [painted(fitted(line, width), style) for line in lines][:height]
    room = height - len(drawn)
    for line in recent[-room:] if room > 0 else ():
        drawn.append(style.cut(line if style.signs else plain(line), width))
    return _filled(drawn, height)


def _filled(lines: list[str], height: int) -> list[str]:
    return lines[:height] + [""] * (height - len(lines))


def _title(view: View | None, title: str, zone: tzinfo, width: int) -> Row:
    left: Row = [("bold", title)]
    if view is None:
        return left
    left += [("", "  "), _doing(view)]
    at = datetime.fromtimestamp(view.now_ms / 1000, zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    gap = width - width_of(left) - len(at)
    return [*left, ("", " " * gap), ("dim", at)] if gap >= 2 else fitted(left, width)


def _doing(view: View) -> Span:
    if view.manual_pause:
        return "yellow", "paused by you"
    if view.paused_until_ms is not None:
        return "yellow", "paused by a guardrail"
    return ("green", "trading") if view.tradable else ("yellow", "no new entries")


def _account(view: View, width: int) -> Row:
    day = view.day_pnl
    share = ""
    if day is not None and view.equity is not None and view.equity - day > 0:
        share = f" ({part:+.2%})" if abs(part := float(day / (view.equity - day))) >= _LEAST_SHARE else ""
    trades = f" in {count_text(view.trades_closed, 'trade')}"
    parts: list[Row] = [
        [("dim", "equity "), ("bold", money_text(view.equity))],
        [("dim", "today "), (_colour(float(day or 0)), signed_money(day) + share)],
        [
            ("dim", "session "),
            (_colour(float(view.session_pnl)), signed_money(view.session_pnl)),
            ("dim", trades),
        ],
        [("dim", "drawdown "), ("", f"{view.drawdown:.2%}")],
        [("dim", "losses in a row "), ("", f"{view.consecutive_losses}")],
        [("dim", "wallet "), ("", money_text(view.wallet_balance))],
    ]
    return as_many_as_fit(parts, width, "   ")


def _health(view: View, style: Style, width: int) -> Row:
    dot = "●" if style.signs else "*"
    parts: list[Row] = [
        [
            ("green" if up else "loud", f"{dot} "),
            ("", name),
            ("dim" if up else "yellow", " up" if up else " DOWN"),
        ]
        for name, up, _ in view.streams
    ]
    if view.paused_until_ms is not None:
        left = age_text(view.paused_until_ms - view.now_ms)
        parts.insert(0, [("yellow", f"guardrail: paused for {left}")])
    if view.reconciled_ms is not None:
        parts.append([("dim", f"compared with the venue {age_text(view.real_ms - view.reconciled_ms)} ago")])
    if view.clock_offset_ms is not None:
        parts.append([("dim", f"clock {view.clock_offset_ms:+d} ms")])
    parts.append([("dim", f"{count_text(view.entries, 'entry', 'entries')} sent")])
    if view.refusals:
        counts = ", ".join(f"{rule} {count}" for rule, count in view.refusals)
        parts.append([("dim", f"refused: {counts}")])
    return as_many_as_fit(parts, width, "   ")


def _warnings(view: View) -> Iterator[str]:
    unknown = [link_id for symbol in view.symbols for link_id in symbol.unknown_orders]
    if unknown:
        yield f"an order with an unknown outcome, the venue is asked: {', '.join(unknown)}"
    for name, up, detail in view.streams:
        if not up:
            yield f"no entries: {name} stream down{f': {detail}' if detail else ''}"
    if view.manual_pause:
        yield "no entries: paused by its owner, until `whalebot resume`"
    for text in view.blocked_by:
        yield f"no entries: {text}"
    if view.books_difference:
        yield f"the venue's books of the last day differ by {signed_money(view.books_difference)} from ours"


def _symbols(view: View, style: Style, zone: tzinfo, width: int, room: int) -> list[Row]:
    """Panels where each symbol gets one; else a line each, and a panel for the most urgent below."""
    symbols = view.symbols
    columns = max(min(width // _PANEL_WIDTH, len(symbols)), 1)
    rows = -(-len(symbols) // columns)
    each = room // rows - 1 if rows else 0
    if symbols and each >= _LEAST_PANEL:
        return _panels(view, style, zone, width, columns, min(each, _MOST_PANEL))
    lines = symbol_rows(view, style, width, max(room, 2))
    left = room - len(lines) - 1
    if left >= _LEAST_PANEL and symbols:
        chosen = max(symbols, key=urgency)
        panel = symbol_panel(chosen, view, style, zone, width, min(left, _MOST_PANEL))
        lines += [_rule("in full", style, width), *panel]
    return lines


def _panels(view: View, style: Style, zone: tzinfo, width: int, columns: int, height: int) -> list[Row]:
    gap: Row = [("dim", " │ " if style.signs else " | ")]
    each = (width - 3 * (columns - 1)) // columns
    lines: list[Row] = []
    for first in range(0, len(view.symbols), columns):
        group = view.symbols[first : first + columns]
        panels = [symbol_panel(symbol, view, style, zone, each, height) for symbol in group]
        if lines:
            lines.append(_rule("", style, width))
        for number in range(max(map(len, panels))):
            row: Row = []
            for panel in panels:
                line = panel[number] if number < len(panel) else fitted([], each)
                row += [*gap, *line] if row else line
            lines.append(row)
    return lines


def _rule(name: str, style: Style, width: int) -> Row:
    line = "─" if style.signs else "-"
    text = f"{line * 2} {name} " if name else ""
    return [("dim", text + line * (width - len(text)))]


def _colour(value: float) -> str:
    return "green" if value > 0 else "red" if value < 0 else ""
