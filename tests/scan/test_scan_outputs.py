"""Files of a scan: records, rows, alert lines, state; logs; what a full disk and a kill leave."""

from __future__ import annotations

import csv
import errno
import json
import logging
import os
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sample_records import signal_record as record

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.decisions.scan.record import CSV_FIELDS
from whalebot.scanner.outputs import OutputPlaces, OutputWriter, alert_line, load_state
from whalebot.scanner.symbol_logs import SymbolLogs, remove_old_logs

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "whalebot/scanner/signal_record.json").read_text())
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def places(folder: Path) -> OutputPlaces:
    return OutputPlaces(
        folder / "out", folder / "csv", folder / "logs/signals.log", folder / "out/state.json"
    )


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Enough of JSON Schema for the shipped one."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    names = {
        "object": dict, "array": list, "string": str, "number": (int, float), "integer": int,
        "null": type(None), "boolean": bool,
    }  # fmt: skip
    if kinds and not any(isinstance(value, names[kind]) for kind in kinds):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return False
    if isinstance(value, dict):
        own, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        if not set(schema.get("required", [])) <= set(value):
            return False
        return all(
            fits(child, own[name]) if name in own else rest is True or (rest and fits(child, rest))
            for name, child in value.items()
        )
    return not isinstance(value, list) or all(fits(child, schema.get("items", {})) for child in value)


def test_a_signal_leaves_a_record_a_row_a_line_and_the_state(tmp_path: Path) -> None:
    writer = OutputWriter(places(tmp_path))
    writer.announce(record(), {"version": 1})
    writer.announce(record(), {"version": 1, "n": 2})
    assert writer.stop(10)
    names = sorted(path.name for path in (tmp_path / "out").glob("BTC*"))
    stem = "BTCUSDT_2026-01-01T00-00-00.000+00-00"
    assert names == [f"{stem}.json", f"{stem}_1.json"]
    text = (tmp_path / "out" / names[0]).read_text()
    assert json.loads(text) == record().as_json()
    assert list(json.loads(text)) == SCHEMA["required"]
    assert fits(json.loads(text), SCHEMA)
    assert not fits({**record().as_json(), "signal_type": "Up"}, SCHEMA)
    assert not fits({**record().as_json(), "entry_price": "115.62"}, SCHEMA)
    assert (tmp_path / "logs/signals.log").read_text().splitlines() == [
        "2026-01-01T00:00:00.000+00:00 - BTCUSDT (15m): Long - Score: 0.34"
    ] * 2
    assert load_state(tmp_path / "out/state.json") == {"version": 1, "n": 2}
    assert not list(tmp_path.rglob("*.tmp"))
    assert writer.lost == 0


