"""One log file a symbol, or one for all where there are many; the console beside them."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from whalebot.adapters.logs.files import LogFile
from whalebot.adapters.logs.formats import MaskingFormatter, utc_text
from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.storage.filesystem import FileSystem

_ROOT: Final = "whalebot.scan"
_RUN_LOG: Final = re.compile(r"[A-Z0-9]+_\d{8}_\d{6}\.log(\.\d+)?|scan_\d{8}_\d{6}\.log(\.\d+)?")
_DAY_S: Final = 86_400


class SymbolLogs:
    """The loggers of a run. Setting up a symbol twice adds no second file; nothing goes to the root."""

    def __init__(
        self,
        folder: Path,
        masker: SecretMasker,
        started: datetime,
        limit: int,
        console: logging.Handler | None,
    ) -> None:
        self._folder = folder
        self._formatter = _LineFormatter(masker)
        self._stamp = started.astimezone(UTC).strftime("%Y%m%d_%H%M%S")
        self._limit = limit
        self._console = console
        self._files: dict[str, LogFile] = {}
        self._loggers: dict[str, logging.Logger] = {}
        self._shared = False
        self.last_line = "the scan has ended"

    def set_up(self, symbols: Iterable[str]) -> None:
        """Open the files; above the limit of symbols they share one. Raises OSError."""
        names = list(symbols)
        FileSystem().make_folder(self._folder)
        self._shared = self._shared or len(names) > self._limit
        for name in names:
            if name not in self._loggers:
                self._loggers[name] = self._make(name)

    def of(self, symbol: str) -> logging.Logger:
        """Return the logger of a symbol."""
        if symbol not in self._loggers:
            self.set_up([symbol])
        return self._loggers[symbol]

    @contextmanager
    def whole_process(self) -> Iterator[None]:
        """Take what the rest of the process logs into the run's own file and onto the console.

        At the end every file gets a last line and is closed.
        """
        FileSystem().make_folder(self._folder)
        root = logging.getLogger()
        before, level = list(root.handlers), root.level
        root.handlers[:] = [self._file("scan"), *([self._console] if self._console is not None else [])]
        root.setLevel(logging.INFO)
        quiet = [logging.getLogger(name) for name in ("urllib3", "pybit", "websocket", "requests")]
        levels = [logger.level for logger in quiet]
        for logger in quiet:
            logger.setLevel(logging.WARNING)
        try:
            yield
        except KeyboardInterrupt:
            self.last_line = "stopped by user"
            raise
        finally:
            for logger, old in zip(quiet, levels, strict=True):
                logger.setLevel(old)
            root.handlers[:] = before
            root.setLevel(level)
            self.close(self.last_line)

    def close(self, last_line: str) -> None:
        """Write a last line into each file and close it."""
        for file in self._files.values():
            file.handle(logging.LogRecord(_ROOT, logging.INFO, "", 0, last_line, None, None))
            file.close()
        for logger in self._loggers.values():
            logger.handlers.clear()
        self._files.clear()
        self._loggers.clear()

    def _make(self, symbol: str) -> logging.Logger:
        logger = logging.getLogger(f"{_ROOT}.{symbol}")
        logger.handlers.clear()
        logger.filters.clear()
        logger.propagate = False
        logger.setLevel(logging.DEBUG)
        logger.addHandler(self._file("scan" if self._shared else symbol))
        if self._console is not None:
            logger.addHandler(self._console)
        if self._shared:
            logger.addFilter(_named(symbol))
        return logger

    def _file(self, name: str) -> LogFile:
        file = self._files.get(name)
        if file is None:
            file = self._files[name] = LogFile(self._folder / f"{name}_{self._stamp}.log")
            file.setLevel(logging.DEBUG)
            file.setFormatter(self._formatter)
        return file


def remove_old_logs(folder: Path, days: int, now_s: float) -> int:
    """Delete run logs not written to for `days`; return how many. Other files stay."""
    removed = 0
    try:
        names = [path for path in folder.iterdir() if _RUN_LOG.fullmatch(path.name)]
    except OSError:
        return 0
    for path in names:
        try:
            if now_s - path.stat().st_mtime > days * _DAY_S:
                path.unlink()
                removed += 1
        except OSError:
            continue
    return removed


class Console(logging.Handler):
    """Lines for people on a stream, coloured on request; a stream that is gone ends nothing."""

    def __init__(self, stream: TextIO, masker: SecretMasker, colours: bool, zone: object) -> None:
        super().__init__()
        self._stream = stream
        self._masker = masker
        self._colours = colours
        self._zone = zone
        self.is_gone = False
        self.is_held = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, unless the screen belongs to a table."""
        if self.is_held or self.is_gone:
            return
        at = datetime.fromtimestamp(record.created, self._zone).strftime("%H:%M:%S")  # type: ignore[arg-type]
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        text = self._masker.mask(f"{at} {level}{record.getMessage()}")
        code = _COLOURS.get(record.levelno, "") if self._colours else ""
        try:
            self._stream.write(f"\033[{code}m{text}\033[0m\n" if code else f"{text}\n")
            self._stream.flush()
        except (OSError, ValueError):
            self.is_gone = True


_COLOURS: Final = {logging.INFO: "36", logging.WARNING: "33", logging.ERROR: "1;31", logging.CRITICAL: "1;31"}


class _LineFormatter(MaskingFormatter):
    """`time - LEVEL - message`, a traceback on lines of its own."""

    def line(self, record: logging.LogRecord) -> str:
        """Return the line before masking."""
        head = f"{utc_text(record)} - {record.levelname} - {record.getMessage()}"
        return self.head_and_traceback(head, record)


class _named(logging.Filter):
    """Puts the symbol in front of each line of the shared file."""

    def __init__(self, symbol: str) -> None:
        super().__init__()
        self._symbol = symbol

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(self._symbol):
            record.msg = f"{self._symbol} {record.msg}"
        return True


def run_start() -> datetime:
    """Return now, UTC: the stamp of every log of this run."""
    return datetime.fromtimestamp(time.time(), UTC)
