"""Writes a journal: frames appended to files of one folder, a new file every day and at a size."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from whalebot.adapters.recording.frames import END, HEADER, MAGIC, NO_DIGEST, RECORDS, pack_frame
from whalebot.adapters.recording.header import JournalHeader, encode_header
from whalebot.domain.intervals import DAY_MS

SUFFIX: Final = ".journal"
PART: Final = re.compile(r"\d{4,}" + re.escape(SUFFIX))
"""Names of the files of a recording."""
MOST_BYTES: Final = 64 << 20
_ARRAY: Final = b"\xdd"


class JournalWriter:
    """Appends records of one run. One thread; every method may raise OSError."""

    def __init__(self, folder: Path, header: JournalHeader, most_bytes: int = MOST_BYTES) -> None:
        """folder: made here (mode 0700), must not exist. Nothing but the header is written yet."""
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700)
        self.folder = folder
        self.bytes_written = 0
        self._header = header
        self._most_bytes = most_bytes
        self._day = header.started_ms // DAY_MS
        self._fd = -1
        self._size = 0
        self._digest = b""
        self._begin_part(header.part, header.first)

    def write(self, records: Sequence[bytes], first: int, now_ms: int) -> None:
        """Append one frame. first: number of its first record. now_ms: local time, which tells the day.

        What could not be written whole is cut off again, so that the file stays readable.
        """
        if self._size > self._most_bytes or now_ms // DAY_MS != self._day:
            self._day = now_ms // DAY_MS
            self.close()
            self._begin_part(self._header.part + 1, first)
        self._append(RECORDS, _ARRAY + len(records).to_bytes(4, "big") + b"".join(records))

    @property
    def part(self) -> int:
        """The number of the present file, from 1 on."""
        return self._header.part

    def close(self) -> None:
        """End the file with a frame that says so."""
        if self._fd < 0:
            return
        try:
            self._append(END, b"")
            os.fdatasync(self._fd)
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Close the file as it is."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _begin_part(self, part: int, first: int) -> None:
        self._header = msgspec.structs.replace(self._header, part=part, first=first, previous=self._digest)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        self._fd = os.open(self.folder / f"{part:04d}{SUFFIX}", flags, 0o600)
        self._size, self._digest = 0, NO_DIGEST
        self._put(MAGIC)
        self._append(HEADER, encode_header(self._header))

    def _append(self, kind: bytes, content: bytes) -> None:
        data, digest = pack_frame(kind, content, self._digest)
        self._put(data)
        self._digest = digest

    def _put(self, data: bytes) -> None:
        left = data
        try:
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise
        self._size += len(data)
        self.bytes_written += len(data)
