"""One analysis as one line: price, score, signal, what made it, trends, position, result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from whalebot.adapters.terminal.numbers import (
    average_text,
    contribution_text,
    count_text,
    interval_text,
    money_text,
    price_text,
    signed_money,
)
from whalebot.adapters.terminal.style import Style
from whalebot.domain.analysis import VOLUME_FILTER, Analysis
from whalebot.domain.enums import Side, Signal
from whalebot.domain.view import PositionView, SymbolView, View
from whalebot.domain.weight_names import short_name

TOP_CONTRIBUTIONS: Final = 3
_LAST_STEP: Final = 6
SIGNAL_COLOURS: Final = {Signal.BUY: "green", Signal.SELL: "red", Signal.HOLD: "dim"}


def analysis_line(symbol: SymbolView, analysis: Analysis, view: View, style: Style, zone: tzinfo) -> str:
    """Return the line, without the time of day in front. `zone` is for the bar's own time.

    Where the style has a width, the parts that matter least are left out until the rest fits.
    """
    bar = datetime.fromtimestamp(analysis.close_ms / 1000, zone).strftime("%H:%M")
    parts = (
        _Part(f"{style.paint('bold', symbol.symbol)} {style.paint('dim', interval_text(analysis.interval))}"),
        _Part(style.paint("dim", bar), dropped=5),
        _Part(f"{price_text(analysis.close)} {analysis.score:+.2f} {signal_text(analysis.signal, style)}"),
        _Part(
            because(analysis, style),
            dropped=6,
            shorter=(because(analysis, style, 2), because(analysis, style, 1)),
        ),
        _Part(trends_text(analysis, style), dropped=4),
        _Part(
            _position(symbol.position, view, style, " by price"),
            shorter=(_position(symbol.position, view, style),),
        ),
        _Part(_result(view, style), dropped=3),
    )
    line = _joined(parts, 0)
    for step in range(1, _LAST_STEP + 1):
        if style.width is None or style.visible_length(line) <= style.width:
            break
        line = _joined(parts, step)
    return line


def signal_text(signal: Signal, style: Style) -> str:
    """Return the signal in its colour, padded to one width."""
    return style.paint(SIGNAL_COLOURS[signal], f"{signal.value:<4}")


def because(analysis: Analysis, style: Style, most: int = TOP_CONTRIBUTIONS) -> str:
    """Return the `most` strongest contributions and the volume filter; in warm-up, how many groups wait."""
    if not analysis.may_enter:
        return style.paint("yellow", f"warming up, {count_text(len(analysis.warming), 'group')}")
    groups = [(name, value) for name, value in analysis.breakdown if value and name != VOLUME_FILTER]
    groups.sort(key=lambda item: abs(item[1]), reverse=True)
    shown = groups[:most]
    shown += [(name, value) for name, value in analysis.breakdown if value and name == VOLUME_FILTER]
    return " ".join(
        f"{short_name(name)} {style.paint(_sign_colour(value), contribution_text(value))}"
        for name, value in shown
    )


def trends_text(analysis: Analysis, style: Style) -> str:
    """Return the higher timeframes, one sign for each indicator: `1h ↑↑ 4h ↓·`."""
    by_interval: dict[str, str] = {}
    for reading in analysis.trends:
        by_interval[reading.interval] = by_interval.get(reading.interval, "") + style.trend(reading.trend)
    return " ".join(f"{interval_text(interval)} {signs}" for interval, signs in by_interval.items())


def position_colour(side: Side) -> str:
    """Green for a long, red for a short."""
    return "green" if side is Side.BUY else "red"


@dataclass(frozen=True, slots=True)
class _Part:
    """A piece of the line, where the line is too long: `dropped` at that step, 0 for never.

    `shorter` takes its place at the steps before, one form for each step; the last of them stays.
    """

    text: str
    dropped: int = 0
    shorter: tuple[str, ...] = ()

    def at(self, step: int) -> str:
        """Return the text at a step, "" where it is left out."""
        if 0 < self.dropped <= step:
            return ""
        forms = (self.text, *self.shorter)
        return forms[min(step, len(forms) - 1)]


def _joined(parts: tuple[_Part, ...], step: int) -> str:
    return "  ".join(text for part in parts if (text := part.at(step)))


def _position(position: PositionView | None, view: View, style: Style, of_what: str = "") -> str:
    if position is None:
        return style.paint("dim", "flat")
    side = "LONG" if position.side is Side.BUY else "SHORT"
    stop = price_text(position.stop_loss)
    if position.stop_loss is None:
        stop = style.paint("yellow", "?") if view.reconciled_ms is None else style.paint("loud", "NONE")
    kind = " foreign" if position.foreign else ""
    word = "trail" if position.stop_moved else "stop"
    pnl = position.unrealised_pnl
    return (
        f"{style.paint(position_colour(position.side), side)}{kind} {position.qty:f} @ "
        f"{average_text(position.entry_price, position.last_price, position.stop_loss)}"
        f" {word} {stop}"
        f" {style.paint(_sign_colour(float(pnl)), signed_money(pnl))}{of_what}"
    )


def _result(view: View, style: Style) -> str:
    if view.equity is None:
        return ""
    session = ""
    if view.trades_closed:
        colour = _sign_colour(float(view.session_pnl))
        session = f" {style.paint(colour, signed_money(view.session_pnl))} in {view.trades_closed}"
    return f"{style.paint('dim', 'eq')} {money_text(view.equity)}{session}"


def _sign_colour(value: float) -> str:
    if value == 0:
        return ""
    return "green" if value > 0 else "red"
