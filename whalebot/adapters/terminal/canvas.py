"""The terminal's second screen: lines that changed are written, nothing else; the first screen comes back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final, TextIO

_ENTER: Final = "\033[?1049h\033[?25l\033[?7l"
_LEAVE: Final = "\033[0m\033[?7h\033[?25h\033[?1049l"
# Terminals that know it show a frame at once; the others ignore it.
_BEGIN: Final = "\033[?2026h"
_END: Final = "\033[?2026l"
_SIZE: Final = (80, 24)


class Canvas:
    """Draws whole frames without flicker. One thread; `leave` may come from any other one."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._shown: list[str] = []
        self._size = (0, 0)
        self._entered = False
        self._left = False

    def size(self) -> tuple[int, int]:
        """Return columns and lines as they are now."""
        try:
            found = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError):
            return _SIZE
        return (found.columns or _SIZE[0], found.lines or _SIZE[1])

    def draw(self, lines: Sequence[str], size: tuple[int, int], *, anew: bool = False) -> None:
        """Show a frame. anew: write every line, in case something else wrote on the screen."""
        if self._left:
            return
        written: list[str] = []
        if not self._entered:
            self._entered = True
            written.append(_ENTER)
        if size != self._size or anew:
            written.append("\033[2J" if size != self._size else "")
            self._shown, self._size = [], size
        for number, line in enumerate(lines):
            if number >= len(self._shown) or self._shown[number] != line:
                # Cleared first: after the last column there is nothing to clear but that column.
                written.append(f"\033[{number + 1};1H\033[K{line}\033[0m")
        self._shown = list(lines)
        if written:
            self._stream.write(f"{_BEGIN}{''.join(written)}{_END}")
            self._stream.flush()

    def leave(self) -> None:
        """Give the first screen back with its cursor; once, and for good."""
        self._left = True
        if self._entered:
            self._entered = False
            self._stream.write(_LEAVE)
            self._stream.flush()
