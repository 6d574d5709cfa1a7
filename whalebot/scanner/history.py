"""The history of signals: every event in one SQLite file, written by one writer, each kept once a mode."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from whalebot.decisions.scan.evaluation import Confidence, Direction, EventKind
from whalebot.decisions.scan.record import SignalRecord
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import INTERVALS

_log = logging.getLogger("whalebot.scanner")
FILE_NAME: Final = "signals.sqlite"
_WAIT_S: Final = 5.0
_VERSION: Final = 1
"""Of the file (`user_version`). 0: the same columns, but an event was kept once over all modes."""
_KEY: Final = ("symbol", "interval", "event", "direction", "confidence", "bar_start_ms", "config_hash")
_TABLE: Final = f"""
CREATE TABLE signals (
    id TEXT NOT NULL, run_id TEXT NOT NULL, mode TEXT NOT NULL, ts_ms INTEGER NOT NULL,
    symbol TEXT NOT NULL, interval TEXT NOT NULL, event TEXT NOT NULL, direction TEXT NOT NULL,
    confidence TEXT NOT NULL, bar_start_ms INTEGER NOT NULL, config_hash TEXT NOT NULL,
    score REAL, record TEXT NOT NULL,
    UNIQUE ({", ".join(_KEY)}, mode)
)
"""
_INDEX: Final = "CREATE INDEX signals_by_time ON signals (ts_ms)"
SIMULATED: Final = "demo"
MODES: Final = ("live", "replay", "backscan", SIMULATED)
"""Where events come from; of an event that several modes have, the first of these counts."""
_RANK: Final = "CASE {0}.mode WHEN 'live' THEN 0 WHEN 'replay' THEN 1 WHEN 'backscan' THEN 2 ELSE 3 END"
_COUNTS: Final = (
    "NOT EXISTS (SELECT 1 FROM signals AS other WHERE "
    + " AND ".join(f"other.{name} = signals.{name}" for name in _KEY)
    + f" AND {_RANK.format('other')} < {_RANK.format('signals')})"
)
_read_record = msgspec.json.Decoder(SignalRecord).decode
_INSERT: Final = "INSERT OR IGNORE INTO signals VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Query:
    """What is asked of the history; None and () mean any. `since_ms`, `until_ms`: event time, ms UTC, the
    first included and the second not. `direction`: "Long" or "Short". `min_score`: size of the score.
    `mode` None: every mode, an event that several have once, as the first of MODES has it.
    """

    symbols: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None
    event: str | None = None
    direction: str | None = None
    min_score: float | None = None
    interval: str | None = None
    mode: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record as the history has it: of which run, and of which of MODES."""

    signal: SignalRecord
    run_id: str
    mode: str

    def as_json(self) -> dict[str, Any]:
        """Return the record's fields, then run and mode, as JSON has them."""
        return {**self.signal.as_json(), "run_id": self.run_id, "mode": self.mode}


