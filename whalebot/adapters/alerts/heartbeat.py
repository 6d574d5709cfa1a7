"""An outgoing sign of life: an outside service notices when it stays away."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

from whalebot.adapters.alerts.calls import call_once
from whalebot.domain.addresses import is_loopback
from whalebot.domain.errors import ConfigError, TransportError

PERIOD_S: Final = 60.0
_TIMEOUT_S: Final = 10.0
_log = logging.getLogger("whalebot.heartbeat")


class Heartbeat:
    """Calls an address every period in which the main loop made progress; stays silent otherwise."""

    def __init__(
        self, url: str, period_s: float = PERIOD_S, call: Callable[[str], None] | None = None
    ) -> None:
        self._url = url
        self._period_s = period_s
        self._call = call or _get
        self._progress = threading.Event()
        self._halt = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._work, name="heartbeat", daemon=True)
        self._thread.start()

    def beat(self) -> None:
        """Say that the main loop made progress. Thread-safe, costs next to nothing."""
        self._progress.set()

    @property
    def is_alive(self) -> bool:
        """False once the thread has ended."""
        return self._thread.is_alive()

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread."""
        self._halt.set()
        self._progress.set()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            self._progress.wait()
            if self._halt.is_set():
                return
            self._progress.clear()
            self._send()
            if self._halt.wait(self._period_s):
                return

    def _send(self) -> None:
        try:
            self._call(self._url)
            self._failing = False
        except Exception as e:  # noqa: BLE001  root of the heartbeat's thread: an outage must not end it
            if not self._failing:
                _log.warning("heartbeat not delivered: %s", e, extra={"kind": "heartbeat_failed"})
            self._failing = True


def address_fault(url: str) -> str:
    """Return why an address may not be called, "" for one that may. Its text does not repeat the address."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "not an address; write https://HOST/PATH"
    if parts.scheme not in ("http", "https") or not host:
        return "not an address; write https://HOST/PATH"
    if parts.scheme == "http" and not is_loopback(host):
        return "plain text is allowed only to this machine; use https://"
    return ""


def _get(url: str) -> None:
    """Call an address; what it answers is not read, where it points to is not followed."""
    if fault := address_fault(url):
        raise ConfigError(f"alerts.heartbeat_url: {fault}")
    status, _ = call_once("GET", url, _TIMEOUT_S)
    if not 200 <= status < 300:
        raise TransportError(f"HTTP {status}")
