"""What the system says of this process."""

from __future__ import annotations

import os
import threading
import time

from whalebot.adapters.metrics.snapshot import ProcessFigures


def process_figures(began_s: float) -> ProcessFigures:
    """Return CPU time, threads, memory and open files; what the system does not tell is None.

    began_s: when the process began, seconds since 1970.
    """
    return ProcessFigures(
        began_s, time.process_time(), threading.active_count(), _resident_bytes(), _open_files()
    )


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
