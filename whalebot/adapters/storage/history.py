"""The trade history: a JSON array on disk that is whole for every reader and survives a cut at any byte.

A trade is first synced as a write-ahead line, then the array is lengthened in place by one write over its
closing bracket. The cost does not depend on the length of the file.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from whalebot.adapters.storage.array_file import EMPTY, ArrayFile
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.salvage import TAIL, Scan, scan_history, trades_in
from whalebot.adapters.storage.trade_json import TradeKey, TradeRecord, decode_record, encode_trade
from whalebot.adapters.storage.write_ahead import Lengthening, WriteAhead
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, ConfigError
from whalebot.domain.trade import ClosedTrade


class TradeHistory:
    """The durable list of closed trades (`TradeStore`). Thread-safe; one process at a time holds the lock.

    A trade counts as there when its mode and id are: equal ids of two modes are two trades.
    """

    def __init__(self, path: Path, write_ahead: Path, files: FileSystem) -> None:
        """Prepare only; `open` is the way to get a usable history."""
        self._array = ArrayFile(path, files)
        self._write_ahead = WriteAhead(write_ahead, files)
        self._lock = threading.Lock()
        self._notices: deque[Notice] = deque()
        self._known: dict[TradeKey, int] = {}
        self._settled = False
        self._interrupted: TradeKey | None = None

    @classmethod
    def open(
        cls, path: Path, *, write_ahead: Path | None = None, files: FileSystem | None = None
    ) -> TradeHistory:
        """Open (or create) the history at `path`, completing what an earlier run left half done.

        write_ahead: the file of the write-ahead line, `state/trade_history.wal` beside `path` by default.
        A damaged file is kept under another name and what can be read of it goes on; `take_notices` tells.
        Raises ConfigError where the files cannot be read or written at all.
        """
        _refuse_strange_link(path)
        path = path.resolve()
        history = cls(path, write_ahead or path.parent / "state" / "trade_history.wal", files or FileSystem())
        try:
            history._recover()
            history._write_ahead.prepare()
            history._array.prove_writable()
        except OSError as error:
            place = error.filename or path
            raise ConfigError(
                f"{place}: {error.strerror}: the trade history must be readable and writable; set the owner "
                f"and mode of the file and its folder, make room on the disk, or choose another --dir"
            ) from error
        return history

    def append(self, trade: ClosedTrade) -> bool:
        """Make a trade durable; False when it was there before: the first figures stay.

        Raises OSError when a write, a sync or a rename failed. Nothing recorded is lost then, and the same
        call may be made again. Raises BugError for a trade that would not read back (an amount is no number).
        """
        raw = encode_trade(trade)
        try:
            record = decode_record(raw)
        except ValueError as error:
            raise BugError(f"trade {trade.trade_id} cannot be recorded: {error}") from error
        key = record.key
        with self._lock:
            interrupted = self._interrupted
            self._settle()
            if key in self._known:
                if record.facts != self._known[key]:
                    text = f"trade {key[1]} is recorded already, with other figures; the first ones stay"
                    self._note(Level.WARNING, "history_conflict", text)
                return key == interrupted and record.facts == self._known[key]
            self._record(record, raw)
            return True

    def load(self) -> Sequence[ClosedTrade]:
        """Return all trades by the time they ended, oldest first. Raises OSError."""
        with self._lock:
            self._settle()
            return in_order(trades_in(self._array.read())[0])

    def take_notices(self) -> list[Notice]:
        """Return what the owner should know of since the last call, and forget it. One thread at a time.

        Takes no lock: a disk that hangs holds the other one, and must not hold up whoever asks.
        """
        return [self._notices.popleft() for _ in range(len(self._notices))]

    def _settle(self) -> None:
        """Bring file and memory together again after a failure, or after another program's edit."""
        if not self._settled or not self._array.is_as_left():
            self._recover()

    def _record(self, record: TradeRecord, raw: bytes) -> None:
        self._settled, self._interrupted = False, record.key
        step = self._array.next_step(raw)
        self._write_ahead.write(step)
        self._lengthen(record, step)
        self._settled, self._interrupted = True, None

    def _lengthen(self, record: TradeRecord, step: Lengthening) -> None:
        self._array.lengthen(step)
        self._known[record.key] = record.facts
        # The trade is in the array: a line that stays is recognised by its id at the next start.
        with contextlib.suppress(OSError):
            self._write_ahead.clear()

    def _recover(self) -> None:
        self._settled = False
        step = self._read_write_ahead()
        data = self._array.read()
        if self._array.was_blank:
            text = "the file held nothing and is an empty list now; if trades stood there, put back a copy"
            self._note(Level.CRITICAL, "history_blank", text)
        if step is not None and step.explains(data):
            data = self._redo(step, data)
        scan = scan_history(data)
        scan = self._replace_damaged(scan) if scan.damage else self._array.take(scan, data)
        self._known = scan.known
        if twice := len(scan.raw) - len(scan.known):
            self._note(Level.WARNING, "history_doubled", f"{twice} trades stand there twice")
        if step is not None:
            self._keep_written_ahead(step)
        self._write_ahead.clear()
        self._settled, self._interrupted = True, None

    def _redo(self, step: Lengthening, data: bytes) -> bytes:
        whole = self._array.redo(step, data)
        if data != whole:
            text = f"the recording of trade {decode_record(step.raw).key[1]} was cut short; it is completed"
            self._note(Level.INFO, "history_completed", text)
        return whole

    def _keep_written_ahead(self, step: Lengthening) -> None:
        record = decode_record(step.raw)
        if record.key in self._known:
            return
        again = self._array.next_step(step.raw)
        self._write_ahead.rewrite(again)
        self._lengthen(record, again)
        text = f"trade {record.key[1]} was on its way; it is recorded"
        self._note(Level.INFO, "history_completed", text)

    def _read_write_ahead(self) -> Lengthening | None:
        try:
            return self._write_ahead.read()
        except ValueError as error:
            if self._interrupted is not None:
                return None  # our own write failed a moment ago, and the caller was told
            aside = self._write_ahead.keep_aside()
            text = (
                f"the line in {self._write_ahead.path} was never completed ({error}); kept as {aside.name}. "
                f"A trade in it had not been recorded yet"
            )
            self._note(Level.WARNING, "history_line_cut", text)
            return None

    def _replace_damaged(self, scan: Scan) -> Scan:
        aside = self._array.keep_aside()
        text = (
            f"not a whole list of trades: {scan.damage}. The file is kept as {aside.name}, unchanged; "
            f"{len(scan.raw)} trades were read from it and go on in {self._array.path.name}"
        )
        self._note(Level.CRITICAL, "history_damaged", text)
        return self._array.replace(b"[\n" + b",\n".join(scan.raw) + TAIL if scan.raw else EMPTY)

    def _note(self, level: Level, kind: str, text: str) -> None:
        self._notices.append(Notice(level=level, kind=kind, text=f"{self._array.path}: {text}"))


def _refuse_strange_link(path: Path) -> None:
    """In a folder that others may write to, a link of theirs could lead to any file of ours."""
    if path.is_symlink() and path.lstat().st_uid not in (os.getuid(), 0):
        raise ConfigError(f"{path}: a link that another user made; remove it")


def in_order(trades: Sequence[ClosedTrade]) -> list[ClosedTrade]:
    """Return the trades by exit time, each (mode, id) once."""
    once: dict[TradeKey, ClosedTrade] = {}
    for trade in trades:
        once.setdefault((trade.mode, trade.trade_id), trade)
    return sorted(once.values(), key=lambda trade: trade.exit_ms)


def read_history(path: Path, files: FileSystem | None = None) -> tuple[list[ClosedTrade], str]:
    """Return all trades of a history file and what is wrong with it ("" for nothing); change no file.

    For readers beside a running daemon. Raises FileNotFoundError, or another OSError.
    """
    files = files or FileSystem()
    trades, damage = trades_in(files.read_file(path))
    if damage:
        # The reader may have met the daemon in the middle of a write; a second look is after it.
        trades, damage = trades_in(files.read_file(path))
    return in_order(trades), damage
