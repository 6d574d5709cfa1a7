"""`scan history` and `scan judge` as the command line asks for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sample_records import signal_record

from whalebot.app.cli import main
from whalebot.scanner.history import FILE_NAME, SignalHistory

START = 1_767_225_600_000  # 2026-01-01


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = SignalHistory(tmp_path / "output" / FILE_NAME)
    store.add([signal_record(1)], "a", "live")
    store.add([signal_record(1), signal_record(2, "ETHUSDT")], "b", "backscan")
    store.close()
    (tmp_path / "BTCUSDT-15m.csv").write_text(
        "timestamp,open,high,low,close,volume\n"
        + "".join(f"{START + 900_000 * number},115,116,114,115,1\n" for number in range(40))
    )
    return tmp_path


def judge(folder: Path, *words: str) -> int:
    return main(["scan", "judge", "--dir", str(folder), "--data", str(folder / "BTCUSDT-15m.csv"), *words])


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ((), [("id1", "live"), ("id2", "backscan")]),
        (("--mode", "backscan"), [("id1", "backscan"), ("id2", "backscan")]),
        (("--mode", "live"), [("id1", "live")]),
        (("--mode", "replay"), []),
        (("--mode", "backscan", "--symbol", "ETHUSDT"), [("id2", "backscan")]),
    ],
)
def test_history_of_one_mode(folder: Path, capsys: Any, choice: tuple[str, ...], expected: list[Any]) -> None:
    assert main(["scan", "history", "--dir", str(folder), "--format", "json", *choice]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(record["id"], record["mode"]) for record in found] == expected


def test_judge_of_one_mode(folder: Path, capsys: Any) -> None:
    assert judge(folder, "--mode", "live") == 0
    assert "all: n 1" in capsys.readouterr().out
    assert judge(folder, "--mode", "replay") == 2
    assert "no signal to judge" in capsys.readouterr().err


def test_simulated_signals_are_listed_and_not_judged(folder: Path, capsys: Any) -> None:
    store = SignalHistory(folder / "output" / FILE_NAME)
    store.add([signal_record(1), replace(signal_record(3), config_hash="1")], "c", "demo")
    store.close()
    assert main(["scan", "history", "--dir", str(folder), "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    expected = [("id1", "live"), ("id2", "backscan"), ("id3", "demo")]
    assert sorted((record["id"], record["mode"]) for record in found) == expected
    assert judge(folder, "--symbol", "BTCUSDT") == 0
    assert "all: n 1" in capsys.readouterr().out
    assert judge(folder, "--mode", "demo") == 2
    assert "no signal to judge; a scan of a real market" in capsys.readouterr().err


def test_a_signal_without_a_price_is_left_out(folder: Path, caplog: Any) -> None:
    store = SignalHistory(folder / "output" / FILE_NAME)
    store.add([replace(signal_record(3), entry_price=None, config_hash="1")], "c", "replay")
    store.close()
    assert judge(folder, "--mode", "replay") == 2
    assert "1 signals without a price or a score are left out" in caplog.text
