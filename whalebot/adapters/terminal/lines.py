"""Lines for people: one per analysis, one per thing that happened."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from whalebot.adapters.terminal.palette import Palette
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level, Side, Signal, Trend
from whalebot.domain.view import PositionView, SymbolView, View

_SHOWN_CONTRIBUTIONS: Final = 3
_ARROWS: Final = {Trend.UP: "↑", Trend.DOWN: "↓", Trend.SIDEWAYS: "→", Trend.UNKNOWN: "?"}
_MARKS: Final = {
    "entry": "▶",
    "entry_sent": "›",
    "exit_sent": "›",
    "stop_moved": "↥",
    "trade_closed": "■",
    "entry_refused": "·",
    "kill": "✖",
}


def analysis_line(symbol: SymbolView, view: View, palette: Palette) -> str:
    """Return price, score, signal, the largest contributions, trends, position and account in one line."""
    analysis = symbol.analysis
    if analysis is None:
        return f"{symbol.symbol} {price_text(symbol.last_price)} warming up"
    parts = [
        palette.paint(palette.strong, f"{symbol.symbol} {price_text(analysis.close)}"),
        palette.by_sign(analysis.score, f"score {analysis.score:+.2f}") + " " + _signal(analysis, palette),
        palette.paint(palette.quiet, contributions(analysis)),
        trends(analysis),
        position_text(symbol.position, palette),
        _account(view, palette),
    ]
    return "  ".join(part for part in parts if part)


def contributions(analysis: Analysis, most: int = _SHOWN_CONTRIBUTIONS) -> str:
    """Return the largest contributions by name."""
    found = sorted(analysis.breakdown, key=lambda entry: -abs(entry[1]))[:most]
    return " ".join(f"{name} {value:+.2f}" for name, value in found if value)


def trends(analysis: Analysis) -> str:
    """Return an arrow per higher timeframe and indicator: `60↑↑ 240↑?`."""
    by_interval: dict[str, str] = {}
    for reading in analysis.trends:
        by_interval[reading.interval] = by_interval.get(reading.interval, "") + _ARROWS[reading.trend]
    return " ".join(f"{interval}{arrows}" for interval, arrows in by_interval.items())


def position_text(position: PositionView | None, palette: Palette) -> str:
    """Return side, size, entry, stop and unrealised PnL of a position, "flat" without one."""
    if position is None:
        return palette.paint(palette.quiet, "flat")
    side = "LONG" if position.side is Side.BUY else "SHORT"
    stop = price_text(position.stop_loss) if position.stop_loss is not None else "NONE"
    pnl = palette.by_sign(position.unrealised_pnl, f"{position.unrealised_pnl:+.2f}")
    owner = " (not ours)" if position.foreign else ""
    return f"{side} {position.qty} @ {price_text(position.entry_price)} stop {stop} {pnl}{owner}"


def notice_line(notice: Notice, palette: Palette) -> str:
    """Return what happened, marked and coloured by its kind."""
    text = " ".join(part for part in (_MARKS.get(notice.kind, ""), notice.symbol, notice.text) if part)
    return palette.paint(_colour(notice, palette), text)


def price_text(price: Decimal | None) -> str:
    """Return a price without an exponent and without needless zeros."""
    if price is None:
        return "-"
    text = f"{price:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _signal(analysis: Analysis, palette: Palette) -> str:
    if analysis.signal is Signal.HOLD:
        return palette.paint(palette.quiet, "HOLD" if analysis.may_enter else "warming up")
    colour = palette.good if analysis.signal is Signal.BUY else palette.bad
    return palette.paint(colour, analysis.signal.value)


def _account(view: View, palette: Palette) -> str:
    if view.equity is None:
        return ""
    day = view.day_pnl if view.day_pnl is not None else Decimal(0)
    text = f"equity {view.equity:.2f} " + palette.by_sign(day, f"day {day:+.2f}")
    if view.manual_pause or view.paused_until_ms is not None:
        text += palette.paint(palette.warn, " paused")
    return text


def _colour(notice: Notice, palette: Palette) -> str:
    if notice.level is Level.CRITICAL:
        return palette.bad
    if notice.level is Level.WARNING:
        return palette.warn
    if notice.kind == "trade_closed":
        return palette.bad if dict(notice.fields).get("pnl", "").startswith("-") else palette.good
    if notice.kind in ("entry", "stop_moved"):
        return palette.note
    return palette.quiet if notice.kind in ("entry_refused", "history", "entry_sent", "exit_sent") else ""
