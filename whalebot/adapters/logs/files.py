"""Rotating log files that only their owner can read and that never disturb whoever logs."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import stat
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

FILE_BYTES: Final = 10 * 1024 * 1024
OLD_FILES: Final = 5
_COMPLAINT_GAP_S: Final = 60.0


class LogFile(RotatingFileHandler):
    """A log file of 10 MB and five older ones, created 0600.

    A file that somebody moved or removed is begun anew. A line that a power cut tore is ended before the next
    one. A record that cannot be written (disk full, folder gone) is counted in `lost`, said once a minute on
    standard error, and forgotten; how many these were is the next line that can be written.
    """

    def __init__(self, path: Path, max_bytes: int = FILE_BYTES, old_files: int = OLD_FILES) -> None:
        self.lost = 0
        self._lost_told = 0
        self._complained_at = -_COMPLAINT_GAP_S
        self._identity: tuple[int, int] | None = None
        super().__init__(path, maxBytes=max_bytes, backupCount=old_files, encoding="utf-8", errors="replace")

    def _open(self) -> io.TextIOWrapper:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(self.baseFilename, flags, 0o600)
        # O_APPEND also takes hold of a file that was there before: its mode is put right too.
        os.fchmod(handle, 0o600)
        found = os.fstat(handle)
        self._identity = (found.st_dev, found.st_ino)
        if stat.S_ISREG(found.st_mode) and found.st_size and os.pread(handle, 1, found.st_size - 1) != b"\n":
            with contextlib.suppress(OSError):
                os.write(handle, b"\n")
        return os.fdopen(handle, "a", encoding="utf-8", errors="replace")

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record to the file that has the name now."""
        try:
            self._let_go_if_moved()
        except OSError:
            self.handleError(record)
            return
        lost = self.lost
        super().emit(record)
        if lost == self.lost != self._lost_told:
            self._tell_lost()

    def _tell_lost(self) -> None:
        """Writing works again: say in the file itself what it lacks."""
        count, self._lost_told = self.lost - self._lost_told, self.lost
        text = f"{count} records before the last line were lost: the file could not be written"
        super().emit(logging.LogRecord("whalebot.logs", logging.WARNING, "", 0, text, None, None))

    def _let_go_if_moved(self) -> None:
        """Close the file if it is no longer the one of that name; the next record opens a new one."""
        if self.stream is None:
            return
        try:
            found = os.stat(self.baseFilename)
            is_ours = (found.st_dev, found.st_ino) == self._identity
        except FileNotFoundError:
            is_ours = False
        if not is_ours:
            stream, self.stream = self.stream, None
            stream.close()

    def close(self) -> None:
        """Close the file; what a full disk did not take by now is lost."""
        try:
            super().close()
        except OSError:
            self.lost += 1

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a lost record; complain once a minute, without the record: it is not masked here."""
        self.lost += 1
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAINT_GAP_S:
            self._complained_at = now
            reason = sys.exc_info()[1]
            kind = f"{type(reason).__name__}: {getattr(reason, 'strerror', '') or ''}".rstrip(": ")
            _complain(f"whalebot: {self.baseFilename} cannot be written ({kind}); {self.lost} records lost\n")


def _complain(text: str) -> None:
    try:
        sys.stderr.write(text)
    except (OSError, ValueError):
        return  # standard error is gone too: nobody is left to tell
