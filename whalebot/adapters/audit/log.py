"""The trail's own thread: whoever records leaves a note and never waits for the disk."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from whalebot.adapters.audit.record import Context
from whalebot.adapters.audit.writer import OURS, AuditWriter, Entry
from whalebot.domain.intervals import iso_utc
from whalebot.ports import Clock

MOST_WAITING: Final = 10_000
SYNC_S: Final = 1.0
_RETRY_S: Final = 1.0
_BATCH: Final = 500
_log = logging.getLogger("whalebot.audit")

Described: TypeAlias = tuple[str, str, Mapping[str, str]]
"""Kind, actor and fields of a record."""


@dataclass(frozen=True, slots=True)
class AuditCounts:
    """The trail so far: its last number, notes that wait, notes lost, and why it cannot be written ("")."""

    seq: int
    waiting: int
    lost: int
    failing: str


@dataclass(frozen=True, slots=True)
class _Note:
    """`describe` puts the note into words on the trail's thread; None: it is nothing to record."""

    at_ms: int
    context: Context
    describe: Callable[[], Described | None]


class AuditLog:
    """`Auditor`. Any thread may record; one thread writes.

    A record is in the file within milliseconds, so that a kill loses next to nothing, and on the disk a
    second later. While the disk refuses, notes wait and are tried again every second. Where more than
    `most_waiting` wait, further ones are lost; how many is the next record that can be written.
    """

    def __init__(
        self,
        writer: AuditWriter,
        clock: Clock,
        context: Context,
        mask: Callable[[str], str],
        on_trouble: Callable[[str], None],
        most_waiting: int = MOST_WAITING,
    ) -> None:
        """mask: takes secrets out of a text. on_trouble: told on the trail's thread why it cannot be written,
        once, and "" when it can again.
        """
        self._writer = writer
        self._clock = clock
        self._context = context
        self._mask = mask
        self._on_trouble = on_trouble
        self._most_waiting = most_waiting
        self._queue: queue.SimpleQueue[_Note | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._lost = 0
        self._lost_told = 0
        self._lost_since_ms = 0
        self._failing = ""
        self._halt = threading.Event()
        self._sync_due_s: float | None = None
        self.thread = threading.Thread(target=self._work, name="audit", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self.thread.start()

    def record(self, kind: str, actor: str, fields: Mapping[str, str]) -> None:
        """Note that `actor` did something of `kind`. Any thread; returns at once and never raises."""
        described = (kind, actor, dict(fields))
        self.leave(lambda: described)

    def leave(self, describe: Callable[[], Described | None]) -> None:
        """Note something that `describe` will put into words, later and on another thread."""
        if self._queue.qsize() >= self._most_waiting:
            self._lose(1, self._clock.now_ms())
            return
        self._queue.put(_Note(self._clock.now_ms(), self._context, describe))

    def set_config(self, config: str) -> None:
        """Name the fingerprint of the configuration that holds from now on."""
        self._context = replace(self._context, config=config)

    @property
    def counts(self) -> AuditCounts:
        """How the trail is. Any thread."""
        return AuditCounts(self._writer.seq, self._queue.qsize(), self._lost, self._failing)

    def stop(self, timeout_s: float) -> bool:
        """Write what waits and end; False when that takes longer. A disk that refuses gets one more try."""
        self._halt.set()
        self._queue.put(None)
        if self.thread.ident is not None:
            self.thread.join(timeout_s)
        return not self.thread.is_alive()

    def _work(self) -> None:
        try:
            while self._turn():
                pass
        except Exception:  # noqa: BLE001 - the root of the thread: trading goes on without a trail
            _log.exception("the audit trail broke")
            self._tell("a bug, see the log")
        finally:
            self._writer.close()

    def _turn(self) -> bool:
        notes, goes_on = self._take()
        entries = [entry for note in notes if (entry := self._entry(note)) is not None]
        if not goes_on or self._queue.empty():
            entries += self._gap()
        if not self._until_written(entries):
            return False
        if not goes_on:
            self._until_synced()
            return False
        if self._sync_due_s is not None and time.monotonic() >= self._sync_due_s:
            self._until_synced()
        return True

    def _take(self) -> tuple[list[_Note], bool]:
        """Wait for notes, at most until a sync is due; False where the end was asked for and all is taken."""
        wait_s = None if self._sync_due_s is None else max(0.0, self._sync_due_s - time.monotonic())
        notes: list[_Note] = []
        try:
            note = self._queue.get(timeout=wait_s)
            while note is not None:
                notes.append(note)
                if len(notes) >= _BATCH:
                    return notes, True
                note = self._queue.get_nowait()
        except queue.Empty:
            return notes, True
        return notes, False

    def _entry(self, note: _Note) -> Entry | None:
        try:
            described = note.describe()
            if described is None:
                return None
            kind, actor, fields = described
            shown = {self._mask(name): self._mask(value) for name, value in fields.items()}
            return Entry(iso_utc(note.at_ms), note.context, self._mask(kind), self._mask(actor), shown)
        except Exception:  # noqa: BLE001 - the root of the thread: one note without words loses no other
            _log.exception("an audit record could not be put into words")
            self._lose(1, note.at_ms)
            return None

    def _gap(self) -> list[Entry]:
        with self._lock:
            lost, since_ms = self._lost - self._lost_told, self._lost_since_ms
            self._lost_told = self._lost
        if not lost:
            return []
        fields = {"lost": str(lost), "since": iso_utc(since_ms), "reason": "no room for them, or no words"}
        return [Entry(iso_utc(self._clock.now_ms()), self._context, "gap", OURS, fields)]

    def _until_written(self, entries: list[Entry]) -> bool:
        """Write, again and again while the disk refuses; False where the end came before."""
        while True:
            try:
                self._writer.write(entries)
            except OSError as error:
                if self._is_over(error, len(entries)):
                    return False
                continue
            if entries and self._sync_due_s is None:
                self._sync_due_s = time.monotonic() + SYNC_S
            return True

    def _until_synced(self) -> None:
        while True:
            try:
                self._writer.sync()
            except OSError as error:
                if self._is_over(error, 0):
                    return
                continue
            self._sync_due_s = None
            self._tell("")
            return

    def _is_over(self, error: OSError, held: int) -> bool:
        """Tell once of a failure and wait; True where the end was asked for before this try."""
        self._tell(f"{error.strerror or error}")
        if self._halt.is_set():
            self._lose(held + self._queue.qsize(), self._clock.now_ms())
            return True
        self._halt.wait(_RETRY_S)
        return False

    def _lose(self, count: int, at_ms: int) -> None:
        with self._lock:
            if self._lost == self._lost_told:
                self._lost_since_ms = at_ms
            self._lost += count

    def _tell(self, problem: str) -> None:
        if bool(problem) != bool(self._failing):
            self._failing = problem
            self._on_trouble(problem)
        self._failing = problem
