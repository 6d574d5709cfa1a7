"""Keeps the view on the screen up to date, in a thread of its own."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from typing import Final, TextIO

from whalebot.adapters.terminal.canvas import Canvas
from whalebot.adapters.terminal.frame import daemon_frame
from whalebot.adapters.terminal.numbers import count_text, money_text, signed_money
from whalebot.adapters.terminal.style import Style
from whalebot.domain.view import View

_log = logging.getLogger(__name__)

_EVERY_S: Final = 0.25
_ANEW_AFTER: Final = 20
_RECENT: Final = 200
_KEPT: Final = 10
"""Lines that stay on the first screen when the view ends."""


class LiveView:
    """Draws the newest view four times a second on the terminal's second screen, until `stop`."""

    def __init__(
        self, stream: TextIO, read_view: Callable[[], View | None], title: str, style: Style, zone: tzinfo
    ) -> None:
        self._stream = stream
        self._canvas = Canvas(stream)
        self._read_view = read_view
        self._title = title
        self._style = style
        self._zone = zone
        self._recent: deque[str] = deque(maxlen=_RECENT)
        self._halt = threading.Event()
        self._last_view: View | None = None
        self._last_drawn: tuple[object, ...] = ()
        self.thread: threading.Thread | None = None

    @staticmethod
    def fits(stream: TextIO, environment: Mapping[str, str]) -> bool:
        """Tell whether a view can be kept up to date there; else lines must do."""
        return stream.isatty() and environment.get("TERM") != "dumb"

    def start(self) -> None:
        """Begin to draw."""
        self.thread = threading.Thread(target=self._root, name="view", daemon=True)
        self.thread.start()

    def say(self, line: str) -> None:
        """Show a line below the symbols; as many stay as the screen has room for. Any thread."""
        at = datetime.now(self._zone).strftime("%H:%M:%S")
        self._recent.append(f"{self._style.paint('dim', at)} {line}")

    def stop(self) -> None:
        """Give the screen back and leave the last lines on it. A terminal that takes nothing is given up."""
        if self.thread is None or self._halt.is_set():
            return
        self._halt.set()
        self.thread.join(1.0)
        if not self.thread.is_alive():
            self._say_goodbye()

    def leave_at_once(self) -> None:
        """Give the screen back because the process ends now. Any thread."""
        self._halt.set()
        self._canvas.leave()

    def _root(self) -> None:
        try:
            self._draw()
        except OSError as error:
            reason = error.strerror or error
            _log.warning("the terminal is gone (%s); the daemon goes on without the view", reason)
        except Exception:  # noqa: BLE001 - the root of a thread: a picture that fails must not end the trading
            _log.exception("the view cannot be shown; the daemon goes on without it")
        finally:
            self._leave()

    def _draw(self) -> None:
        number = 0
        while not self._halt.is_set():
            self._draw_one(anew=number % _ANEW_AFTER == 0)
            number += 1
            self._halt.wait(_EVERY_S)
        self._draw_one(anew=False)

    def _draw_one(self, *, anew: bool) -> None:
        view, size, recent = self._read_view(), self._canvas.size(), tuple(self._recent)
        seen = (id(view), size, recent)
        if not anew and seen == self._last_drawn:
            return
        # The view is kept, so that no other one can have its address.
        self._last_view, self._last_drawn = view, seen
        lines = daemon_frame(view, recent, self._title, self._style, self._zone, size)
        self._canvas.draw(lines, size, anew=anew)

    def _leave(self) -> None:
        try:
            self._canvas.leave()
        except (OSError, ValueError):
            # The terminal is gone; there is no screen to give back.
            _log.debug("the terminal took no farewell", exc_info=True)

    def _say_goodbye(self) -> None:
        view = self._read_view()
        lines = list(self._recent)[-_KEPT:]
        if view is not None:
            lines.append(_summary(view, self._title))
        try:
            self._stream.write("".join(f"{line}\n" for line in lines))
            self._stream.flush()
        except (OSError, ValueError):
            _log.debug("the terminal took no farewell", exc_info=True)


def _summary(view: View, title: str) -> str:
    held = ", ".join(symbol.symbol for symbol in view.symbols if symbol.position is not None)
    left = f"position left open in {held}" if held else "no position open"
    return (
        f"{title}: equity {money_text(view.equity)}, session {signed_money(view.session_pnl)} in "
        f"{count_text(view.trades_closed, 'trade')}, {left}"
    )
