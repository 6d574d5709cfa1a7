"""A disk that refuses: full (no file of the daemon may grow) or read-only, and well again."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path
from typing import Final

_READ_ONLY_FOLDER: Final = 0o500
_READ_ONLY_FILE: Final = 0o400
_FOLDER: Final = 0o700
_FILE: Final = 0o600


def fill(pid: int) -> None:
    """From now on every write of that process to a file fails (EFBIG stands for ENOSPC). Linux only."""
    with contextlib.suppress(ProcessLookupError):
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))


def empty(pid: int) -> None:
    """Writes work again."""
    with contextlib.suppress(ProcessLookupError):
        hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))


def forbid(folder: Path) -> None:
    """Make a daemon's folder, its state and its trade history read-only."""
    _set_modes(folder, _READ_ONLY_FOLDER, _READ_ONLY_FILE)


def allow(folder: Path) -> None:
    """Make them writable again."""
    _set_modes(folder, _FOLDER, _FILE)


def _set_modes(folder: Path, folders: int, files: int) -> None:
    history = folder / "trade_history.json"
    if history.exists():
        history.chmod(files)
    for place in (folder, folder / "state"):
        if place.exists():
            place.chmod(folders)
