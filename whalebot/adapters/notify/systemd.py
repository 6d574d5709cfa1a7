"""The service manager's notification protocol: datagrams to the socket it names in the environment.

Protocol: the manual page sd_notify(3). Without that socket everything here does nothing.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Final

_log = logging.getLogger(__name__)

_PATIENCE_S: Final = 1.0


class ServiceManager:
    """Speaks to systemd where it listens. Any thread; never raises.

    Only `ready`, `reloading` and `stopping`, which must arrive, wait for a busy manager, a second at most.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        """environment: that of the process where None. WATCHDOG_PID of another process turns feeding off."""
        env = os.environ if environment is None else environment
        self._address = _address(env.get("NOTIFY_SOCKET", ""))
        self._feed_every_s = _feed_every_s(env) if self._address is not None else None
        self._lock = threading.Lock()
        self._fed_at_s = float("-inf")
        self._status = ""
        self._failed = False
        self._is_ready = False
        self._is_ending = False

    @property
    def present(self) -> bool:
        """True where a service manager listens."""
        return self._address is not None

    def ready(self, status: str = "") -> None:
        """Say that start-up is over."""
        self._is_ready = True
        self._send(f"READY=1\nSTATUS={_one_line(status)}" if status else "READY=1", _PATIENCE_S)

    @contextlib.contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that a reload begins and, at the end of the context, that it is over.

        Before the first `ready` nothing is said: the word that ends a reload is the one that ends a start.
        """
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        is_told = self._is_ready and self._send(f"RELOADING=1\nMONOTONIC_USEC={now_us}", _PATIENCE_S)
        try:
            yield
        finally:
            if is_told:
                self._send("READY=1", _PATIENCE_S)

    def stopping(self, status: str = "") -> None:
        """Say that the end has begun; the second time nothing."""
        if self._is_ending:
            return
        self._is_ending = True
        self._send(f"STOPPING=1\nSTATUS={_one_line(status)}" if status else "STOPPING=1", _PATIENCE_S)

    def status(self, text: str) -> None:
        """Show a line in the service's status; the same line twice is sent once, if it arrived."""
        line = _one_line(text)
        with self._lock:
            if line != self._status and self._send(f"STATUS={line}"):
                self._status = line

    def progress(self) -> None:
        """Feed the watchdog, at most four times per its limit. To be called while work goes on."""
        if self._feed_every_s is None:
            return
        now_s = time.monotonic()
        with self._lock:
            if now_s - self._fed_at_s < self._feed_every_s:
                return
            if self._send("WATCHDOG=1"):
                self._fed_at_s = now_s

    def _send(self, message: str, patience_s: float = 0.0) -> bool:
        if self._address is None:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(patience_s)
                sock.sendto(message.encode(), self._address)
            self._failed = False
            return True
        except OSError as error:
            if not self._failed:
                _log.warning("the service manager cannot be told: %s", error)
            self._failed = True
            return False


def _address(name: str) -> str | None:
    if name.startswith("@"):
        return "\0" + name[1:]
    return name if name.startswith("/") else None


def _feed_every_s(env: Mapping[str, str]) -> float | None:
    try:
        limit_us = int(env.get("WATCHDOG_USEC", ""))
        owner = int(env.get("WATCHDOG_PID", "") or os.getpid())
    except ValueError:
        return None
    return limit_us / 4e6 if limit_us > 0 and owner == os.getpid() else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
