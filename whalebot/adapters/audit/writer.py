"""Lengthens the files of a trail: one chain over all of them, nothing that stands there written again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whalebot.adapters.audit.files import AuditFiles, Head, numbered_path, write_head
from whalebot.adapters.audit.record import FIRST_PREV, Context, encode_line
from whalebot.adapters.audit.tail import Tail, find_tail, set_aside

FILE_BYTES: Final = 4 * 1024 * 1024
OURS: Final = "audit"
"""The actor of records that the trail makes about itself."""
_FLAGS: Final = os.O_RDWR | os.O_CREAT


@dataclass(frozen=True, slots=True)
class Entry:
    """One record to be: everything but its place in the chain. `ts` is ISO-8601 UTC."""

    ts: str
    context: Context
    kind: str
    actor: str
    fields: Mapping[str, str]


class AuditWriter:
    """One thread, and one process at a time. Every method raises OSError and may be called again then.

    A batch that failed half-way is cut off before the next attempt, so that no record stands there twice.
    """

    def __init__(self, trail: Path, files: AuditFiles, max_bytes: int = FILE_BYTES) -> None:
        """trail: the file that is written; one of `max_bytes` is full and lies beside it under a number."""
        self._trail = trail
        self._files = files
        self._max_bytes = max_bytes
        self._fd: int | None = None
        self._head = Head(0, FIRST_PREV)
        self._size = 0
        self._number = 1
        self._is_torn = False
        self._own: list[tuple[str, dict[str, str]]] = []
        self._noted: Head | None = None

    @property
    def seq(self) -> int:
        """The number of the last record written."""
        return self._head.seq

    def write(self, entries: Sequence[Entry]) -> None:
        """Append records: they survive a kill from here on, a power cut after `sync`."""
        if not entries:
            return
        fd = self._fd
        if fd is None:
            fd = self._open(find_tail(self._files, self._trail))
        elif self._size >= self._max_bytes:
            fd = self._open(self._put_away(fd))
        first = entries[0]
        own = [Entry(first.ts, first.context, kind, OURS, fields) for kind, fields in self._own]
        self._append(fd, [*own, *entries])
        self._own.clear()

    def sync(self) -> None:
        """Make what was written durable, then note the head beside it: it is never ahead of the disk."""
        if self._fd is None or self._noted == self._head:
            return
        self._files.sync(self._fd)
        write_head(self._files, self._trail, self._head)
        self._noted = self._head

    def close(self) -> None:
        """Let the file go; nothing is written by it."""
        if self._fd is not None:
            self._files.close(self._fd)
            self._fd = None

    def _append(self, fd: int, entries: Sequence[Entry]) -> None:
        if self._is_torn:
            self._files.truncate(fd, self._size)
            self._is_torn = False
        seq, prev, lines = self._head.seq, self._head.hash, []
        for entry in entries:
            seq += 1
            line, prev = encode_line(
                seq, entry.ts, entry.context, entry.kind, entry.actor, entry.fields, prev
            )
            lines.append(line)
        data = b"".join(lines)
        self._is_torn = True
        self._files.write_all(fd, data, self._size)
        self._is_torn = False
        self._size += len(data)
        self._head = Head(seq, prev)

    def _open(self, tail: Tail) -> int:
        """Open the trail and mend its end."""
        if tail.is_new:
            # From the first record on there is a head, so that its absence means something.
            write_head(self._files, self._trail, tail.head)
        fd = self._files.open(self._trail, _FLAGS)
        try:
            own = self._mend(fd, tail)
        except OSError:
            self._files.close(fd)
            raise
        self._head, self._size, self._number, self._own = tail.head, tail.size, tail.next_number, own
        self._is_torn, self._noted, self._fd = False, None, fd
        return fd

    def _mend(self, fd: int, tail: Tail) -> list[tuple[str, dict[str, str]]]:
        """Cut what is torn, kept aside; return what the trail is to say of itself."""
        own: list[tuple[str, dict[str, str]]] = []
        if tail.torn:
            aside = set_aside(self._files, self._trail, tail.torn)
            own.append(("repaired", {"bytes_cut": str(len(tail.torn)), "kept_as": aside.name}))
            self._files.truncate(fd, tail.size)
        if tail.problem:
            own.append(("broken", {"problem": tail.problem}))
        if tail.size == 0 and tail.next_number > 1:
            own.append(("continued", {"after": numbered_path(self._trail, tail.next_number - 1).name}))
        # What a killed run wrote last was perhaps never synced.
        self._files.sync(fd)
        self._files.sync_folder(self._trail.parent)
        return own

    def _put_away(self, fd: int) -> Tail:
        """Give the full file its number; return where the next record goes."""
        if self._is_torn:
            self._files.truncate(fd, self._size)
            self._is_torn = False
        self.sync()
        self._files.replace(self._trail, numbered_path(self._trail, self._number))
        self._fd = None
        self._files.close(fd)
        self._files.sync_folder(self._trail.parent)
        # The full file is not read again: its megabytes would stay in the daemon's memory.
        return Tail(self._head, 0, b"", self._number + 1, "", is_new=False)
