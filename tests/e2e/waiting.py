"""Waiting for something to become true, with a deadline and the reason why it did not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
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
