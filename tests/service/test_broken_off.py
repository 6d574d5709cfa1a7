"""Ends that leave less on disk than an end in order: a bug in the middle of an event, a disk that refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BROKEN = """
import sys
from whalebot.app.cli import main
from whalebot.engine.positions import PositionManager

def broken(self, fill, intent):
    raise ArithmeticError("a bug after half of the event")

PositionManager.on_fill = broken
sys.exit(main(["run", "-q", "--dir", sys.argv[1]]))
"""
NO_ROOM = """
import errno, os, sys
from whalebot.app.cli import main
from whalebot.adapters.storage.state import StateFile

def refused(self, document):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "state/demo.json")

StateFile.save = refused
sys.exit(main(["run", "--for", "1s", "--dir", sys.argv[1]]))
"""
CONFIG = {
    "mode": "demo",
    "symbols": ["BTCUSDT"],
    "interval": "5",
    "signal_score_threshold": 1.0,
    "demo": {"speed": 600},
}


def run(program: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    (folder / "config.json").write_text(json.dumps(CONFIG))
    return subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_the_order_whose_fill_broke_it_is_still_in_flight_for_the_next_run(tmp_path: Path) -> None:
    ended = run(BROKEN, tmp_path)
    assert ended.returncode == 70, ended.stdout[-2000:] + ended.stderr[-2000:]
    document = json.loads((tmp_path / "state" / "demo.json").read_bytes())["document"]
    [in_flight] = document["intents"]
    assert in_flight["intent"]["purpose"] == "entry"
    assert [symbol["recent_exec_ids"] for symbol in document["symbols"]] == [[]]


def test_an_end_whose_last_state_is_not_on_disk_is_not_one_in_order(tmp_path: Path) -> None:
    ended = run(NO_ROOM, tmp_path)
    assert ended.returncode == 4, ended.stdout[-2000:] + ended.stderr[-2000:]
    told = ended.stdout.decode().splitlines()
    [last] = [line for line in told if "ended: " in line]
    assert "ERROR" in last
    assert "ended: the last state of this run could not be saved" in last
    [*_, record] = (tmp_path / "state" / "audit.jsonl").read_text().splitlines()
    assert "could not be saved" in record
