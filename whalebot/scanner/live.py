"""The live table on a terminal: one thread draws, one reads keys; the scan never waits for either."""

from __future__ import annotations

import logging
import os
import select
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final, TextIO

from whalebot.scanner.screen import Changes, LiveFrame, ScreenState, after_key, picture

EVERY_S: Final = 0.25
"""Between two pictures: four a second at most."""
_POLL_S: Final = 0.1
_KEYS: Final = {
    "\r": "enter", "\n": "enter", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape",
    "\x1b[A": "up", "\x1b[B": "down", "\x03": "q",
}  # fmt: skip
_log = logging.getLogger("whalebot.scanner")


class LiveTable:
    """Draws the newest frame it was given. `on_quit` is called from its thread when q is pressed."""

    def __init__(self, stream: TextIO, state: ScreenState, on_quit: Callable[[], None], colour: bool) -> None:
        self._stream = stream
        self._state = state
        self._on_quit = on_quit
        self._colour = colour
        self._lock = threading.Lock()
        self._frame: LiveFrame | None = None
        self._shown: list[str] = []
        self._halt = threading.Event()
        self._wake = threading.Event()
        self._threads = [
            threading.Thread(target=self._root, name="scan-table", daemon=True),
            threading.Thread(target=self._keys_root, name="scan-keys", daemon=True),
        ]

    @property
    def alerts_on(self) -> bool:
        """False after the key a turned alerts off."""
        with self._lock:
            return self._state.alerts_on

    def start(self) -> None:
        """Take over the terminal."""
        for thread in self._threads:
            thread.start()

    def show(self, frame: LiveFrame) -> None:
        """Give the newest frame; returns at once. A paused table keeps the one it has."""
        with self._lock:
            if not self._state.is_paused or self._frame is None:
                self._frame = frame

    def press(self, key: str) -> None:
        """Act on a key."""
        with self._lock:
            self._state = after_key(self._state, key, self._shown)
            wants_quit, self._state = self._state.wants_quit, replace(self._state, wants_quit=False)
        self._wake.set()
        if wants_quit:
            self._on_quit()

    def stop(self) -> None:
        """Give the terminal back."""
        self._halt.set()
        self._wake.set()
        for thread in self._threads:
            thread.join(1.0)

    def _root(self) -> None:
        try:
            self._draw()
        except (OSError, ValueError):
            self._on_quit()  # the terminal is gone
        except Exception:  # noqa: BLE001  root of the picture's thread: the scan goes on without a picture
            _log.exception("the table cannot be shown; the scan goes on without it")

    def _draw(self) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        console = Console(file=self._stream, force_terminal=True, no_color=not self._colour)
        changes = Changes()
        with Live(Text("loading..."), console=console, screen=True, auto_refresh=False) as live:
            while not self._halt.is_set():
                self._wake.clear()
                with self._lock:
                    frame, state = self._frame, self._state
                if frame is not None:
                    size = (console.width, console.height)
                    found, shown = picture(frame, state, size, changes, time.monotonic())
                    live.update(found, refresh=True)
                    with self._lock:
                        self._shown = shown
                if self._halt.wait(EVERY_S / 2):
                    break
                self._wake.wait(EVERY_S / 2)

    def _keys_root(self) -> None:
        try:
            self._read_keys()
        except (OSError, ValueError, termios.error):
            self._on_quit()  # the terminal is gone

    def _read_keys(self) -> None:
        if not sys.stdin.isatty():
            return
        handle = sys.stdin.fileno()
        with _single_keys(handle):
            while not self._halt.is_set():
                if not select.select([handle], [], [], _POLL_S)[0]:
                    continue
                data = os.read(handle, 64)
                if not data:
                    return
                for key in keys_of(data.decode("utf-8", "replace")):
                    self.press(key)


def keys_of(text: str) -> Iterator[str]:
    """Yield the keys in what a terminal sent."""
    at = 0
    while at < len(text):
        size = 3 if text[at : at + 3] in _KEYS else 1
        part = text[at : at + size]
        yield _KEYS.get(part, part)
        at += size


@contextmanager
def _single_keys(handle: int) -> Iterator[None]:
    before: list[Any] = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)
