"""The machine under the web server: what the process uses, and whether the disk has room."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.web.desk import CheckResult

_LEAST_FREE: Final = 100 * 1024 * 1024
_LOOK_S: Final = 2.0


class Machine:
    """Looks every two seconds at most; one thread only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked_s = 0.0
        self._cpu_s = time.process_time()
        self._at_s = time.monotonic()
        self._seen: dict[str, Any] = {}

    def read(self) -> dict[str, Any]:
        """Return CPU in percent of one core since the last look, memory, threads, files, room on the disk."""
        now_s = time.monotonic()
        if not self._seen or now_s - self._looked_s >= _LOOK_S:
            cpu_s, passed_s = time.process_time(), now_s - self._at_s
            cpu = round((cpu_s - self._cpu_s) / passed_s * 100, 1) if passed_s > 0.05 else None
            self._cpu_s, self._at_s, self._looked_s = cpu_s, now_s, now_s
            self._seen = {
                "cpu_pct": cpu,
                "rss_bytes": _resident_bytes(),
                "threads": threading.active_count(),
                "fds": _open_files(),
                "disk_free_bytes": _free_bytes(self._folder),
            }
        return self._seen

    def checks(self) -> Sequence[CheckResult]:
        """Return whether the disk has room."""
        began_s = time.perf_counter()
        free = _free_bytes(self._folder)
        took_ms = round((time.perf_counter() - began_s) * 1000, 3)
        if free is None:
            return (CheckResult("disk", False, True, f"{self._folder} cannot be looked at", took_ms),)
        text = f"{free // (1024 * 1024)} MB free"
        return (CheckResult("disk", free >= _LEAST_FREE, True, text, took_ms),)


def _resident_bytes() -> int | None:
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _open_files() -> int | None:
    try:
        return len(os.listdir("/proc/self/fd"))
    except OSError:
        return None


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
