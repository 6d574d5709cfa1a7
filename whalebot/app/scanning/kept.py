"""The history of signals as the writer of a scan keeps it: opened with the first of them."""

from __future__ import annotations

import errno
import secrets
import sqlite3
from pathlib import Path

from whalebot.decisions.scan.record import SignalRecord
from whalebot.scanner.history import FILE_NAME, SignalHistory


class KeptSignals:
    """Keeps records in the folder's history file; one thread. `mode` tells where they come from."""

    def __init__(self, folder: Path, mode: str) -> None:
        self._path = folder / FILE_NAME
        self._mode = mode
        self.run_id = secrets.token_hex(6)
        self._history: SignalHistory | None = None

    def keep(self, record: SignalRecord) -> None:
        """Keep one record. Raises OSError where it cannot be written."""
        try:
            if self._history is None:
                self._history = SignalHistory(self._path)
            self._history.add([record], self.run_id, self._mode)
        except sqlite3.Error as error:
            raise OSError(errno.EIO, str(error), str(self._path)) from None

    def close(self) -> None:
        """Close the file, if one was opened."""
        if self._history is not None:
            self._history.close()
            self._history = None
