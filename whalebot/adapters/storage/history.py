"""The trade history: a JSON array on disk that is whole for every reader and survives a cut at any byte.

A trade is first synced as a write-ahead line, then the array is lengthened in place by one write over its
closing bracket. The cost does not depend on the length of the file.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.storage.salvage import TAIL, Scan, scan_history
from whalebot.adapters.storage.trade_json import decode_trade, encode_trade
from whalebot.adapters.storage.write_ahead import Lengthening, WriteAhead
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, ConfigError
from whalebot.domain.trade import ClosedTrade

EMPTY: Final = b"[]\n"
# White space another tool left at the end; beyond this the file is written anew rather than overwritten.
_LONGEST_TAIL: Final = 64

_Key = tuple[str, str]


class TradeHistory:
    """The durable list of closed trades (`TradeStore`). Thread-safe; one process at a time holds the lock.

    A trade counts as there when its mode and id are: equal ids of two modes are two trades.
    """

    def __init__(self, path: Path, write_ahead: Path, files: FileSystem) -> None:
        """Prepare only; `open` is the way to get a usable history."""
        self._path = path
        self._files = files
        self._write_ahead = WriteAhead(write_ahead, files)
        self._lock = threading.Lock()
        self._notices: list[Notice] = []
        self._keys: set[_Key] = set()
        self._end = 0
        self._tail = b""
        self._settled = False
        self._interrupted: _Key | None = None

    @classmethod
    def open(
        cls, path: Path, *, write_ahead: Path | None = None, files: FileSystem | None = None
    ) -> TradeHistory:
        """Open (or create) the history at `path`, completing what an earlier run left half done.

        write_ahead: the file of the write-ahead line, `state/trade_history.wal` beside `path` by default.
        A damaged file is kept under another name and what can be read of it goes on; `take_notices` tells.
        Raises ConfigError where the files cannot be read or written at all.
        """
        path = path.resolve()
        history = cls(path, write_ahead or path.parent / "state" / "trade_history.wal", files or FileSystem())
        try:
            history._recover()
            history._prove_writable()
        except OSError as error:
            place = error.filename or path
            raise ConfigError(
                f"{place}: {error.strerror}: the trade history must be readable and writable; set the owner "
                f"and mode of the file and its folder, make room on the disk, or choose another --dir"
            ) from error
        return history

    def append(self, trade: ClosedTrade) -> bool:
        """Make a trade durable; False when it was there before.

        Raises OSError when a write, a sync or a rename failed. Nothing recorded is lost then, and the same
        call may be made again. Raises BugError for a trade that would not read back (an amount is no number).
        """
        raw = encode_trade(trade)
        try:
            decode_trade(raw)
        except ValueError as error:
            raise BugError(f"trade {trade.trade_id} cannot be recorded: {error}") from error
        key = (trade.mode, trade.trade_id)
        with self._lock:
            interrupted = self._interrupted
            self._settle()
            if key in self._keys:
                return key == interrupted
            self._record(key, raw)
            return True

    def load(self) -> Sequence[ClosedTrade]:
        """Return all trades by the time they ended, oldest first. Raises OSError."""
        with self._lock:
            self._settle()
            return in_order(scan_history(self._files.read_file(self._path)).trades)

    def take_notices(self) -> list[Notice]:
        """Return what the owner should know of since the last call, and forget it."""
        with self._lock:
            notices, self._notices = self._notices, []
            return notices

    def _settle(self) -> None:
        """Bring file and memory together again after a failure, or after another program's edit."""
        if not self._settled or not self._is_as_left():
            self._recover()

    def _record(self, key: _Key, raw: bytes) -> None:
        self._settled, self._interrupted = False, key
        step = Lengthening(self._end, not self._keys, raw)
        self._write_ahead.write(step)
        self._lengthen(key, step)
        self._settled, self._interrupted = True, None

    def _lengthen(self, key: _Key, step: Lengthening) -> None:
        self._write_array(step)
        self._keys.add(key)
        self._end = step.offset + len(step.payload) - len(TAIL)
        self._tail = TAIL
        # The trade is in the array: a line that stays is recognised by its id at the next start.
        with contextlib.suppress(OSError):
            self._write_ahead.clear()

    def _write_array(self, step: Lengthening) -> None:
        fd = self._files.open(self._path, os.O_RDWR)
        try:
            try:
                self._files.write_all(fd, step.payload, step.offset)
            except OSError:
                self._restore_tail(fd)
                raise
            self._files.sync(fd)
        finally:
            self._files.close(fd)

    def _restore_tail(self, fd: int) -> None:
        """Take back a write that failed half way (a full disk), so that readers keep a whole array."""
        with contextlib.suppress(OSError):
            self._files.write_all(fd, self._tail, self._end)
            self._files.truncate(fd, self._end + len(self._tail))

    def _prove_writable(self) -> None:
        self._write_ahead.prepare()
        self._files.close(self._files.open(self._path, os.O_RDWR))

    def _is_as_left(self) -> bool:
        """True when the file still ends where our last write ended; another program may have edited it."""
        try:
            fd = self._files.open(self._path, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            before = b"}" if self._keys else b"["
            seen = self._files.pread(fd, len(self._tail) + 2, self._end - 1)
            return seen == before + self._tail
        finally:
            self._files.close(fd)

    def _recover(self) -> None:
        self._settled = False
        step = self._read_write_ahead()
        data = self._read_or_create()
        if step is not None and step.explains(data):
            data = self._redo(step, data)
        scan = scan_history(data)
        if scan.damage:
            scan = self._replace_damaged(scan)
        elif len(scan.tail) > _LONGEST_TAIL:
            scan = self._write_anew(data[: scan.end] + TAIL)
        self._take_over(scan)
        if step is not None:
            self._keep_written_ahead(step)
        self._write_ahead.clear()
        self._settled, self._interrupted = True, None

    def _take_over(self, scan: Scan) -> None:
        self._keys = {(trade.mode, trade.trade_id) for trade in scan.trades}
        self._end, self._tail = scan.end, scan.tail
        if len(self._keys) < len(scan.trades):
            twice = len(scan.trades) - len(self._keys)
            self._note(Level.WARNING, "history_doubled", f"{self._path}: {twice} trades stand there twice")

    def _keep_written_ahead(self, step: Lengthening) -> None:
        trade = step.trade
        key = (trade.mode, trade.trade_id)
        if key in self._keys:
            return
        again = Lengthening(self._end, not self._keys, step.raw)
        self._write_ahead.rewrite(again)
        self._lengthen(key, again)
        self._note(Level.INFO, "history_completed", f"{self._path}: trade {trade.trade_id} was completed")

    def _redo(self, step: Lengthening, data: bytes) -> bytes:
        """Write the same bytes to the same place again: right whether none, some or all of them arrived."""
        whole = data[: step.offset] + step.payload
        fd = self._files.open(self._path, os.O_RDWR)
        try:
            self._files.write_all(fd, step.payload, step.offset)
            self._files.truncate(fd, len(whole))
            self._files.sync(fd)
        finally:
            self._files.close(fd)
        if data != whole:
            text = f"{self._path}: the recording of trade {step.trade.trade_id} was cut short; completed"
            self._note(Level.INFO, "history_completed", text)
        return whole

    def _read_write_ahead(self) -> Lengthening | None:
        try:
            return self._write_ahead.read()
        except ValueError as error:
            if self._interrupted is not None:
                return None  # our own write failed a moment ago, and the caller was told
            aside = self._write_ahead.keep_aside()
            text = (
                f"{self._write_ahead.path}: the last line was never completed ({error}); "
                f"kept as {aside.name}. A trade in it had not been recorded yet"
            )
            self._note(Level.WARNING, "history_line_cut", text)
            return None

    def _read_or_create(self) -> bytes:
        try:
            data = self._files.read_file(self._path)
        except FileNotFoundError:
            self._files.make_folder(self._path.parent)
            data = b""
        if data.strip():
            return data
        self._files.write_replacing(self._path, EMPTY)
        return EMPTY

    def _replace_damaged(self, scan: Scan) -> Scan:
        aside = self._files.keep_aside(self._path)
        text = (
            f"{self._path}: not a whole list of trades: {scan.damage}. The file is kept as {aside.name}, "
            f"unchanged; {len(scan.trades)} trades were read from it and go on in {self._path.name}"
        )
        self._note(Level.CRITICAL, "history_damaged", text)
        return self._write_anew(b"[\n" + b",\n".join(scan.raw) + TAIL if scan.raw else EMPTY)

    def _write_anew(self, data: bytes) -> Scan:
        self._files.write_replacing(self._path, data)
        return scan_history(data)

    def _note(self, level: Level, kind: str, text: str) -> None:
        self._notices.append(Notice(level=level, kind=kind, text=text))


def in_order(trades: Sequence[ClosedTrade]) -> list[ClosedTrade]:
    """Return the trades by exit time, each (mode, id) once."""
    once: dict[_Key, ClosedTrade] = {}
    for trade in trades:
        once.setdefault((trade.mode, trade.trade_id), trade)
    return sorted(once.values(), key=lambda trade: trade.exit_ms)


def read_history(path: Path, files: FileSystem | None = None) -> tuple[list[ClosedTrade], str]:
    """Return all trades of a history file and what is wrong with it ("" for nothing); change no file.

    For readers beside a running daemon. Raises FileNotFoundError, or another OSError.
    """
    files = files or FileSystem()
    scan = scan_history(files.read_file(path))
    if scan.damage:
        # The reader may have met the daemon in the middle of a write; a second look is after it.
        scan = scan_history(files.read_file(path))
    return in_order(scan.trades), scan.damage