class SignalHistory:
    """Writes events. One instance, one thread; readers may read meanwhile."""

    def __init__(self, path: Path) -> None:
        """Open or create the file. Raises sqlite3.Error, also for a file of a later release."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made by hand first, so that the file and its journal are nobody else's to read.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        self._db = sqlite3.connect(path, timeout=_WAIT_S)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        try:
            _bring_up(self._db)
        except sqlite3.Error:
            self._db.close()
            raise

    def add(self, records: Iterable[SignalRecord], run_id: str, mode: str) -> int:
        """Keep records and return how many were not there yet; all of them or none.

        Raises sqlite3.Error where the disk refuses.
        """
        before = self._db.total_changes
        with self._db:
            self._db.executemany(_INSERT, (_row(record, run_id, mode) for record in records))
        return self._db.total_changes - before

    def close(self) -> None:
        """Close the file; its journal is folded into it."""
        self._db.close()


def read_signals(path: Path, query: Query = Query()) -> list[KeptRecord]:
    """Return the records that a query asks for, by event time.

    A damaged record is left out; how many there were is logged.
    Raises ConfigError where there is no history or it cannot be read.
    """
    if not path.is_file():
        raise ConfigError(f"{path}: no history of signals yet; a scan or `scan backscan` makes one")
    clauses, values = _conditions(query)
    where = f" WHERE {' AND '.join(clauses)}" if clauses else ""
    order = " ORDER BY ts_ms, symbol, interval, rowid"
    try:
        with _opened(path) as db:
            found = db.execute(f"SELECT record, run_id, mode FROM signals{where}{order}", values).fetchall()
    except sqlite3.Error as e:
        raise ConfigError(f"{path}: not a readable history of signals: {e}") from e
    whole = [
        KeptRecord(record, run_id, mode)
        for text, run_id, mode in found
        if (record := _decoded(text)) is not None
    ]
    if len(whole) < len(found):
        _log.warning("%s: %d damaged records are left out", path, len(found) - len(whole))
    return whole


def latest_signals(
    path: Path, limit: int, before: int | None, symbol: str | None, mode: str
) -> tuple[list[Mapping[str, Any]], str | None, int]:
    """Return records of a mode, the last kept first, below the number `before`; the number to go on from, or
    None at the end; and how many there are. A damaged record is an empty one. Raises ConfigError where the
    history cannot be read.
    """
    where, values = "mode = ?", [mode]
    if symbol is not None:
        where, values = f"{where} AND symbol = ?", [mode, symbol]
    newest = f"SELECT rowid, record FROM signals WHERE {where} AND rowid < ? ORDER BY rowid DESC LIMIT ?"
    first = sys.maxsize if before is None else before
    try:
        with _opened(path) as db:
            found = db.execute(newest, [*values, first, limit + 1]).fetchall()
            total = db.execute(f"SELECT count(*) FROM signals WHERE {where}", values).fetchone()[0]
    except sqlite3.Error as e:
        raise ConfigError(f"{path}: not a readable history of signals: {e}") from e
    more = str(found[limit - 1][0]) if len(found) > limit else None
    records = [_decoded(text) for _, text in found[:limit]]
    return [{} if record is None else record.as_json() for record in records], more, int(total)


def _decoded(text: object) -> SignalRecord | None:
    """Return a record as it was kept, None where it is damaged."""
    try:
        record = _read_record(text) if isinstance(text, str) else None
        if record is None:
            return None
        Confidence(record.confidence), EventKind(record.event)
        ms_of(record.timestamp), ms_of(record.bar_start)
        is_whole = Direction(record.signal_type) is not Direction.NONE and record.interval in INTERVALS
    except (ValueError, OverflowError, RecursionError):
        return None
    return record if is_whole else None


def _opened(path: Path) -> closing[sqlite3.Connection]:
    # The name must be quoted: a folder may be called "50% #1".
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_S))


def _bring_up(db: sqlite3.Connection) -> None:
    """Make the table, or give one of an earlier release the key of this one; rows keep their numbers."""
    if _version(db) == _VERSION:
        return
    with db:
        db.execute("BEGIN IMMEDIATE")
        found = _version(db)  # another process may have been here meanwhile
        if found > _VERSION:
            raise sqlite3.DatabaseError(f"of version {found}, not {_VERSION}: written by a later release")
        if found == _VERSION:
            return
        is_there = db.execute("SELECT 1 FROM sqlite_master WHERE name = 'signals'").fetchone()
        if is_there:
            db.execute("ALTER TABLE signals RENAME TO signals_before")
        db.execute(_TABLE)
        if is_there:
            columns = "rowid, id, run_id, mode, ts_ms, " + ", ".join(_KEY) + ", score, record"
            db.execute(f"INSERT INTO signals ({columns}) SELECT {columns} FROM signals_before ORDER BY rowid")
            db.execute("DROP TABLE signals_before")
        db.execute(_INDEX)
        db.execute(f"PRAGMA user_version = {_VERSION}")


def _version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def _conditions(query: Query) -> tuple[list[str], list[object]]:
    asked: tuple[tuple[str, object | None], ...] = (
        ("ts_ms >= ?", query.since_ms),
        ("ts_ms < ?", query.until_ms),
        ("event = ?", query.event),
        ("direction = ?", query.direction),
        ("abs(score) >= ?", query.min_score),
        ("interval = ?", query.interval),
        ("mode = ?", query.mode),
    )
    known = [(clause, value) for clause, value in asked if value is not None]
    clauses, values = [clause for clause, _ in known], [value for _, value in known]
    if query.mode is None:
        clauses.append(_COUNTS)
    if query.symbols:
        clauses.append(f"symbol IN ({', '.join('?' * len(query.symbols))})")
        values += query.symbols
    return clauses, values


def ms_of(stamp: str) -> int:
    """Return an ISO-8601 time with offset as ms UTC. Raises ValueError."""
    return round(datetime.fromisoformat(stamp).timestamp() * 1000)


def _row(record: SignalRecord, run_id: str, mode: str) -> tuple[object, ...]:
    return (
        record.id,
        run_id,
        mode,
        ms_of(record.timestamp),
        record.symbol,
        record.interval,
        record.event,
        record.signal_type,
        record.confidence,
        ms_of(record.bar_start),
        record.config_hash,
        record.normalized_score,
        json.dumps(record.as_json(), separators=(",", ":"), allow_nan=False),
    )
