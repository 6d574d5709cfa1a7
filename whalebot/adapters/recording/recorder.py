"""The recorder's own thread: the loop only leaves events here and never waits for the disk."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from whalebot.adapters.recording.codec import START, encode_record
from whalebot.adapters.recording.keeping import Shelf
from whalebot.adapters.recording.writer import JournalWriter
from whalebot.domain.effects import Effect
from whalebot.domain.events import Event
from whalebot.ports import Clock

_log = logging.getLogger("whalebot.recording")
MOST_WAITING: Final = 50_000
_LOOK_S: Final = 0.1
_FRAME_S: Final = 1.0
_FRAME_BYTES: Final = 1 << 16

_Noted: TypeAlias = tuple[str, object, Sequence[Effect] | None]


class FlightRecorder:
    """Takes every event with its effects and writes them in frames of at most a second.

    Where the disk refuses, or cannot keep up with `most_waiting` events, or this recording alone has become
    as large as all together may be, recording ends with a word to `on_stopped`; whoever records goes on.
    `begun` and `note` belong to one thread and return at once.
    """

    def __init__(
        self,
        journal: JournalWriter,
        clock: Clock,
        on_stopped: Callable[[str], None],
        most_waiting: int = MOST_WAITING,
        shelf: Shelf | None = None,
    ) -> None:
        """on_stopped: told once, on the recorder's thread, why recording ended before it should.

        shelf: told of every new file, to make room; None keeps everything.
        """
        self._journal = journal
        self._clock = clock
        self._on_stopped = on_stopped
        self._most_waiting = most_waiting
        self._waiting: deque[_Noted] = deque()
        self._is_recording = True
        self._shelf = shelf
        self._part = 0
        self._ends_for = ""
        self._number = 0
        self._frame: list[bytes] = []
        self._frame_bytes = 0
        self._frame_from = 0
        self._frame_s = 0.0
        self._halt = threading.Event()
        self.thread = threading.Thread(target=self._work, name="recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self.thread.start()

    def begun(self, real_ms: int, effects: Sequence[Effect]) -> None:
        """Note the engine's start."""
        self._leave((START, {"real_ms": real_ms}, effects))

    def note(self, event: Event, effects: Sequence[Effect] | None) -> None:
        """Note an event and what came of it; None: the engine broke."""
        self._leave((type(event).__name__, event, effects))

    def stop(self, timeout_s: float) -> bool:
        """Write what waits and end the file; False when that takes longer."""
        self._halt.set()
        if self.thread.ident is not None:
            self.thread.join(timeout_s)
        return not self.thread.is_alive()

    @property
    def is_recording(self) -> bool:
        """False once recording ended."""
        return self._is_recording

    def _leave(self, noted: _Noted) -> None:
        if not self._is_recording:
            return
        if len(self._waiting) >= self._most_waiting:
            self._ends_for = f"{self._most_waiting} events wait for the disk"
            self._is_recording = False
            return
        self._waiting.append(noted)

    def _work(self) -> None:
        try:
            while not self._halt.wait(_LOOK_S) and not self._ends_for:
                self._take()
                if self._frame and time.monotonic() - self._frame_s >= _FRAME_S:
                    self._flush()
            self._take()
            self._flush()
            self._journal.close()
            if self._ends_for:
                self._end(self._ends_for)
        except OSError as error:
            self._end(f"{error.strerror or error}")
        except Exception as error:  # noqa: BLE001 - the root of the thread: trading goes on without a journal
            _log.exception("the recorder broke")
            self._end(f"{type(error).__name__}: {error}")

    def _end(self, reason: str) -> None:
        self._is_recording = False
        self._waiting.clear()
        self._journal.abandon()
        self._on_stopped(reason)

    def _take(self) -> None:
        waiting = self._waiting
        while waiting:
            name, fields, effects = waiting.popleft()
            if not self._frame:
                self._frame_from, self._frame_s = self._number, time.monotonic()
            record = encode_record(self._number, name, fields, effects)
            self._number += 1
            self._frame.append(record)
            self._frame_bytes += len(record)
            if self._frame_bytes >= _FRAME_BYTES:
                self._flush()

    def _flush(self) -> None:
        if self._frame:
            self._journal.write(self._frame, self._frame_from, self._clock.now_ms())
            self._frame, self._frame_bytes = [], 0
            if self._shelf is not None:
                self._make_room(self._shelf)

    def _make_room(self, shelf: Shelf) -> None:
        journal, most = self._journal, shelf.limits.most_bytes
        if journal.part != self._part:
            self._part = journal.part
            shelf.tidy(journal.folder, self._clock.now_ms())
        if journal.bytes_written > most and not self._ends_for:
            self._ends_for = f"it alone has reached {most >> 20} MB (recordings.max_mb)"
            self._is_recording = False
