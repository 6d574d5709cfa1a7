"""Reads a trail, beside a running daemon too, and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from whalebot.adapters.audit.files import AuditFiles, numbered_files
from whalebot.adapters.audit.record import AuditRecord, decode_line


def trail_files(files: AuditFiles, trail: Path) -> list[Path]:
    """Return the files of a trail that are there, oldest first. Raises OSError."""
    try:
        names = files.names_in(trail.parent)
    except FileNotFoundError:
        return []
    found = [file.path for file in numbered_files(names, trail)]
    return [*found, trail] if trail.name in names else found


def records(files: AuditFiles, trail: Path) -> Iterator[AuditRecord]:
    """Yield every record that can be read, oldest first; damaged lines are passed over. Raises OSError."""
    for path in trail_files(files, trail):
        for line in _lines(files, path):
            try:
                yield decode_line(line)
            except ValueError:
                continue


def last_records(
    files: AuditFiles, trail: Path, limit: int, before_seq: int | None = None
) -> list[AuditRecord]:
    """Return the newest records below a number, newest first, without damaged ones. Raises OSError."""
    found: list[AuditRecord] = []
    for path in reversed(trail_files(files, trail)):
        for line in reversed(_lines(files, path)):
            if len(found) >= limit:
                return found
            try:
                record = decode_line(line)
            except ValueError:
                continue
            if before_seq is None or record.seq < before_seq:
                found.append(record)
    return found


def _lines(files: AuditFiles, path: Path) -> list[bytes]:
    try:
        # What no line end follows is on its way, or torn.
        return files.read_file(path).split(b"\n")[:-1]
    except FileNotFoundError:
        # It got its number a moment ago: what stood there comes under that name at the next call.
        return []
