"""A study's storage as one file to which every change is appended as a line of JSON."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from optuna.storages.journal import BaseJournalBackend

from whalebot.domain.errors import ConfigError

_HEAD: Final = b'{"op_code":'
_CHUNK: Final = 1 << 16


class JournalFile(BaseJournalBackend):
    """Appends and reads changes under a lock of the operating system, which a killed process lets go at once.

    A last line that was cut short by a kill counts as never written: readers leave it, and the next writer
    removes it. Nothing waits for the disk: a killed process loses nothing, a machine without power may lose
    its last changes. Raises ConfigError for a file that is no journal, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0, 0
        """Number of changes read, and the offset at which they end."""
        with self._locked(fcntl.LOCK_EX) as fd:
            self._whole_length(fd)

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the changes from that number on."""
        number, offset = self._read if self._read[0] <= log_number_from else (0, 0)
        for line in self._lines(offset):
            number, offset = number + 1, offset + len(line)
            self._read = number, offset
            if number > log_number_from:
                yield self._parsed(line, number)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append changes, all of them or none."""
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with self._locked(fcntl.LOCK_EX) as fd:
            end = self._whole_length(fd)
            os.ftruncate(fd, end)
            done = 0
            try:
                while done < len(lines):
                    done += os.pwrite(fd, lines[done:], end + done)
            except OSError:
                os.ftruncate(fd, end)
                raise

    @contextmanager
    def _locked(self, how: int) -> Iterator[int]:
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(fd, how)
                yield fd
            finally:
                os.close(fd)
        except OSError as error:
            raise ConfigError(f"--storage {self._path}: {error.strerror or error}") from None

    def _lines(self, offset: int) -> list[bytes]:
        """Return the whole lines from `offset` on."""
        with self._locked(fcntl.LOCK_SH) as fd:
            parts = []
            while part := os.pread(fd, 1 << 24, offset):
                parts.append(part)
                offset += len(part)
        whole, newline, _ = b"".join(parts).rpartition(b"\n")
        return [line + newline for line in whole.split(newline)] if newline else []

    def _whole_length(self, fd: int) -> int:
        """Return where the last whole line ends. Raises ConfigError where what follows was never a change."""
        size = end = os.fstat(fd).st_size
        while end > 0:
            start = max(0, end - _CHUNK)
            at = os.pread(fd, end - start, start).rfind(b"\n")
            end = start + at + 1 if at >= 0 else start
            if at >= 0:
                break
        torn = os.pread(fd, min(len(_HEAD), size - end), end)
        # After a loss of power a file system may have zeros where the last bytes never arrived.
        if not _HEAD.startswith(torn.rstrip(b"\0")):
            raise self._no_journal("its end")
        return end

    def _parsed(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            if not line.startswith(_HEAD):
                raise self._no_journal(f"line {number}")
            change: dict[str, Any] = json.loads(line)
        except ValueError:
            raise self._no_journal(f"line {number}") from None
        return change

    def _no_journal(self, where: str) -> ConfigError:
        return ConfigError(f"--storage {self._path}: {where} is no change of a study; name another file")
