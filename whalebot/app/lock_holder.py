"""Who holds the lock of a folder, asked of the system without touching the lock."""

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
