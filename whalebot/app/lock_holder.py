"""Who holds the lock of a folder, and whether it still is that of its holder; the lock is never touched."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_LOCKS: Final = Path("/proc/locks")


def lock_holder(lock: Path, locks: Path = _LOCKS) -> int | None:
    """Return the process that holds `lock`; None where nobody does, or the system does not tell.

    The lock itself is not tried: for that moment a daemon that starts would find it taken.
    """
    try:
        inode = os.stat(lock).st_ino
        owner = lock.read_text(encoding="ascii").strip()
        lines = locks.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return None
    for line in lines:
        # 12: FLOCK  ADVISORY  WRITE 4711 fe:00:1234567 0 EOF
        _, _, rest = line.partition(": ")
        kind, _, access, pid, place = (rest.split() + [""] * 5)[:5]
        if (kind, access, pid) == ("FLOCK", "WRITE", owner) and place.endswith(f":{inode}"):
            return int(pid)
    return None


class LockWatch:
    """Tells the holder of a lock that its file was removed or replaced: the next daemon would not find it."""

    def __init__(self, lock: Path) -> None:
        """Remember the file. Raises OSError where there is none; it must be held already."""
        self._lock = lock
        self._file = _identity(lock)

    def lost(self) -> str:
        """Return what happened to the file, "" while it is the one that is held. Any thread."""
        try:
            if _identity(self._lock) == self._file:
                return ""
        except FileNotFoundError:
            pass
        except OSError:
            # A disk that does not answer says nothing of the file.
            return ""
        return f"{self._lock} was removed or replaced, so that a second daemon could start on these files"


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
