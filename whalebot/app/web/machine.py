"""The machine under the web server: what the process uses, and whether the disk has room."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.web.desk import CheckResult
from whalebot.app.process import process_figures

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
            process, passed_s = process_figures(0.0), now_s - self._at_s
            cpu = round((process.cpu_s - self._cpu_s) / passed_s * 100, 1) if passed_s > 0.05 else None
            self._cpu_s, self._at_s, self._looked_s = process.cpu_s, now_s, now_s
            self._seen = {
                "cpu_pct": cpu,
                "rss_bytes": process.resident_bytes,
                "threads": process.threads,
                "fds": process.open_files,
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


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
