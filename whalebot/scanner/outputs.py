"""What is kept of announced signals: JSON, CSV, alert lines, the state; one thread writes it all."""

from __future__ import annotations

import csv
import io
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.decisions.scan.record import CSV_FIELDS, SignalRecord
from whalebot.scanner.table_file import FILE_NAME

_COMPLAINT_GAP_S: Final = 60.0
_CAPACITY: Final = 10_000
_log = logging.getLogger("whalebot.scanner.outputs")


@dataclass(frozen=True, slots=True)
class OutputPlaces:
    """Folders and files; None where that output is off. `state` is the scan's own file."""

    json_folder: Path | None
    csv_folder: Path | None
    alert_file: Path
    state: Path

    @property
    def table(self) -> Path:
        """The ranked table that other programs show; beside the state."""
        return self.state.with_name(FILE_NAME)


class History(Protocol):
    """Keeps records for good; used by the writer's thread alone."""

    def keep(self, record: SignalRecord) -> None:
        """Keep one record. Raises OSError where it cannot be written."""
        ...

    def close(self) -> None:
        """Close the file, if one was opened."""
        ...


class OutputWriter:
    """Writes on a thread of its own. `lost` counts what could not be written; the scan goes on.

    `mask` takes secrets out of every text; `history` keeps a record for good, on this thread too.
    """

    def __init__(
        self,
        places: OutputPlaces,
        mask: Callable[[str], str] = str,
        history: History | None = None,
        files: FileSystem | None = None,
    ) -> None:
        self.lost = 0
        self._places = places
        self._mask = mask
        self._history = history
        self._files = files or FileSystem()
        self._queue: queue.Queue[Callable[[], None] | None] = queue.Queue(_CAPACITY)
        self._state: Mapping[str, Any] | None = None
        self._table: Callable[[], bytes] | None = None
        self._state_lock = threading.Lock()
        self._complained_s = -_COMPLAINT_GAP_S
        self._repaired: set[Path] = set()
        self._thread = threading.Thread(target=self._work, name="scan-outputs", daemon=True)
        self._thread.start()

    def announce(self, record: SignalRecord, state: Mapping[str, Any]) -> None:
        """Write everything that an announced signal leaves; returns at once."""
        with self._state_lock:
            self._state = state
        self._enqueue(lambda: self._announce(record))

    def keep(self, record: SignalRecord) -> None:
        """Put an event into the history alone; returns at once."""
        self._enqueue(lambda: self._remember(record))

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Write the state, the newest given; returns at once."""
        with self._state_lock:
            is_waiting, self._state = self._state is not None, state
        if not is_waiting:
            self._enqueue(self._write_state)

    def publish(self, table: Callable[[], bytes]) -> None:
        """Write the ranked table, the newest given; it is made on the writer's thread. Returns at once."""
        with self._state_lock:
            is_waiting, self._table = self._table is not None, table
        if not is_waiting:
            self._enqueue(self._write_table)

    def stop(self, timeout_s: float = 1.0) -> bool:
        """Write what waits, then end; False where that took too long."""
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            return False
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _enqueue(self, job: Callable[[], None]) -> None:
        try:
            self._queue.put_nowait(job)
        except queue.Full:
            self.lost += 1

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            try:
                job()
            except Exception:  # noqa: BLE001  root of the writer's thread: no record may end it
                self.lost += 1
                _log.exception("a signal could not be written")
        if self._history is not None:
            self._history.close()

    def _announce(self, record: SignalRecord) -> None:
        places = self._places
        if places.json_folder is not None:
            self._try(lambda: self._write_json(record), places.json_folder)
        if places.csv_folder is not None:
            self._try(lambda: self._append_csv(record), places.csv_folder)
        self._try(lambda: self._append_alert(record), places.alert_file)
        self._remember(record)
        self._write_state()

    def _remember(self, record: SignalRecord) -> None:
        if self._history is not None:
            history = self._history
            self._try(lambda: history.keep(record), self._places.state.parent)

    def _try(self, write: Callable[[], None], place: Path) -> None:
        try:
            write()
        except OSError as error:
            self.lost += 1
            now_s = time.monotonic()
            if now_s - self._complained_s >= _COMPLAINT_GAP_S:
                self._complained_s = now_s
                _log.error("%s cannot be written (%s); %d outputs lost", place, error.strerror, self.lost)

    def _write_state(self) -> None:
        with self._state_lock:
            state, self._state = self._state, None
        if state is None:
            return
        path = self._places.state

        def write() -> None:
            self._files.make_folder(path.parent)
            self._files.write_replacing(path, json.dumps(state).encode())

        self._try(write, path)

    def _write_table(self) -> None:
        with self._state_lock:
            table, self._table = self._table, None
        if table is None:
            return
        path = self._places.table

        def write() -> None:
            self._files.make_folder(path.parent)
            self._files.write_replacing(path, self._mask(table().decode()).encode())

        self._try(write, path)

    def _write_json(self, record: SignalRecord) -> None:
        folder = self._places.json_folder
        assert folder is not None
        self._files.make_folder(folder)
        stem = f"{record.symbol}_{record.timestamp.replace(':', '-')}"
        path, number = folder / f"{stem}.json", 1
        while path.exists():
            path, number = folder / f"{stem}_{number}.json", number + 1
        text = json.dumps(record.as_json(), indent=4, ensure_ascii=False, allow_nan=False) + "\n"
        self._files.write_replacing(path, self._mask(text).encode())

    def _append_csv(self, record: SignalRecord) -> None:
        folder = self._places.csv_folder
        assert folder is not None
        self._files.make_folder(folder)
        out = io.StringIO()
        csv.writer(out, lineterminator="\r\n").writerow([getattr(record, name) for name in CSV_FIELDS])
        self._append(folder / f"{record.symbol}_signals.csv", out.getvalue(), ",".join(CSV_FIELDS) + "\r\n")

    def _append_alert(self, record: SignalRecord) -> None:
        path = self._places.alert_file
        self._files.make_folder(path.parent)
        self._append(path, alert_line(record) + "\n", "")

    def _append(self, path: Path, text: str, heading: str) -> None:
        """Append in one write; a line that a kill tore off is taken away first, the heading written once."""
        handle = self._files.open(path, os.O_RDWR | os.O_CREAT)
        try:
            size = os.fstat(handle).st_size
            if path not in self._repaired:
                size = self._without_torn_line(handle, size)
                self._repaired.add(path)
            body = self._mask(text if size else heading + text)
            self._files.write_all(handle, body.encode(), size)
        finally:
            self._files.close(handle)

    def _without_torn_line(self, handle: int, size: int) -> int:
        tail = self._files.pread(handle, 65_536, max(0, size - 65_536))
        if not tail or tail.endswith(b"\n"):
            return size
        kept = size - len(tail) + tail.rfind(b"\n") + 1
        self._files.truncate(handle, kept)
        return kept


def alert_line(record: SignalRecord) -> str:
    """Return the line of an announced signal in the alert file."""
    from whalebot.decisions.scan.wording import interval_label

    return (
        f"{record.timestamp} - {record.symbol} ({interval_label(record.interval)}): "
        f"{record.signal_type} - Score: {record.score:.2f}"
    )


def load_state(path: Path) -> Mapping[str, Any] | None:
    """Return the state of the last run, None where there is none or it cannot be read."""
    try:
        document = json.loads(FileSystem().read_file(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be read (%s); signals are announced afresh", path, error)
        return None
    return document if isinstance(document, dict) else None
