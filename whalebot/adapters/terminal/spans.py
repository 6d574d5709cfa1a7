"""Text in colours that is measured, cut and padded before it is painted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from whalebot.adapters.terminal.style import Style

Span: TypeAlias = tuple[str, str]
"""A colour of `Style.paint`, "" for none, and a text without control characters."""
Row: TypeAlias = list[Span]
_PLAIN: Final = str.maketrans({"…": ".", "→": ">", "±": "~", "·": "."})


def width_of(row: Iterable[Span]) -> int:
    """Return how many characters a row takes."""
    return sum(len(text) for _, text in row)


def fitted(row: Sequence[Span], width: int) -> Row:
    """Return the row cut or filled with blanks to exactly `width` characters."""
    found: Row = []
    room = width
    for colour, text in row:
        if len(text) > room:
            found.append((colour, text[: max(room - 1, 0)] + "…" if room else ""))
            return found
        found.append((colour, text))
        room -= len(text)
    if room:
        found.append(("", " " * room))
    return found


def right(row: Sequence[Span], width: int) -> Row:
    """Return the row at the right edge of `width` characters."""
    room = width - width_of(row)
    return [("", " " * room), *row] if room > 0 else fitted(row, width)


def painted(row: Iterable[Span], style: Style) -> str:
    """Return the row as the terminal takes it."""
    text = "".join(style.paint(colour, text) for colour, text in row)
    return text if style.signs else plain(text)


def plain(text: str) -> str:
    """Return the text in ASCII, of the same length."""
    return text.translate(_PLAIN).encode("ascii", "replace").decode()


def joined(parts: Iterable[Sequence[Span]], gap: str = "  ") -> Row:
    """Return the parts that are not empty, one after the other."""
    found: Row = []
    for part in parts:
        if part:
            found += [("", gap), *part] if found else part
    return found


def as_many_as_fit(parts: Sequence[Sequence[Span]], width: int, gap: str = "  ") -> Row:
    """Return the first parts that fit side by side; the first one always."""
    shown: list[Sequence[Span]] = []
    taken = 0
    for part in parts:
        needed = width_of(part) + (len(gap) if shown else 0)
        if shown and taken + needed > width:
            break
        if part:
            shown.append(part)
            taken += needed
    return joined(shown, gap)
