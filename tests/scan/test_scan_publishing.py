"""The table that a scan publishes: what stands in it, when it is written, how little it costs the loop."""

from __future__ import annotations

import json
import math
import threading
import time
from pathlib import Path

import pytest
from sample_records import signal_record
from scan_rig import make_desk
from scan_venue import candle, venue

from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.app.cli import main
from whalebot.decisions.scan.settings import ScanSettings, SignalConfig
from whalebot.domain.scan_table import ScanTable
from whalebot.scanner import publishing, table_file
from whalebot.scanner.bootstrap import History
from whalebot.scanner.desk import ScanDesk
from whalebot.scanner.outputs import OutputPlaces, OutputWriter
from whalebot.scanner.publishing import RunIdentity, TablePublisher
from whalebot.scanner.table_file import TableUnreadable, read_scan_table
from whalebot.scanner.view import TableQuery, rows_of

LOOSE = ScanSettings(signal_config=SignalConfig(signal_threshold=0.01))
RUN = RunIdentity("run1", "0.1.0", "https://venue.example", False, 5)


class Clocks:
    """Time by hand."""

    def __init__(self) -> None:
        self.s = 100.0

    def ms(self) -> int:
        return round(self.s * 1000)


def _places(folder: Path) -> OutputPlaces:
    return OutputPlaces(None, None, folder / "signals.log", folder / "out" / "scan_state.json")


def _desk(*symbols: str, loaded: int = 0) -> ScanDesk:
    desk = make_desk(list(symbols), LOOSE)
    for symbol in symbols[:loaded]:
        bars = tuple(candle(symbol, number) for number in range(300))
        desk.on_history(History(symbol, "15", bars, candle(symbol, 300), None, 0))
    return desk


def _published(folder: Path, desk: ScanDesk, is_over: bool = False) -> ScanTable:
    writer, clocks = OutputWriter(_places(folder)), Clocks()
    publisher = TablePublisher(writer, RUN, clocks.ms, lambda: clocks.s)
    publisher.note(signal_record(id="older"))
    publisher.note(signal_record(id="newer"))
    publisher.publish(desk, is_over)
    assert writer.stop(30)
    found = read_scan_table(_places(folder).table)
    assert found is not None
    return found


def test_it_holds_what_the_table_on_the_terminal_shows(tmp_path: Path) -> None:
    desk = _desk("AUSDT", "BUSDT", "CUSDT", loaded=2)
    found = _published(tmp_path, desk)
    shown = TableQuery().apply(rows_of(desk))
    assert [line.symbol for line in found.lines] == [row["symbol"] for row in shown]
    assert [line.rank for line in found.lines] == [1, 2, 3]
    for line, row in zip(found.lines, shown, strict=True):
        assert (line.signal, line.status, line.confidence) == (
            row["signal"],
            row["status"],
            row["confidence"],
        )
        for name in ("score", "rsi", "natr", "relative_volume", "agreement"):
            value, cell = getattr(line, name), row[name]
            assert value == cell or math.isclose(value, cell, rel_tol=1e-5)
    first, last = found.lines[0], found.lines[-1]
    assert first.votes is not None
    assert set(first.votes) == set(found.weights[str(first.weight_set)])
    assert first.stop is not None
    assert first.rationale
    assert (last.price, last.votes, last.status) == (None, None, "waiting")
    assert (found.run_id, found.written_ms, found.ended) == ("run1", 100_000, False)
    assert [event["id"] for event in found.events] == ["newer", "older"]


def test_the_last_table_says_that_the_scan_is_over(tmp_path: Path) -> None:
    assert _published(tmp_path, _desk("AUSDT"), is_over=True).ended
    path = _places(tmp_path).table
    assert path.stat().st_mode & 0o777 == 0o600
    assert json.loads(path.read_bytes())["version"] == 1


def test_one_look_leaves_its_table(tmp_path: Path) -> None:
    with venue(["A00USDT"]) as served:
        places = served.endpoints
        exchange = {"rest_url": places.rest_url, "ws_public_url": places.ws_public_url}
        (tmp_path / "config.json").write_text(json.dumps({"exchange": exchange}))
        assert main(["scan", "A00", "--once", "--dir", str(tmp_path), "--format", "json"]) == 0
    found = read_scan_table(tmp_path / "output" / "scan_table.json")
    assert found is not None
    assert (found.ended, found.simulated, found.source) == (True, False, places.rest_url)
    assert [line.symbol for line in found.lines] == ["A00USDT"]
    assert found.lines[0].rsi is not None


def test_there_is_room_for_so_many_symbols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "MOST_LINES", 2)
    found = _published(tmp_path, _desk("AUSDT", "BUSDT", "CUSDT", loaded=1))
    assert (len(found.lines), found.left_out) == (2, 1)
    assert found.lines[0].symbol == "AUSDT"
    assert found.breadth.long + found.breadth.short + found.breadth.none == 3


def test_a_table_every_three_seconds_and_the_newest_where_the_disk_is_slow(tmp_path: Path) -> None:
    waits, written = threading.Event(), []

    class Slow(FileSystem):
        def write_replacing(self, path: Path, data: bytes) -> None:
            assert waits.wait(30)
            written.append(json.loads(data)["written_ms"])

    writer, clocks, desk = OutputWriter(_places(tmp_path), files=Slow()), Clocks(), _desk("AUSDT")
    publisher = TablePublisher(writer, RUN, clocks.ms, lambda: clocks.s)
    for second in range(31):
        clocks.s = 100.0 + second
        publisher.tick(desk)
    waits.set()
    assert writer.stop(30)
    assert written[-1] == 130_000
    assert len(written) <= 2


def test_a_full_disk_costs_the_table_and_nothing_else(tmp_path: Path) -> None:
    class Full(FileSystem):
        def write_replacing(self, path: Path, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    writer = OutputWriter(_places(tmp_path), files=Full())
    TablePublisher(writer, RUN, lambda: 1, lambda: 1.0).publish(_desk("AUSDT"))
    assert writer.stop(30)
    assert writer.lost == 1


def test_a_look_at_six_hundred_symbols_takes_the_loop_little() -> None:
    desk = _desk(*(f"A{number}USDT" for number in range(600)))
    one = _desk("AUSDT", loaded=1).cards["AUSDT"]
    for card in desk.cards.values():
        card.phase, card.evaluation, card.lanes = one.phase, one.evaluation, one.lanes

    class Taker:
        def publish(self, table: object) -> None:
            assert callable(table)

    publisher = TablePublisher(Taker(), RUN, lambda: 1, lambda: 1.0)  # type: ignore[arg-type]
    spent_s = []
    for _ in range(5):
        began_s = time.thread_time()
        publisher.publish(desk)
        spent_s.append(time.thread_time() - began_s)
    assert min(spent_s) < 0.1


def test_a_file_far_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _published(tmp_path, _desk("AUSDT"))
    monkeypatch.setattr(table_file, "_MOST_BYTES", 10)
    with pytest.raises(TableUnreadable, match="larger"):
        read_scan_table(_places(tmp_path).table)
