"""The scan beside the server: its files as they are, what is said where there are none or they are old."""

from __future__ import annotations

import argparse
import json
import sqlite3
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from web_desk import PACE, SECRET, Client, scan_line, scan_record, scan_table, served, well

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.adapters.web.desk import ScanDesk
from whalebot.app.paths import find_paths
from whalebot.app.setup import read_setup
from whalebot.app.web.scan import ScanFolder
from whalebot.decisions.scan.record import SignalRecord
from whalebot.domain.scan_table import ScanTable
from whalebot.scanner.history import FILE_NAME as HISTORY
from whalebot.scanner.history import SignalHistory
from whalebot.scanner.table_file import FILE_NAME, encode_table


def _folder(tmp_path: Path, **output: Any) -> ScanFolder:
    table = {"scanner": {"output": output}} if output else {}
    (tmp_path / "config.json").write_text(json.dumps(table))
    args = argparse.Namespace(paths=find_paths(str(tmp_path), None), masker=SecretMasker())
    return ScanFolder(read_setup(args))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _write(folder: Path, table: ScanTable) -> None:
    FileSystem().make_folder(folder)
    FileSystem().write_replacing(folder / FILE_NAME, encode_table(table))


def _served(scanner: ScanDesk) -> Any:
    made = well()
    made.desk = replace(made.desk, scanner=scanner)
    return served(made, rates=PACE)


def _code(client: Client, path: str) -> tuple[int, str]:
    reply = client.api(path)
    return reply.status, reply.json["code"]


def test_where_no_scan_has_written_the_command_is_told(tmp_path: Path) -> None:
    with _served(_folder(tmp_path)) as client:
        for path in ("scanner", "scanner/events", "scanner/BTCUSDT"):
            assert _code(client, path) == (404, "no_scanner")
            detail = client.api(path).json["detail"]
            assert f"whalebot scan --all --dir {tmp_path}" in detail
            assert str(tmp_path / "output") in detail


def test_the_table_is_the_one_of_the_configured_folder(tmp_path: Path) -> None:
    scanner = _folder(tmp_path, json_output_dir="elsewhere")
    _write(tmp_path / "elsewhere", scan_table(_now_ms()))
    with _served(scanner) as client:
        found = client.api("scanner").data
    assert (found["run"]["state"], found["run"]["stale"], found["run"]["run_id"]) == ("running", False, "run")
    assert [row["symbol"] for row in found["rows"]] == ["BTCUSDT", "ETHUSDT"]
    assert found["rows"][0]["price"] == "42825.10"
    assert found["rows"][1] == {**dict.fromkeys(found["rows"][1]), **_unknown()}
    assert found["statuses"] == [{"name": "live", "count": 1}, {"name": "warming up", "count": 1}]
    assert found["breadth"]["median_rsi"] is None
    assert SECRET not in json.dumps(found)


def _unknown() -> dict[str, Any]:
    return {"rank": 2, "symbol": "ETHUSDT", "status": "warming up (3/56)", "signal": "none", "reason": ""}


