"""A configuration file gives way to a new one: the newest of the old ones stay beside it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from whalebot.adapters.storage.filesystem import FileSystem

KEPT: Final = 20
"""So many old files stay; the oldest goes first."""


def replace_config(path: Path, old_text: str | None, new_text: str) -> Path | None:
    """Put a new text in place of the file; return where the old one is kept, None where there was none.

    The file keeps its mode, and a link stays one. Raises OSError.
    """
    files = FileSystem()
    mode = 0o600 if old_text is None else path.stat().st_mode & 0o777
    kept = None if old_text is None else _keep(files, path, old_text)
    target = path.resolve()
    files.write_replacing(target, new_text.encode())
    os.chmod(target, mode)
    return kept


def _keep(files: FileSystem, path: Path, text: str) -> Path:
    """Write the old text under the number after the highest: a higher one is always a later file."""
    kept = _kept(files, path)
    number = max(kept, default=0) + 1
    place = path.with_name(f"{path.name}.old-{number}")
    try:
        files.write_file(place, text.encode(), new=True)
    except FileExistsError:
        raise
    except OSError:
        with contextlib.suppress(OSError):
            files.unlink(place)
        raise
    for old in sorted(kept)[: -(KEPT - 1)]:
        with contextlib.suppress(OSError):
            files.unlink(kept[old])
    return place


def _kept(files: FileSystem, path: Path) -> dict[int, Path]:
    """Return the old files by number."""
    begin = f"{path.name}.old-"
    found = {}
    for name in files.names_in(path.parent):
        number = name.removeprefix(begin)
        if name.startswith(begin) and number.isascii() and number.isdecimal():
            found[int(number)] = path.with_name(name)
    return found