def test_a_thousand_rows_have_one_heading(tmp_path: Path) -> None:
    for part in range(2):
        writer = OutputWriter(places(tmp_path), files=Hasty())
        for number in range(500):
            writer.announce(record(part * 500 + number), {})
        assert writer.stop(30)
    with (tmp_path / "csv/BTCUSDT_signals.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == list(CSV_FIELDS)
    assert len(rows) == 1001
    assert rows.count(rows[0]) == 1
    assert all(len(row) == len(CSV_FIELDS) for row in rows)
    assert rows[1][5] == 'ema_alignment: +0.40 | a "quoted, one"'


def test_a_torn_line_is_taken_away_before_the_next(tmp_path: Path) -> None:
    path = tmp_path / "csv/BTCUSDT_signals.csv"
    path.parent.mkdir()
    head = ",".join(CSV_FIELDS) + "\r\n"
    path.write_text(head + "Long,1,2,3,Medium,x,0.3,t,BTCUSDT,15,new,a\r\nLong,1,2,")
    writer = OutputWriter(places(tmp_path))
    writer.announce(record(), {})
    assert writer.stop(10)
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert [len(row) for row in rows] == [len(CSV_FIELDS)] * 3
    assert rows[2][11] == "id0"


class Hasty(FileSystem):
    """Does not wait for the disk."""

    def sync(self, fd: int) -> None:
        return

    def sync_names(self, fd: int) -> None:
        return


class FullDisk(FileSystem):
    """Refuses every write while it is full."""

    is_full = True

    def open(self, path: Path, flags: int) -> int:
        if self.is_full and flags & (os.O_WRONLY | os.O_RDWR):
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        return super().open(path, flags)


def test_a_full_disk_is_counted_and_said_once_a_minute(tmp_path: Path, caplog: Any) -> None:
    disk = FullDisk()
    writer = OutputWriter(places(tmp_path), files=disk)
    gate = threading.Event()
    for number in range(5):
        writer.announce(record(number), {"n": number})
    writer._enqueue(gate.set)  # everything before it was tried
    assert gate.wait(30)
    assert writer.lost >= 15
    assert sum("cannot be written" in one.message for one in caplog.records) == 1
    disk.is_full = False
    writer.announce(record(9), {"n": 9})
    assert writer.stop(10)
    assert load_state(tmp_path / "out/state.json") == {"n": 9}


def test_a_damaged_state_is_no_state(tmp_path: Path) -> None:
    assert load_state(tmp_path / "none.json") is None
    (tmp_path / "bad.json").write_text('{"ver')
    assert load_state(tmp_path / "bad.json") is None


@pytest.mark.parametrize("secret", ["s3cret-value-of-the-owner", 'with "quotes" and ü', "a b&c=d/e"])
def test_no_secret_reaches_a_file(tmp_path: Path, secret: str) -> None:
    masker = SecretMasker([secret])
    logs = SymbolLogs(tmp_path / "logs", masker, START, 50, None)
    writer = OutputWriter(places(tmp_path), masker.mask)
    with logs.whole_process():
        logs.set_up(["BTCUSDT"])
        logger = logs.of("BTCUSDT")
        logger.info("key %s", secret)
        try:
            hidden = secret
            raise ValueError(f"https://x.example/{hidden}")
        except ValueError:
            logger.exception("refused")
            logging.getLogger("whalebot.other").warning("as %s", {"key": secret})
        writer.announce(record(rationale=f"x {secret} y"), {})
        assert writer.stop(10)
    found = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"***" in found
    for spelling in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        assert spelling.encode() not in found


def test_one_file_a_symbol_that_rotates_and_logs_each_line_once(tmp_path: Path) -> None:
    logs = SymbolLogs(tmp_path, SecretMasker(), START, 50, None)
    logs.set_up(["BTCUSDT", "ETHUSDT"])
    logs.set_up(["BTCUSDT"])
    logger = logs.of("BTCUSDT")
    line = "x" * 61_000
    for _ in range(1010):
        logger.debug("%s", line)
    logs.of("ETHUSDT").info("hello")
    logs.close("stopped by user")
    files = sorted(tmp_path.glob("BTCUSDT_20260102_030405.log*"))
    assert len(files) == 6
    assert all(path.stat().st_size <= 10 * 1024 * 1024 for path in files)
    text = (tmp_path / "ETHUSDT_20260102_030405.log").read_text().splitlines()
    assert [part.split(" - ", 1)[1] for part in text] == ["INFO - hello", "INFO - stopped by user"]


def test_many_symbols_share_a_file_with_their_names_in_it(tmp_path: Path) -> None:
    logs = SymbolLogs(tmp_path, SecretMasker(), START, 2, None)
    logs.set_up(["AUSDT", "BUSDT", "CUSDT"])
    logs.of("BUSDT").info("signal %d", 5)
    logs.close("the scan has ended")
    (path,) = tmp_path.iterdir()
    assert path.name == "scan_20260102_030405.log"
    assert "INFO - BUSDT signal 5" in path.read_text()


def test_old_logs_go_and_other_files_stay(tmp_path: Path) -> None:
    for name in ("BTCUSDT_20200101_000000.log", "scan_20200101_000000.log.1", "mine.log", "signals.log"):
        path = tmp_path / name
        path.write_text("x")
        os.utime(path, (0, 0))
    (tmp_path / "BTCUSDT_20260101_000000.log").write_text("x")
    assert remove_old_logs(tmp_path, 30, datetime.now(UTC).timestamp()) == 2
    assert {path.name for path in tmp_path.iterdir()} == {
        "mine.log", "signals.log", "BTCUSDT_20260101_000000.log",
    }  # fmt: skip


def test_the_alert_line_has_two_decimals() -> None:
    assert alert_line(record(normalized_score=-0.5)).endswith("BTCUSDT (15m): Long - Score: -0.50")
