"""Waiting for something to become true, with a deadline and the reason why it did not."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from whalebot.research.chaos.forking import ForkedProcess

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


def time_of_end(
    child: subprocess.Popen[bytes] | ForkedProcess, within_s: float, tell: Callable[[], str] = str
) -> float:
    """Wait until a child ends; return how many seconds it took by its own doing.

    On a machine with more to do than processors a process waits for its turn, and so do those it waits for:
    that time is left out, where the kernel counts it.
    """
    began_s, first = time.monotonic(), _queued(child.pid)
    last = dict(first)

    def has_ended() -> bool:
        # Before it is asked for its exit code: after that nothing is known of it any more.
        last.update(_queued(child.pid))
        return child.poll() is not None

    until(has_ended, "the process ends", within_s, tell)
    queued_s = sum(last_s - first.get(thread, 0.0) for thread, last_s in last.items())
    return time.monotonic() - began_s - queued_s


def _queued(pid: int) -> dict[str, float]:
    """How many seconds each thread of a process and of its children was ready to run while others ran."""
    found: dict[str, float] = {}
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, IndexError):
                found[thread.name] = int((thread / "schedstat").read_text().split()[1]) / 1e9
                for child in (thread / "children").read_text().split():
                    found.update(_queued(int(child)))
    return found
