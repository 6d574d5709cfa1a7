"""What the operating system's signals mean to a running daemon."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from types import FrameType
from typing import Final

from whalebot.domain.events import Command, Order
from whalebot.ports import Clock, EventSink

_log = logging.getLogger(__name__)

FORCED_EXIT: Final = 128 + signal.SIGINT
_WATCHED: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class SignalWatch:
    """Turns SIGINT and SIGTERM into Command(STOP), SIGHUP into a reload; a second SIGINT ends at once.

    The interpreter writes the numbers of signals into a socket that a thread of its own reads: a signal is
    heard although the loop is busy, and no lock is taken inside a handler.
    """

    def __init__(
        self,
        sink: EventSink,
        clock: Clock,
        reload: Callable[[], object],
        halt: Callable[[str], None],
        stop_limit_s: float,
        end_at_once: Callable[[int], None] = os._exit,
    ) -> None:
        """reload: called on the watching thread. halt: called `stop_limit_s` after the first stop signal, in
        case the engine has not ended by then. end_at_once: takes the exit code and does not return.
        """
        self._sink = sink
        self._clock = clock
        self._reload = reload
        self._halt = halt
        self._stop_limit_s = stop_limit_s
        self._end_at_once = end_at_once
        self._reader, self._writer = socket.socketpair()
        self._stop_signals = 0
        self._limit: threading.Timer | None = None
        self._previous: dict[signal.Signals, object] = {}
        self._previous_fd = -1
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen. Main thread only; raises ValueError elsewhere."""
        self._writer.setblocking(False)
        self._previous_fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        for number in _WATCHED:
            self._previous[number] = signal.signal(number, _noted_elsewhere)
        self.thread = threading.Thread(target=self._listen, name="signals", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Give the signals back and end the thread. Main thread only."""
        if self.thread is None:
            return
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._previous_fd)
        self._writer.close()
        self.thread.join(1.0)
        self._reader.close()
        if self._limit is not None:
            self._limit.cancel()
            self._limit.join(1.0)
        self.thread = None

    def _listen(self) -> None:
        while numbers := self._reader.recv(64):
            for number in numbers:
                self._on_signal(number)

    def _on_signal(self, number: int) -> None:
        if number == signal.SIGHUP:
            self._on_reload()
        elif number in (signal.SIGINT, signal.SIGTERM):
            self._on_stop(signal.Signals(number))

    def _on_reload(self) -> None:
        try:
            self._reload()
        except Exception:  # noqa: BLE001 - the root of a thread: a bad reload must not deafen the daemon
            _log.exception("the configuration could not be read again; the old one stays")

    def _on_stop(self, number: signal.Signals) -> None:
        self._stop_signals += 1
        if self._stop_signals == 1:
            self._sink.put(Command(Order.STOP, number.name, self._clock.now_ms()))
            self._limit = threading.Timer(self._stop_limit_s, self._on_limit)
            self._limit.name = "stop-limit"
            self._limit.daemon = True
            self._limit.start()
        elif number is signal.SIGINT:
            _log.warning("second SIGINT: ending at once")
            self._end_at_once(FORCED_EXIT)

    def _on_limit(self) -> None:
        self._halt(f"the engine did not stop within {self._stop_limit_s:g} s")


def _noted_elsewhere(number: int, frame: FrameType | None) -> None:
    """Python calls this on the main thread; the watching thread has the signal already."""
