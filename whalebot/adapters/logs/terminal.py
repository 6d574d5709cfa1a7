"""Lines to a terminal that may go away, or stand still because nobody reads it."""

from __future__ import annotations

import io
import logging
import os
from typing import TextIO


class TerminalHandler(logging.Handler):
    """Writes lines past the stream's buffer, and holds no lock while it does.

    A write to a terminal that stands still never returns. Whoever ends the process must not meet a lock that
    such a write holds: neither the handler's own nor the one of the stream's buffer.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._handle = _handle_of(stream)

    def handle(self, record: logging.LogRecord) -> bool:
        """Write a record that the filters let pass. One thread only."""
        passes = bool(self.filter(record))
        if passes:
            self.emit(record)
        return passes

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line; a terminal that is gone takes none."""
        try:
            self._write(self.format(record) + "\n")
        except (OSError, ValueError):
            return

    def _write(self, text: str) -> None:
        if self._handle is None:
            self._stream.write(text)
            self._stream.flush()
            return
        data = text.encode(self._stream.encoding or "utf-8", "replace")
        while data:
            data = data[os.write(self._handle, data) :]


def _handle_of(stream: TextIO) -> int | None:
    try:
        stream.flush()
        return stream.fileno()
    except (OSError, ValueError, AttributeError, io.UnsupportedOperation):
        return None
