"""Rotating log files that only their owner can read and that never disturb whoever logs."""

from __future__ import annotations

import io
import logging
import os
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

    A record that cannot be written (disk full, folder gone) is counted in `lost`, said once a minute on
    standard error, and forgotten.
    """

    def __init__(self, path: Path, max_bytes: int = FILE_BYTES, old_files: int = OLD_FILES) -> None:
        self.lost = 0
        self._complained_at = -_COMPLAINT_GAP_S
        super().__init__(path, maxBytes=max_bytes, backupCount=old_files, encoding="utf-8", errors="replace")

    def _open(self) -> io.TextIOWrapper:
        handle = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        # O_APPEND also takes hold of a file that was there before: its mode is put right too.
        os.fchmod(handle, 0o600)
        return os.fdopen(handle, "a", encoding="utf-8", errors="replace")

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
