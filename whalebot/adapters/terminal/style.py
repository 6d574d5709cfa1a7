"""Colours and signs, or neither, by what the terminal can show."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TextIO

from whalebot.domain.enums import Trend

# SGR codes that every colour terminal knows; colorama translates them where it must.
_CODES: Final = {
    "dim": "\033[90m",
    "bold": "\033[1m",
    "red": "\033[31m",
    "green": "\033[32m",
    "yellow": "\033[33m",
    "cyan": "\033[36m",
    "loud": "\033[97;41m",
}
_SGR: Final = re.compile(r"(\033\[[0-9;]*m)")
_RESET: Final = "\033[0m"
_WIDTH: Final = 120
_TIME_WIDTH: Final = len("00:00:00 ")
_SIGNS: Final = {Trend.UP: "↑", Trend.DOWN: "↓", Trend.SIDEWAYS: "→", Trend.UNKNOWN: "·"}
_PLAIN_SIGNS: Final = {Trend.UP: "+", Trend.DOWN: "-", Trend.SIDEWAYS: "=", Trend.UNKNOWN: "?"}


@dataclass(frozen=True, slots=True)
class Style:
    """How to write. `colour` False gives plain text; `signs` False keeps to ASCII.

    `width` is the room for a line in characters, None where there is no edge.
    """

    colour: bool = False
    signs: bool = False
    width: int | None = None

    def paint(self, name: str, text: str) -> str:
        """Return the text in one of dim, bold, red, green, yellow, cyan, loud; "" is no colour."""
        return f"{_CODES[name]}{text}{_RESET}" if self.colour and name and text else text

    def trend(self, trend: Trend) -> str:
        """Return one character for a trend."""
        return (_SIGNS if self.signs else _PLAIN_SIGNS)[trend]

    def cut(self, text: str, width: int) -> str:
        """Return a painted text cut to `width` seen characters."""
        if len(text) <= width:
            return text
        kept: list[str] = []
        room = width
        for number, part in enumerate(_SGR.split(text)):
            if number % 2:
                kept.append(part)
            elif room > 0:
                kept.append(
                    part if len(part) <= room else f"{part[: room - 1]}…" if self.signs else part[:room]
                )
                room -= len(part)
        return "".join(kept)

    def visible_length(self, text: str) -> int:
        """Return how many characters of a painted text are seen."""
        return len(_SGR.sub("", text)) if self.colour else len(text)


PLAIN: Final = Style()
"""For log files and for whatever is not a terminal."""


def style_of(stream: TextIO, environment: Mapping[str, str]) -> Style:
    """Choose by the stream: colours on a terminal unless NO_COLOR is set, signs where it is Unicode.

    Lines are fitted to a terminal as wide as it is now, the time of day in front taken off.
    """
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    terminal = stream.isatty()
    colour = terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    width = shutil.get_terminal_size((_WIDTH, 24)).columns - _TIME_WIDTH if terminal else None
    return Style(colour=colour, signs=encoding.startswith("utf"), width=width)