def test_what_is_old_is_said_to_be_old_and_an_ended_scan_ended(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    with _served(scanner) as client:
        for age_ms, ended, state, stale in (
            (0, False, "running", False),
            (60_000, False, "silent", True),
            (60_000, True, "ended", True),
            (-3_600_000, False, "running", False),
        ):
            _write(tmp_path / "output", scan_table(_now_ms() - age_ms, ended=ended))
            run = client.api("scanner").data["run"]
            assert (run["state"], run["stale"]) == (state, stale)
            assert max(0, age_ms // 1000) <= run["age_s"] <= max(0, age_ms // 1000) + 30


def test_a_symbol_has_its_votes_levels_and_past(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    _write(tmp_path / "output", scan_table(_now_ms()))
    _keep(tmp_path, [scan_record(1), scan_record(2, "ETHUSDT"), scan_record(3, event="end")])
    with _served(scanner) as client:
        found = client.api("scanner/btcusdt").data
        assert found["votes"] == [
            {"name": "macd", "vote": 1, "weight": 0.5},
            {"name": "rsi", "vote": 0, "weight": 0.6},
            {"name": "divergence", "vote": None, "weight": 0.1},
        ]
        assert (found["entry"], found["stop"], found["target"]) == ("42825.10", "42500.5", "43474.3")
        assert found["scores"] == [{"interval": "15", "score": 0.34}, {"interval": "60", "score": None}]
        assert [event["id"] for event in found["events"]] == ["event3", "event1"]
        unknown = client.api("scanner/BTCUSD")
        assert (unknown.status, unknown.json["nearest"][0]) == (404, "BTCUSDT")
        assert "not in the scan" in unknown.json["detail"]
        assert client.api("scanner/ETHUSDT").data["votes"] == []


def test_past_events_are_of_the_market_that_the_table_shows(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    _keep(tmp_path, [scan_record(1)])
    _keep(tmp_path, [scan_record(2)], "demo")
    with _served(scanner) as client:
        for simulated, shown in ((False, "event1"), (True, "event2")):
            _write(tmp_path / "output", scan_table(_now_ms(), simulated=simulated))
            for path in ("scanner/BTCUSDT", "scanner/events"):
                data = client.api(path).data
                assert [event["id"] for event in data.get("events", data.get("items"))] == [shown]
        assert client.api("scanner/events?mode=live").data["items"][0]["id"] == "event1"


def _keep(tmp_path: Path, records: list[dict[str, Any]], mode: str = "live") -> None:
    history = SignalHistory(tmp_path / "output" / HISTORY)
    history.add([SignalRecord(**record) for record in records], "run", mode)
    history.close()


def test_events_come_in_parts_the_newest_first_and_of_one_mode(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    _keep(tmp_path, [scan_record(number) for number in range(1, 6)])
    _keep(tmp_path, [scan_record(9)], "backscan")
    with _served(scanner) as client:
        nothing = {"items": [], "next": None, "total": 0, "left_out": 0}
        first = client.api("scanner/events?limit=2").data
        assert [item["id"] for item in first["items"]] == ["event5", "event4"]
        rest = client.api(f"scanner/events?limit=3&cursor={first['next']}").data
        assert [item["id"] for item in rest["items"]] == ["event3", "event2", "event1"]
        assert (first["total"], rest["next"]) == (5, None)
        assert client.api("scanner/events?mode=backscan").data["items"][0]["id"] == "event9"
        assert client.api("scanner/events?symbol=NONE").data == nothing
        assert first["items"][0]["take_profit"] == "0.0000001"
        assert _code(client, "scanner/events?mode=x") == (400, "bad_request")


DAMAGE = [
    "no JSON {",
    "[]",
    "7",
    "{}",
    None,
    b"\x00",
    {"timestamp": "yesterday"},
    {"timestamp": 7},
    {"symbol": None},
    {"entry_price": "much"},
    {"signal_type": "Up"},
    {"rationale": None},
    {"votes": 7},
    {"weights": {"macd": "much"}},
]


def test_a_damaged_record_is_left_out_and_counted(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    _write(tmp_path / "output", scan_table(_now_ms()))
    _keep(tmp_path, [scan_record(number) for number in range(1, 4 + len(DAMAGE))])
    with sqlite3.connect(tmp_path / "output" / HISTORY, isolation_level=None) as db:
        db.execute("PRAGMA writable_schema = ON")
        db.execute("UPDATE sqlite_master SET sql = replace(sql, 'record TEXT NOT NULL', 'record')")
    db.close()
    with sqlite3.connect(tmp_path / "output" / HISTORY) as db:
        for row, damage in enumerate(DAMAGE, 2):
            body = json.dumps({**scan_record(row), **damage}) if isinstance(damage, dict) else damage
            db.execute("UPDATE signals SET record = ? WHERE rowid = ?", (body, row))
    db.close()
    count = 3 + len(DAMAGE)
    with _served(scanner) as client:
        found = client.api("scanner/events?limit=100").data
        assert [item["id"] for item in found["items"]] == [f"event{n}" for n in (count, count - 1, 1)]
        assert (found["total"], found["left_out"]) == (count, len(DAMAGE))
        detail = client.api("scanner/BTCUSDT").data
        assert (len(detail["events"]), detail["events_left_out"]) == (3, len(DAMAGE))


@pytest.mark.parametrize("changes", [{"event_ms": 10**17}, {"interval": 5}, {"lines": None}, {"line": "Up"}])
def test_a_table_with_a_value_of_the_wrong_kind_is_a_fault_of_the_file(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    scanner = _folder(tmp_path)
    table = json.loads(encode_table(scan_table(_now_ms())))
    if "line" in changes:
        table["lines"][0]["signal"] = changes["line"]
    else:
        table.update(changes)
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / FILE_NAME).write_text(json.dumps(table))
    with _served(scanner) as client:
        assert _code(client, "scanner") == (503, "degraded")
        assert _code(client, "scanner/BTCUSDT") == (503, "degraded")


def test_a_damaged_event_of_the_table_is_left_out_and_counted(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    table = scan_table(_now_ms(), events=(scan_record(1), {"id": 7}, {**scan_record(3), "interval": 15}))
    _write(tmp_path / "output", table)
    with _served(scanner) as client:
        found = client.api("scanner").data
    assert [event["id"] for event in found["events"]] == ["event1"]
    assert found["events_left_out"] == 2


def test_a_scan_without_a_signal_yet_has_no_events(tmp_path: Path) -> None:
    scanner = _folder(tmp_path)
    _write(tmp_path / "output", scan_table(_now_ms()))
    with _served(scanner) as client:
        assert client.api("scanner/events").data["items"] == []


@pytest.mark.parametrize("body", [b"", b"{", b'{"version": 2}', b'{"version": 1}', b"[]", b"\xff\xfe"])
def test_a_file_that_is_no_table_is_a_fault_and_not_an_empty_table(tmp_path: Path, body: bytes) -> None:
    scanner = _folder(tmp_path)
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / FILE_NAME).write_bytes(body)
    (tmp_path / "output" / HISTORY).write_bytes(b"no database at all, but long enough to be read as one")
    with _served(scanner) as client:
        assert _code(client, "scanner") == (503, "degraded")
        assert FILE_NAME in client.api("scanner").json["detail"]
        assert _code(client, "scanner/events") == (503, "degraded")


def test_a_reader_never_sees_half_a_table(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    lines = tuple(scan_line(number, f"A{number}USDT") for number in range(1, 301))
    _write(folder, scan_table(_now_ms(), *lines))
    done = threading.Event()

    def write() -> None:
        for number in range(60):
            _write(folder, scan_table(_now_ms(), *lines[: 300 if number % 2 else 1]))
        done.set()

    scanner = _folder(tmp_path)
    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        table = scanner.table()
        assert table is not None
        seen.add(len(table.lines))
    writer.join()
    assert seen <= {1, 300}
    assert (folder / FILE_NAME).stat().st_mode & 0o777 == 0o600
