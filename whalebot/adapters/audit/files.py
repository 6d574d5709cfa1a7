"""Names of the trail's files, and what it asks of a file system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

_NUMBERED: Final = re.compile(r"(.+)\.(\d{6,})(\.[^.]+)\Z")


class AuditFiles(Protocol):
    """File operations; each raises OSError as the system call does. A new file is its owner's alone."""

    def open(self, path: Path, flags: int) -> int:
        """Open a file and return its descriptor."""
        ...

    def close(self, fd: int) -> None:
        """Close a descriptor."""
        ...

    def write_all(self, fd: int, data: bytes, offset: int) -> None:
        """Write all of `data` at `offset`."""
        ...

    def truncate(self, fd: int, size: int) -> None:
        """Cut an open file to `size` bytes."""
        ...

    def sync(self, fd: int) -> None:
        """Return once the content is on the disk."""
        ...

    def sync_folder(self, folder: Path) -> None:
        """Return once the names in a folder are on the disk."""
        ...

    def read_file(self, path: Path) -> bytes:
        """Return a file's content; FileNotFoundError where there is none."""
        ...

    def write_file(self, path: Path, data: bytes, *, new: bool = False) -> None:
        """Make `data` the whole content and sync it; `new` refuses a name that is taken."""
        ...

    def write_replacing(self, path: Path, data: bytes) -> None:
        """Put `data` in the place of `path` so that always the old or the new file is whole."""
        ...

    def replace(self, source: Path, target: Path) -> None:
        """Rename."""
        ...

    def names_in(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        ...


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last record that is known to be on the disk, kept apart from the trail."""

    seq: int
    hash: str


def head_path(trail: Path) -> Path:
    """Return the file beside the trail that names its last record."""
    return trail.with_suffix(".head")


def read_head(files: AuditFiles, trail: Path) -> Head | None:
    """Return the noted head, None where there is none. Raises ValueError for a damaged one, OSError."""
    try:
        return msgspec.json.decode(files.read_file(head_path(trail)), type=Head)
    except FileNotFoundError:
        return None


def write_head(files: AuditFiles, trail: Path, head: Head) -> None:
    """Note the head. Raises OSError."""
    files.write_replacing(head_path(trail), msgspec.json.encode(head) + b"\n")


@dataclass(frozen=True, slots=True)
class Numbered:
    """A full file that was put away under its number."""

    number: int
    path: Path


def numbered_files(names: list[str], trail: Path) -> list[Numbered]:
    """Return the full files of a trail among the names of its folder, oldest first."""
    found = []
    for name in names:
        match = _NUMBERED.fullmatch(name)
        if match and match[1] == trail.stem and match[3] == trail.suffix:
            found.append(Numbered(int(match[2]), trail.with_name(name)))
    return sorted(found, key=lambda file: file.number)


def numbered_path(trail: Path, number: int) -> Path:
    """Return the name of a full file: `audit.000001.jsonl`."""
    return trail.with_name(f"{trail.stem}.{number:06d}{trail.suffix}")
