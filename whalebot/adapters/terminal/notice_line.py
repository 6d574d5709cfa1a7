"""One notice of the engine as one line: what matters stands out, the rest stays quiet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

from whalebot.adapters.terminal.style import Style
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level


@dataclass(frozen=True, slots=True)
class _Look:
    label: str
    colour: str


_LOOKS: Final = {
    "entry_sent": _Look("order", "cyan"),
    "entry": _Look("ENTRY", "cyan"),
    "stop_moved": _Look("STOP", "cyan"),
    "stop_repair": _Look("STOP", "yellow"),
    "stop_refused": _Look("STOP", "yellow"),
    "stop_unknown": _Look("STOP", "yellow"),
    "exit_sent": _Look("exit", "cyan"),
    "trade_closed": _Look("CLOSED", ""),
    "entry_refused": _Look("refused", "yellow"),
    "order_ended": _Look("order", "yellow"),
}
_LEVEL_COLOURS: Final = {
    Level.DEBUG: "dim",
    Level.INFO: "",
    Level.WARNING: "yellow",
    Level.CRITICAL: "loud",
}
_LONG: Final = re.compile(r"(\d\.\d{4})\d+")
_LABEL_WIDTH: Final = 7
_CLOSED: Final = re.compile(
    r"(?P<what>\S+ \S+) closed by (?P<why>.+) (?P<at>at \S+): (?P<net>net \S+) \(.*\)"
)
_SHORTER: Final = (
    r"\g<what> by \g<why> \g<at>: \g<net>",
    r"\g<why> \g<at>: \g<net>",
    r"\g<why>: \g<net>",
)
"""A closed trade in fewer words: without what made its result, without what it was, without its price."""


def notice_line(notice: Notice, style: Style) -> str:
    """Return the line, without the time of day in front.

    Where the style has a width, a closed trade leaves out what matters least until the rest fits.
    """
    look = _LOOKS.get(notice.kind) or _plain_look(notice.level)
    colour = look.colour
    if notice.kind == "trade_closed":
        colour = _result_colour(notice)
    symbol = f"{style.paint('bold', notice.symbol)} " if notice.symbol else ""
    label = f"{style.paint(colour, f'{look.label:<{_LABEL_WIDTH}}')} " if look.label else ""
    text = _for_eyes(notice)
    if notice.kind == "trade_closed" and style.width is not None:
        text = _shortened(text, style.width - style.visible_length(symbol + label))
    if not look.label or notice.kind == "trade_closed":
        text = style.paint(colour, text)
    return f"{symbol}{label}{text}"


def _for_eyes(notice: Notice) -> str:
    """The text without what says nothing: an amount of nothing, digits nobody reads."""
    if notice.kind == "trade_closed":
        closed_by = dict(notice.fields).get("closed_by", "")
        return notice.text.replace(", funding +0.00", "").replace(closed_by, closed_by.replace("_", " "))
    return _LONG.sub(r"\1", notice.text) if notice.kind == "funding" else notice.text


def _shortened(text: str, room: int) -> str:
    told = _CLOSED.fullmatch(text)
    if told is None:
        return text
    forms = (text, *(told.expand(form) for form in _SHORTER))
    return next((form for form in forms if len(form) <= room), forms[-1])


def _plain_look(level: Level) -> _Look:
    label = {Level.WARNING: "warning", Level.CRITICAL: "ALERT"}.get(level, "")
    return _Look(label, _LEVEL_COLOURS[level])


def _result_colour(notice: Notice) -> str:
    try:
        pnl = Decimal(dict(notice.fields).get("pnl", "0"))
    except InvalidOperation:
        return ""
    if pnl == 0:
        return ""
    return "green" if pnl > 0 else "red"
