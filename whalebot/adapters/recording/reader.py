"""Reads a journal back: its header, then every event in order, as far as the file is whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from whalebot.adapters.recording.codec import EventRecord
from whalebot.adapters.recording.frames import (
    END,
    HEADER,
    RECORDS,
    Frame,
    FrameDamaged,
    FrameTorn,
    read_frames,
)
from whalebot.adapters.recording.header import JournalHeader, decode_header
from whalebot.adapters.recording.writer import PART, SUFFIX
from whalebot.domain.errors import ConfigError

_records = msgspec.msgpack.Decoder(list[EventRecord])


class Journal:
    """One recording. `torn` and `damage` are known once `records` has ended.

    `torn`: the tail is cut off, as a kill leaves it; what comes before is sound. `damage`: bytes changed or a
    part is missing; nothing after that place is read. Both "" where there is nothing to say.
    """

    def __init__(self, path: Path) -> None:
        """path: the folder of a recording, or one of its files. Raises ConfigError for anything else."""
        self.folder = path if path.is_dir() else path.parent
        if not path.exists():
            raise ConfigError(f"{path}: there is no recording; give a folder below recordings/")
        self._parts = sorted(p for p in self.folder.iterdir() if PART.fullmatch(p.name))
        if not self._parts:
            raise ConfigError(
                f"{self.folder}: no recording; expected files named 0001{SUFFIX}, 0002{SUFFIX}..."
            )
        self.torn = ""
        self.damage = ""
        self.is_complete = False
        self.header = self._first_header()

    def records(self) -> Iterator[EventRecord]:
        """Yield the events in order. Raises OSError."""
        expected, ended_at = 0, b""
        for number, path in enumerate(self._parts, start=1):
            is_last = number == len(self._parts)
            try:
                for frame in read_frames(path):
                    if frame.kind == HEADER:
                        self._check_part(path, decode_header(frame.content), number, ended_at)
                    elif frame.kind == RECORDS:
                        for record in _records.decode(frame.content):
                            if record.number != expected:
                                raise FrameDamaged(f"event {record.number} follows event {expected - 1}")
                            expected += 1
                            yield record
                    ended_at, self.is_complete = frame.digest, frame.kind == END
            except FrameTorn as error:
                if is_last:
                    self.torn = f"{path.name}: {error}"
                else:
                    self.damage = f"{path.name}: {error}, and other parts follow"
                return
            except (FrameDamaged, ValueError) as error:
                self.damage = f"{path.name}: {error}"
                return

    def _first_header(self) -> JournalHeader:
        path = self._parts[0]
        try:
            first: Frame | None = next(read_frames(path), None)
            if first is None or first.kind != HEADER:
                raise FrameTorn("it holds no header")
            header = decode_header(first.content)
        except (FrameTorn, FrameDamaged, ValueError) as error:
            raise ConfigError(f"{path}: cannot be replayed: {error}") from None
        if header.part != 1:
            raise ConfigError(f"{path}: this is part {header.part} of a recording; part 1 is missing")
        return header

    def _check_part(self, path: Path, header: JournalHeader, number: int, ended_at: bytes) -> None:
        if header.part != number:
            raise FrameDamaged(f"part {number} is missing")
        if header.previous != ended_at:
            raise FrameDamaged("it does not follow the part before it")


def newest_recording(folder: Path) -> Path:
    """Return the recording begun last below a folder. Raises ConfigError where there is none."""
    found = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
    found = [p for p in found if any(PART.fullmatch(f.name) for f in p.iterdir())]
    if not found:
        raise ConfigError(f"{folder}: there is no recording; record one with whalebot run --record")
    return found[-1]
