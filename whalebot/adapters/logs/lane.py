"""Records leave the caller at once: a bounded queue, and one thread that writes."""

from __future__ import annotations

import copy
import logging
import queue
import threading
from collections.abc import Sequence
from logging.handlers import QueueHandler
from typing import Final, TypeAlias

from whalebot.adapters.logs.formats import message_of

_Item: TypeAlias = tuple[logging.LogRecord, tuple[logging.Handler, ...]]
_CAPACITY: Final = 10_000
_traceback_of = logging.Formatter().formatException


class LogLane(QueueHandler):
    """Takes records from any thread and never blocks or raises; `dropped` counts those it could not take."""

    def __init__(self, targets: Sequence[logging.Handler], capacity: int = _CAPACITY) -> None:
        self._queue: queue.Queue[_Item | None] = queue.Queue(capacity)
        super().__init__(self._queue)
        self.dropped = 0
        self._targets = tuple(targets)
        self._thread = threading.Thread(target=self._work, name="logs", daemon=True)
        self._thread.start()

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Make text and traceback now: the arguments may change before the record is written."""
        frozen = copy.copy(record)
        frozen.msg, frozen.args = message_of(record), None
        if record.exc_info and record.exc_info[0] is not None:
            frozen.exc_text = record.exc_text or _traceback_of(record.exc_info)
        frozen.exc_info = None
        return frozen

    def enqueue(self, record: logging.LogRecord) -> None:
        """Queue a record for the targets whose level lets it pass now; queue.Full where there is no room."""
        takers = tuple(target for target in self._targets if record.levelno >= target.level)
        if takers:
            self._queue.put_nowait((record, takers))

    def handleError(self, record: logging.LogRecord) -> None:
        """Count a record that found the queue full or could not be put into words."""
        self.dropped += 1

    def stop(self, timeout_s: float = 2.0) -> None:
        """Write what is queued, end the thread and close the targets. May be called twice.

        A thread that hangs in a write keeps its targets; it ends with the process.
        """
        if self._thread.is_alive():
            try:
                self._queue.put(None, timeout=timeout_s)
            except queue.Full:
                return
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                return
        for target in self._targets:
            target.close()

    def _work(self) -> None:
        told = 0
        while (item := self._queue.get()) is not None:
            record, takers = item
            for target in takers:
                target.handle(record)
            if self.dropped != told:
                text = f"{self.dropped - told} records were lost: no room in the queue, or no words for them"
                told = self.dropped
                for target in self._targets:
                    target.handle(
                        logging.LogRecord("whalebot.logs", logging.WARNING, "", 0, text, None, None)
                    )
