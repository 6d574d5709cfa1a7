"""The command itself: exit codes, formats, files, a terminal, a pipe, the local exchange."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scan_venue import ScanVenue, venue

from whalebot.adapters.storage.lock import FolderLock
from whalebot.app.cli import main
from whalebot.app.scanning.demo import start_scan_exchange
from whalebot.app.scanning.live import Reporter, _ended_by_signals
from whalebot.scanner.history import FILE_NAME, read_signals

NAMES = [f"A{number:02d}USDT" for number in range(12)]
ENDS_S = 60
"""Ending takes less than two seconds; the rest is for a machine with other things to do."""
PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}


@pytest.fixture
def served() -> Iterator[ScanVenue]:
    with venue(NAMES) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path, served: ScanVenue) -> Path:
    write(tmp_path, served)
    return tmp_path


def write(folder: Path, served: ScanVenue, **scanner: Any) -> None:
    places = served.endpoints
    document = {
        "exchange": {"rest_url": places.rest_url, "ws_public_url": places.ws_public_url},
        "scanner": {"retry_delay": 0.1, "output_throttle_seconds": 1, **scanner},
    }
    (folder / "config.json").write_text(json.dumps(document))


def scan(folder: Path, *words: str) -> int:
    return main(["scan", "--dir", str(folder), *words])


def test_once_prints_a_table_and_opens_no_stream(folder: Path, served: ScanVenue, capsys: Any) -> None:
    assert scan(folder, "A00", "a03usdt", "A99USDT", "--once") == 0
    out, err = capsys.readouterr()
    assert [line.split()[1] for line in out.splitlines()[1:]] == sorted(
        ["A00USDT", "A03USDT"], key=lambda name: out.index(name)
    )
    assert "A00 is taken as A00USDT" in err
    assert "A99USDT: no perpetual of that name" in err
    assert "\033[" not in out + err
    assert not served.subscribed
    assert not any("X-BAPI" in name.upper() for _, _, headers in served.requests for name in headers)


def test_once_in_every_format(folder: Path, capsys: Any) -> None:
    found = {}
    for form in ("json", "jsonl", "csv"):
        assert scan(folder, "--all", "--once", "--format", form, "--exclude", "A05", "--top", "5") == 0
        found[form] = capsys.readouterr().out
    rows = json.loads(found["json"])
    assert len(rows) == 5
    assert [row["rank"] for row in rows] == [1, 2, 3, 4, 5]
    assert "A05USDT" not in found["json"]
    assert [json.loads(line) for line in found["jsonl"].splitlines()] == rows
    table = list(csv.DictReader(io.StringIO(found["csv"])))
    assert [row["symbol"] for row in table] == [row["symbol"] for row in rows]


def test_a_filter_a_sort_and_a_preset(folder: Path, capsys: Any) -> None:
    assert scan(folder, "--all", "--once", "--format", "json", "--filter", "rsi > 50", "--sort", "rsi") == 0
    rows = json.loads(capsys.readouterr().out)
    assert all(row["rsi"] > 50 for row in rows)
    assert [row["rsi"] for row in rows] == sorted((row["rsi"] for row in rows), reverse=True)
    assert scan(folder, "--all", "--once", "--preset", "oversold") == 0
    capsys.readouterr()
    for words in (("--filter", "rsj > 1"), ("--sort", "rsj"), ("--preset", "liquidd")):
        assert scan(folder, "A00USDT", "--once", *words) == 2
        assert "r" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ("NOPE",),
        ("--watchlist", "nobody"),
        ("--intervals", "15,7", "A00USDT"),
        ("--interval", "x", "A00USDT"),
        (),
    ],
)
def test_what_cannot_be_used_is_two(folder: Path, monkeypatch: Any, words: tuple[str, ...]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert scan(folder, "--once", *words) == 2


def test_no_answer_is_four(folder: Path, served: ScanVenue, capsys: Any) -> None:
    served.fail["/v5/market/instruments-info"] = [(503, {})] * 3
    assert scan(folder, "A00USDT", "--once") == 4
    said = capsys.readouterr().err
    assert "attempt 3/3" in said
    assert "without a network: whalebot scan --demo" in said
    served.unknown.update(NAMES)
    assert scan(folder, "A00USDT", "--once") == 4


def test_a_standing_signal_is_announced_once_over_restarts(folder: Path, served: ScanVenue) -> None:
    write(folder, served, signal_config={"signal_threshold": 0.01})
    assert scan(folder, "--all", "--once") == 0
    first = sorted(path.name for path in (folder / "output").glob("*.json"))
    lines = (folder / "bot_logs/signals.log").read_text()
    assert len(first) > 5
    assert scan(folder, "--all", "--once") == 0
    assert sorted(path.name for path in (folder / "output").glob("*.json")) == first
    assert (folder / "bot_logs/signals.log").read_text() == lines


def test_explain_names_every_vote(folder: Path, capsys: Any) -> None:
    assert scan(folder, "explain", "A00USDT") == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("ema_alignment", "pivot_breakout", "weight set low_volatility"))


def test_several_intervals(folder: Path, capsys: Any) -> None:
    assert scan(folder, "A00USDT", "--once", "--intervals", "15,60", "--format", "json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert {"score_15", "score_60", "confluence"} <= set(row)


def test_recorded_frames_give_the_same_files_twice(tmp_path: Path, capsys: Any) -> None:
    from scan_venue import START_MS, kline

    lines = []
    for number in range(220):
        topic, at = "kline.15.BTCUSDT", START_MS + number * 900_000
        bar = kline("BTCUSDT", number, True)
        data = {"symbol": "BTCUSDT", "lastPrice": bar["close"]}
        lines.append({"topic": topic, "type": "snapshot", "ts": at + 900_000, "data": [bar]})
        lines.append({"topic": "tickers.BTCUSDT", "type": "delta", "ts": at + 960_000, "data": data})
    path = tmp_path / "frames.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    found = []
    for name in ("a", "b"):
        place = tmp_path / name
        place.mkdir()
        (place / "config.json").write_text('{"scanner": {"output": {"save_to_csv": true}}}')
        assert scan(place, "--replay", str(path)) == 0
        capsys.readouterr()
        files = {
            str(one.relative_to(place)): one.read_bytes()
            for one in place.rglob("*")
            if one.suffix in (".json", ".csv", ".log")
        }
        found.append(files)
    assert found[0] == found[1]
    assert sum("BTCUSDT_2025" in name for name in found[0]) > 3
    assert len((tmp_path / "a/csv_output/BTCUSDT_signals.csv").read_text().splitlines()) > 4


def test_one_scan_at_a_time_writes_into_a_folder(folder: Path, tmp_path: Path, capsys: Any) -> None:
    output = folder / "output"
    (folder / "bars.csv").write_text("not read\n")
    with FolderLock(output / "scan.lock"):
        for words in (
            ("--all", "--once"),
            ("--all",),
            ("--replay", "frames.jsonl"),
            ("backscan", "--data", str(folder / "bars.csv")),
        ):
            assert scan(folder, *words) == 2
            said = capsys.readouterr().err
            assert f"{output / 'scan.lock'}: process {os.getpid()} already scans into these files" in said
            assert "another --out DIR" in said
        assert [path.name for path in output.iterdir()] == ["scan.lock"]
        assert scan(folder, "explain", "A00USDT") == 0
        assert [path.name for path in output.iterdir()] == ["scan.lock"]
        assert scan(folder, "--check-config") == 0
        assert scan(folder, "history") == 2
        assert "no history of signals yet" in capsys.readouterr().err
        assert scan(folder, "--all", "--once", "--out", str(tmp_path / "own")) == 0
    assert scan(folder, "--all", "--once") == 0


def started(folder: Path, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "whalebot", "scan", "--dir", str(folder), *words]
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "TERM": "xterm-256color",
        "COLUMNS": "",
        "LINES": "",
    }
    del environment["COLUMNS"], environment["LINES"]
    return subprocess.Popen(command, env=environment, **streams)


def read_until(handle: int, wanted: bytes, seen: bytes = b"") -> bytes:
    deadline_s = time.monotonic() + 90
    while wanted not in seen:
        left_s = deadline_s - time.monotonic()
        assert left_s > 0, seen[-2000:]
        if select.select([handle], [], [], left_s)[0]:
            part = os.read(handle, 65_536)
            assert part, seen[-2000:]
            seen += part
    return seen


@pytest.mark.parametrize("width", [80, 200])
def test_a_terminal_shows_the_live_table_and_q_ends_it(folder: Path, width: int) -> None:
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 30, width, 0, 0))
    with (folder / "errors.txt").open("wb") as errors:
        process = started(folder, "--all", stdin=theirs, stdout=theirs, stderr=errors)
    os.close(theirs)
    try:
        seen = read_until(mine, b"live 12")
        os.write(mine, b"s")
        # The picture that says so comes after the whole of the one before.
        seen = read_until(mine, b"sorted by score", seen)
        assert (b"StochRSI" in seen) == (width == 200)
        os.write(mine, b"q")
        read_until(mine, b"\033[?1049l")
        assert process.wait(ENDS_S) == 0
    finally:
        process.kill()
        process.wait()
        os.close(mine)


def test_a_pipe_gets_lines_without_escape_codes_and_ctrl_c_ends_in_order(folder: Path) -> None:
    process = started(
        folder, "--all", stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    try:
        seen = read_until(process.stdout.fileno(), b"A11USDT")
        process.send_signal(signal.SIGINT)
        rest, errors = process.communicate(timeout=ENDS_S)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0
    assert b"\033" not in seen + rest + errors
    assert b"Traceback" not in errors
    logs = list((folder / "bot_logs").glob("A00USDT_*.log"))
    assert logs[0].read_text().splitlines()[-1].endswith("INFO - stopped by user")


def test_what_nohup_has_it_ignore_does_not_end_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with _ended_by_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGTERM)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        with _ended_by_signals(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_reader_that_leaves_ends_the_scan_in_order(folder: Path) -> None:
    process = started(
        folder, "--all", stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        read_until(process.stdout.fileno(), b"Symbol")
        process.stdout.close()
        assert process.wait(60) == 0
        assert b"Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_the_demo_starts_an_exchange_of_its_own_and_ends_it(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    signals_of_anything = {"scanner": {"signal_config": {"signal_threshold": 0.02}}}
    (folder / "config.json").write_text(json.dumps(signals_of_anything))
    process = started(
        folder, "--demo", "--demo-symbols", "3", "--once", "--format", "json",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert b"prices are simulated" in errors
    rows = json.loads(out)
    assert [row["status"] for row in rows] == ["live"] * 3
    assert {row["symbol"] for row in rows} >= {"BTCUSDT", "ETHUSDT"}
    # Nothing of it can be taken for a signal of the real market, nor stands when that one is scanned next.
    assert {kept.mode for kept in read_signals(folder / "output" / FILE_NAME)} == {"demo"}
    assert (folder / "output/scan_state.demo.json").is_file()
    assert not (folder / "output/scan_state.json").exists()


def test_the_exchange_is_this_program_wherever_its_owner_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("whalebot", "json"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('a stranger')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    exchange = start_scan_exchange(tmp_path / "logs", 1, "1", 7)
    try:
        assert exchange.port
    finally:
        exchange.stop()


@pytest.mark.parametrize(
    ("is_demo", "expected"), [(True, "whalebot scan, SIMULATED prices  0:"), (False, "whalebot scan  0:")]
)
def test_the_live_table_says_that_prices_are_simulated(is_demo: bool, expected: str) -> None:
    loop: Any = SimpleNamespace(
        state=SimpleNamespace(up=1, connections=1),
        sink=SimpleNamespace(received=0, inbox=SimpleNamespace(counters=lambda: SimpleNamespace(received=0))),
    )
    scan = SimpleNamespace(args=SimpleNamespace(demo=is_demo), desk=SimpleNamespace(intervals=("15",)))
    table: Any = SimpleNamespace(_loop=loop, _scan=scan, _received=(0.0, 0), _started_s=0.0, _rate=0.0)
    assert Reporter._header(table, [], 5.0).startswith(expected)
