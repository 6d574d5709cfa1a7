"""The write-ahead line: the trade on its way into the history, synced before the array is touched."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.salvage import TAIL, scan_history
from whalebot.adapters.storage.trade_json import decode_record


@dataclass(frozen=True, slots=True)
class Lengthening:
    """One write into the array: `raw` goes behind what ends at `offset`; `first` if that array is empty."""

    offset: int
    first: bool
    raw: bytes

    @property
    def payload(self) -> bytes:
        """The bytes to write at `offset`: separator, trade, closing bracket."""
        return (b"\n" if self.first else b",\n") + self.raw + TAIL

    def explains(self, data: bytes) -> bool:
        """True when `data` is the array before, during or after this very write, and nothing else.

        A write that was cut leaves, byte by byte, what it wrote, what was there before, or NUL where the file
        was lengthened and the content never reached the disk.
        """
        before, rest, payload = data[: self.offset], data[self.offset :], self.payload
        if len(before) < self.offset or len(rest) > len(payload):
            return False
        whole = scan_history(before + b"]")
        if whole.damage or whole.end != self.offset or self.first == bool(whole.raw):
            return False
        if not rest.strip(b" \t\r\n]"):
            return True
        return all(
            byte == payload[i] or byte == 0 or (i < len(TAIL) and byte in TAIL) for i, byte in enumerate(rest)
        )


_ROOM: Final = 4096
"""Bytes set aside at the beginning; a longer line makes the file longer once."""


class _Line(msgspec.Struct, frozen=True):
    digest: str
    offset: int
    first: bool
    trade: msgspec.Raw


class WriteAhead:
    """The file that holds at most one line. Not thread-safe: its owner, the history, holds a lock.

    The file keeps its length: a line is written over what stood there, and an empty first line means that
    nothing is on its way. So a sync has no allocation to wait for, and a full disk finds room for the line.
    """

    def __init__(self, path: Path, files: FileSystem) -> None:
        self.path = path
        self._files = files

    def prepare(self) -> None:
        """Create the file and its folder where they are missing, and see that it can be written."""
        self._files.close(self._open())

    def write(self, step: Lengthening) -> None:
        """Make the line durable where none is needed any more. Raises OSError."""
        fd = self._open()
        try:
            self._files.write_all(fd, _encode(step), 0)
            self._files.sync(fd)
        finally:
            self._files.close(fd)

    def rewrite(self, step: Lengthening) -> None:
        """Make the line durable in the place of one that is still needed. Raises OSError."""
        self._files.write_replacing(self.path, _encode(step).ljust(_ROOM, b"\n"))

    def read(self) -> Lengthening | None:
        """Return the line, None where there is none. Raises ValueError for a damaged one, or OSError."""
        try:
            data, _, _ = self._files.read_file(self.path).partition(b"\n")
        except FileNotFoundError:
            return None
        if not data:
            return None
        try:
            line = msgspec.json.decode(data, type=_Line)
        except RecursionError as error:
            raise ValueError(str(error)) from None
        step = Lengthening(line.offset, line.first, bytes(line.trade))
        if _digest(step) != line.digest:
            raise ValueError("its digest does not match")
        decode_record(step.raw)
        return step

    def keep_aside(self) -> Path:
        """Move the file out of the way, to a name nobody has yet, and return that name."""
        aside = self._files.keep_aside(self.path)
        self._files.unlink(self.path)
        return aside

    def clear(self) -> None:
        """Empty the first line. One that comes back after a power cut is recognised by its trade id."""
        fd = self._open()
        try:
            self._files.write_all(fd, b"\n", 0)
        finally:
            self._files.close(fd)

    def _open(self) -> int:
        try:
            return self._files.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            self._files.make_folder(self.path.parent)
            self._files.write_file(self.path, b"\n" * _ROOM)
            self._files.sync_folder(self.path.parent)
            return self._files.open(self.path, os.O_RDWR)


def _encode(step: Lengthening) -> bytes:
    line = _Line(_digest(step), step.offset, step.first, msgspec.Raw(step.raw))
    return msgspec.json.encode(line) + b"\n"


def _digest(step: Lengthening) -> str:
    return hashlib.sha256(b"%d %d " % (step.offset, step.first) + step.raw).hexdigest()
