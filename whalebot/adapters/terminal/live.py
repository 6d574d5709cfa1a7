"""Keeps the table on the screen up to date, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import tzinfo
from typing import Final, TextIO

from whalebot.adapters.terminal.style import Style
from whalebot.domain.view import View

_log = logging.getLogger(__name__)

_EVERY_S: Final = 0.25
_RECENT: Final = 200
_ROOM_ABOVE: Final = 6
"""Lines of the head, the table and its warnings, beside one for each symbol."""


class LiveView:
    """Draws the newest view four times a second on the terminal's second screen, until `stop`."""

    def __init__(
        self, stream: TextIO, read_view: Callable[[], View | None], title: str, style: Style, zone: tzinfo
    ) -> None:
        self._stream = stream
        self._read_view = read_view
        self._title = title
        self._style = style
        self._zone = zone
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._halt = threading.Event()
        self.thread: threading.Thread | None = None

    @staticmethod
    def fits(stream: TextIO) -> bool:
        """Tell whether a table can be kept up to date there; else lines must do."""
        return stream.isatty()

    def start(self) -> None:
        """Begin to draw."""
        self.thread = threading.Thread(target=self._root, name="view", daemon=True)
        self.thread.start()

    def say(self, line: str) -> None:
        """Show a line below the table; as many stay as the screen has room for. Any thread."""
        self._recent.append(line)

    def stop(self) -> None:
        """Give the screen back."""
        self._halt.set()
        if self.thread is not None:
            self.thread.join(1.0)

    def _root(self) -> None:
        try:
            self._draw()
        except Exception:  # noqa: BLE001 - the root of a thread: a picture that fails must not end the trading
            _log.exception("the view cannot be shown; the daemon goes on without it")

    def _draw(self) -> None:
        from rich.console import Console
        from rich.live import Live

        from whalebot.adapters.terminal.table import daemon_table

        console = Console(file=self._stream, force_terminal=True, no_color=not self._style.colour)

        def picture() -> object:
            view = self._read_view()
            room = max(console.height - _ROOM_ABOVE - (len(view.symbols) if view is not None else 1), 3)
            recent = tuple(self._recent)[-room:]
            return daemon_table(view, recent, self._title, self._style, self._zone, console.width)

        with Live(picture(), console=console, screen=True, auto_refresh=False) as live:  # type: ignore[arg-type]
            while not self._halt.wait(_EVERY_S):
                live.update(picture(), refresh=True)  # type: ignore[arg-type]
