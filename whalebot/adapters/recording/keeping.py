"""How much of the past is kept: old recordings go when a file of the present one begins."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from whalebot.adapters.recording.writer import PART
from whalebot.domain.intervals import DAY_MS

_log = logging.getLogger("whalebot.recording")
_FOLDER: Final = re.compile(r"\d{8}T\d{6}\.\d{6}Z-[a-z-]+")
"""Nothing that is not named as a recording of ours is ever touched."""
_MB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """`keep_days` counts from the last write of a recording; None keeps all that `most_bytes` allows."""

    most_bytes: int
    keep_days: int | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    folder: Path
    files: tuple[Path, ...]
    size: int
    ended_ms: int


class Shelf:
    """The folder of all recordings. One thread."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.limits = limits
        self._folder = folder

    def tidy(self, in_use: Path, now_ms: int) -> list[Path]:
        """Remove recordings that are too old, then the oldest until all fit; say each in the log.

        The one in use is never touched. now_ms: local time, ms UTC. Returns what was removed; what cannot be
        is told and stays.
        """
        try:
            kept = [_read(path) for path in sorted(self._folder.iterdir()) if _is_recording(path)]
        except OSError as error:
            _log.warning("%s: old recordings cannot be looked at: %s", self._folder, error.strerror)
            return []
        total = sum(one.size for one in kept)
        removed = []
        for one in kept:
            reason = self._reason(one, total, now_ms)
            if one.folder.name != in_use.name and reason and _remove(one, reason):
                total -= one.size
                removed.append(one.folder)
        return removed

    def _reason(self, one: _Kept, total: int, now_ms: int) -> str:
        days, most = self.limits.keep_days, self.limits.most_bytes
        if days is not None and now_ms - one.ended_ms > days * DAY_MS:
            return f"older than {days} days"
        return f"all together were larger than {most // _MB} MB" if total > most else ""


def _is_recording(path: Path) -> bool:
    return _FOLDER.fullmatch(path.name) is not None and path.is_dir() and not path.is_symlink()


def _read(folder: Path) -> _Kept:
    files = tuple(sorted(path for path in folder.iterdir() if PART.fullmatch(path.name)))
    found = [path.lstat() for path in files] or [folder.lstat()]
    size = sum(stat.st_size for stat in found) if files else 0
    return _Kept(folder, files, size, max(stat.st_mtime_ns for stat in found) // 1_000_000)


def _remove(one: _Kept, reason: str) -> bool:
    try:
        # The first part goes last: what a crash leaves behind begins where it began, and is found again.
        for path in reversed(one.files):
            path.unlink()
        one.folder.rmdir()
    except OSError as error:
        _log.warning("%s: old recording not removed (%s): %s", one.folder, reason, error.strerror)
        return False
    _log.info("%s: old recording removed, %.1f MB: %s", one.folder.name, one.size / _MB, reason)
    return True
