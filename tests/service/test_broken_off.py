"""A bug in the middle of an event: what is left on disk is what was known before it."""

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
CONFIG = {
    "mode": "demo",
    "symbols": ["BTCUSDT"],
    "interval": "5",
    "signal_score_threshold": 1.0,
    "demo": {"speed": 600},
}


def test_the_order_whose_fill_broke_it_is_still_in_flight_for_the_next_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    ended = subprocess.run(
        [sys.executable, "-c", BROKEN, str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 70, ended.stdout[-2000:] + ended.stderr[-2000:]
    document = json.loads((tmp_path / "state" / "demo.json").read_bytes())["document"]
    [in_flight] = document["intents"]
    assert in_flight["intent"]["purpose"] == "entry"
    assert [symbol["recent_exec_ids"] for symbol in document["symbols"]] == [[]]
