"""Starts and stops logging for the whole process."""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TextIO

from whalebot.adapters.logs.files import LogFile
from whalebot.adapters.logs.formats import (
    EVENT_ONLY,
    SHOWN,
    EventFormatter,
    HumanFormatter,
    TerminalFormatter,
)
from whalebot.adapters.logs.lane import LogLane
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.logs.terminal import TerminalHandler
from whalebot.domain.errors import ConfigError

_TALKATIVE: Final = ("pybit", "urllib3", "websocket", "asyncio", "apprise", "aiohttp.access", "requests")
"""Libraries whose lines below WARNING are noise, and may hold whole requests."""
_TERMINAL_STOP_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is logged where. `terminal` None: nothing is shown; `terminal_level` is its own least level."""

    log: Path
    event_log: Path
    level: int = logging.INFO
    terminal: TextIO | None = None
    terminal_level: int = logging.INFO
    zone: tzinfo = UTC


class LogSystem:
    """Logging of the process, until `stop`. Files, terminal, warnings and stray tracebacks: all masked."""

    def __init__(self, settings: LogSettings, masker: SecretMasker) -> None:
        """Open the files and take over the root logger. Raises ConfigError where a file cannot be opened."""
        self._masker = masker
        self._files = (_open(settings.log), _open(settings.event_log))
        self._files[0].setFormatter(HumanFormatter(masker))
        self._files[0].addFilter(lambda record: not getattr(record, EVENT_ONLY, False))
        self._files[1].setFormatter(EventFormatter(masker))
        self._terminal = _terminal(settings, masker)
        self._lanes = [LogLane(self._files)]
        if self._terminal is not None:
            # A terminal that nobody reads blocks whoever writes to it; the files must not wait for it.
            self._lanes.append(LogLane([self._terminal]))
        self._before = _Before.take_over(self._lanes, self._report)
        self.set_level(settings.level)

    @property
    def lost(self) -> int:
        """Records that the files did not take, or that found their queue full."""
        return self._lanes[0].dropped + sum(file.lost for file in self._files)

    def set_level(self, level: int) -> None:
        """Set the least level of the files; the terminal keeps its own."""
        for file in self._files:
            file.setLevel(level)
        least = min(level, self._terminal.level) if self._terminal is not None else level
        logging.getLogger().setLevel(least)

    def stop(self) -> None:
        """Write out what is queued and give the root logger back."""
        self._before.restore(self._lanes)
        self._lanes[0].stop()
        for terminal in self._lanes[1:]:
            terminal.stop(_TERMINAL_STOP_S)

    def _report(self, where: str, kind: type[BaseException], error: BaseException, trace: Any) -> None:
        logging.getLogger("whalebot").critical(
            "unhandled %s in %s", kind.__name__, where, exc_info=(kind, error, trace), extra={"kind": "bug"}
        )


@dataclass(frozen=True, slots=True)
class _Before:
    """What the process had before logging started."""

    level: int
    handlers: tuple[logging.Handler, ...]
    levels: Mapping[str, int]
    excepthook: Callable[..., Any]
    thread_hook: Callable[..., Any]

    @classmethod
    def take_over(cls, lanes: Sequence[LogLane], report: Callable[..., None]) -> _Before:
        root = logging.getLogger()
        before = cls(
            root.level,
            tuple(root.handlers),
            {name: logging.getLogger(name).level for name in _TALKATIVE},
            sys.excepthook,
            threading.excepthook,
        )
        root.handlers[:] = lanes
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.captureWarnings(True)

        def on_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
            report("the main thread", kind, error, trace)

        def on_thread_error(args: threading.ExceptHookArgs) -> None:
            name = args.thread.name if args.thread is not None else "a thread"
            report(f"thread {name}", args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback)

        sys.excepthook = on_error
        threading.excepthook = on_thread_error
        return before

    def restore(self, lanes: Sequence[LogLane]) -> None:
        root = logging.getLogger()
        for lane in lanes:
            root.removeHandler(lane)
        root.handlers[:] = list(self.handlers)
        root.setLevel(self.level)
        for name, level in self.levels.items():
            logging.getLogger(name).setLevel(level)
        logging.captureWarnings(False)
        sys.excepthook = self.excepthook
        threading.excepthook = self.thread_hook


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Tell whether colours are welcome: a terminal, and NO_COLOR not set."""
    return not environment.get("NO_COLOR") and stream.isatty()


def _open(path: Path) -> LogFile:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return LogFile(path)
    except OSError as e:
        if e.errno == errno.ELOOP:
            raise ConfigError(
                f"{path}: a link, which is not followed for writing; remove it, or use --dir"
            ) from None
        raise ConfigError(
            f"{path}: cannot be written ({e.strerror}); mend its owner and mode, or use --dir"
        ) from None


def _terminal(settings: LogSettings, masker: SecretMasker) -> logging.Handler | None:
    if settings.terminal is None:
        return None
    colours: dict[int, str] = {}
    reset = ""
    if wants_colour(settings.terminal, os.environ):
        colours, reset = _palette()
    handler = TerminalHandler(settings.terminal)
    handler.setFormatter(TerminalFormatter(masker, settings.zone, colours, reset))
    handler.setLevel(settings.terminal_level)
    handler.addFilter(
        lambda record: not (getattr(record, EVENT_ONLY, False) or getattr(record, SHOWN, False))
    )
    return handler


def _palette() -> tuple[dict[int, str], str]:
    import colorama

    colorama.just_fix_windows_console()
    fore = colorama.Fore
    colours = {
        logging.DEBUG: str(fore.LIGHTBLACK_EX),
        logging.WARNING: str(fore.YELLOW),
        logging.ERROR: str(fore.RED),
        logging.CRITICAL: str(fore.LIGHTRED_EX),
    }
    return colours, str(colorama.Style.RESET_ALL)
