"""The JSON array on disk: where its last trade ends, and the one write that lengthens it in place."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.salvage import TAIL, Scan, scan_history
from whalebot.adapters.storage.write_ahead import Lengthening

EMPTY: Final = b"[]\n"
# White space another tool left at the end; beyond this the file is written anew rather than overwritten.
_LONGEST_TAIL: Final = 64


class ArrayFile:
    """A file that holds one JSON array of trades. Not thread-safe: its owner, the history, holds a lock.

    Every method raises OSError as the system does. `read` comes first; the others rely on what it found.
    """

    def __init__(self, path: Path, files: FileSystem) -> None:
        self.path = path
        self._files = files
        self._end = 0
        self._tail = b""
        self._is_empty = True
        self.was_blank = False

    def read(self) -> bytes:
        """Return the content; an absent or blank file becomes an empty array first.

        `was_blank` tells whether there was a file that held nothing: we never leave one.
        """
        try:
            data = self._files.read_file(self.path)
        except FileNotFoundError:
            self._files.make_folder(self.path.parent)
            data = None
        self.was_blank = data is not None and not data.strip()
        if data is not None and not self.was_blank:
            return data
        self._files.write_replacing(self.path, EMPTY)
        return EMPTY

    def take(self, scan: Scan, data: bytes) -> Scan:
        """Rely on a whole array from now on; a long tail of white space is cut off first."""
        if len(scan.tail) > _LONGEST_TAIL:
            return self.replace(data[: scan.end] + TAIL)
        self._end, self._tail, self._is_empty = scan.end, scan.tail, not scan.raw
        return scan

    def replace(self, data: bytes) -> Scan:
        """Put a whole new array in the place of the file, and rely on it."""
        self._files.write_replacing(self.path, data)
        return self.take(scan_history(data), data)

    def keep_aside(self) -> Path:
        """Give the file a second name nobody has yet; to be replaced afterwards, not written into."""
        return self._files.keep_aside(self.path)

    def is_as_left(self) -> bool:
        """True when the file still ends where our last write ended; another program may have edited it."""
        try:
            fd = self._files.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            before = b"[" if self._is_empty else b"}"
            seen = self._files.pread(fd, len(self._tail) + 2, self._end - 1)
            return seen == before + self._tail
        finally:
            self._files.close(fd)

    def next_step(self, raw: bytes) -> Lengthening:
        """Return the write that would put one trade's JSON behind the last."""
        return Lengthening(self._end, self._is_empty, raw)

    def lengthen(self, step: Lengthening) -> None:
        """Write and sync; a write that failed half way (a full disk) is taken back, so that readers keep a
        whole array."""
        fd = self._files.open(self.path, os.O_RDWR)
        try:
            self._write(fd, step, self._tail)
            self._files.sync(fd)
        finally:
            self._files.close(fd)
        self._end = step.offset + len(step.payload) - len(TAIL)
        self._tail, self._is_empty = TAIL, False

    def redo(self, step: Lengthening, data: bytes) -> bytes:
        """Write the same bytes to the same place again: right whether none, some or all of them arrived.

        data: the content found. Returns the content afterwards. A write that failed half way is taken back to
        the whole array found, or to the one before this write.
        """
        whole = data[: step.offset] + step.payload
        tail = TAIL if scan_history(data).damage else data[step.offset :]
        fd = self._files.open(self.path, os.O_RDWR)
        try:
            self._write(fd, step, tail)
            self._files.sync(fd)
        finally:
            self._files.close(fd)
        return whole

    def _write(self, fd: int, step: Lengthening, tail: bytes) -> None:
        """Write, and put `tail`, which ends a whole array there, in the place of a write that failed."""
        try:
            self._files.write_all(fd, step.payload, step.offset)
        except OSError:
            with contextlib.suppress(OSError):
                self._files.write_all(fd, tail, step.offset)
                self._files.truncate(fd, step.offset + len(tail))
            raise

    def prove_writable(self) -> None:
        """Raise OSError now rather than at the first trade."""
        self._files.close(self._files.open(self.path, os.O_RDWR))
