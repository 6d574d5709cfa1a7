"""Who works on a trial, and whether they still live."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

BEAT_S: Final = 5.0
GRACE_S: Final = 60.0
"""Without a sign of life for so long, a process of another machine counts as dead."""

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def own_name() -> str:
    """Return a name of this process that no other process has, ever: realm, pid, start."""
    return f"{_realm()}/{os.getpid()}/{_started(os.getpid())}"


def is_dead(owner: str, last_beat_s: float | None, now_s: float) -> bool:
    """Tell whether a process is gone: at once where it ran beside us, else when its heartbeat stopped."""
    realm, _, rest = owner.partition("/")
    pid, _, started = rest.partition("/")
    if realm == _realm() and started:
        return _started(int(pid)) != started
    return last_beat_s is None or now_s - last_beat_s > GRACE_S


class Heartbeat:
    """Calls `beat` every few seconds, from its making until it is stopped."""

    def __init__(self, beat: Callable[[], None]) -> None:
        self._beat = beat
        self._stopped = threading.Event()
        beat()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(BEAT_S):
            self._beat()


def now_s() -> float:
    """Return seconds since 1970, UTC."""
    return time.time()


def _realm() -> str:
    """Processes of one realm see one another: one machine since its start, one set of process numbers."""
    boot = _BOOT.read_text().strip()[:8] if _BOOT.exists() else "unknown"
    try:
        numbers = os.readlink("/proc/self/ns/pid")
    except OSError:
        numbers = ""
    return f"{socket.gethostname()}:{boot}:{numbers}".replace("/", "_")


def _started(pid: int) -> str:
    """Return when a process started, in ticks since the machine did; "" where there is none or no /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    # Dead and not yet waited for by its parent.
    return "" if fields[0] in "ZX" else fields[19]
