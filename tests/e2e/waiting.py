"""Waiting for something to become true, with a deadline and the reason why it did not."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
_POLL_S = 0.02
_never = threading.Event()


def until(condition: Callable[[], T], what: str, within_s: float, tell: Callable[[], str] = str) -> T:
    """Return the first true value of `condition`. `tell` gives what to show when the time is over."""
    deadline_s = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline_s, f"not within {within_s:g} s: {what}\n{tell()}"
        _never.wait(_POLL_S)


def time_of_end(child: subprocess.Popen[bytes], within_s: float, tell: Callable[[], str] = str) -> float:
    """Wait until a child ends; return how many seconds it took by its own doing.

    On a machine with more to do than processors a process waits for its turn: that time is left out, where
    the kernel counts it.
    """
    began_s, first_s = time.monotonic(), _queued_s(child.pid)
    last_s = first_s

    def has_ended() -> bool:
        nonlocal last_s
        # Before it is asked for its exit code: after that nothing is known of it any more.
        last_s = max(last_s, _queued_s(child.pid))
        return child.poll() is not None

    until(has_ended, "the process ends", within_s, tell)
    return time.monotonic() - began_s - (last_s - first_s)


def _queued_s(pid: int) -> float:
    """How long the main thread of a process was ready to run and another one had its processor."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
