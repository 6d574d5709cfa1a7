"""freqtrade, where it is installed, makes a real trade here with the settings of its page."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "exchange" / "other-bots.md"
FREQTRADE = shutil.which("freqtrade")
pytestmark = [
    pytest.mark.socket,
    pytest.mark.timeout(180),
    pytest.mark.skipif(FREQTRADE is None, reason="freqtrade is not installed"),
]


def fenced(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return next(code for code in found if "freqtrade" in code or "ccxt_config" in code)


@pytest.fixture
def address() -> Iterator[str]:
    command = [sys.executable, "-m", "whalebot", "exchange", "--port", "0", "--from", "now"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        yield child.stdout.readline().split("//")[-1].strip()
        child.terminate()


@pytest.fixture
def bot(tmp_path: Path, address: str) -> Iterator[subprocess.Popen[str]]:
    """Run freqtrade on the page's settings, hurried: one look a second, out again at once."""
    settings = json.loads(fenced("json").replace("127.0.0.1:8899", address))
    settings["internals"]["process_throttle_secs"] = 1
    (tmp_path / "config.json").write_text(json.dumps(settings))
    strategy = fenced("python").replace('minimal_roi = {"2": -1}', 'minimal_roi = {"0": -1}')
    (tmp_path / "strategies").mkdir()
    (tmp_path / "strategies" / "flip_flop.py").write_text(strategy.replace("-0.004", "-0.05"))
    command = [str(FREQTRADE), "trade", "--config", "config.json", "--userdir", ".", "--strategy", "FlipFlop"]
    command += ["--db-url", "sqlite:///trades.sqlite"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as child:
        yield child
        child.terminate()
        child.communicate()


def log_of(address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"http://{address}/control/log?since=0", timeout=30) as answer:
        return json.loads(answer.read())


def test_it_enters_protects_and_leaves_a_position(bot: Any, address: str) -> None:
    booked = re.compile(r"'type': exit_fill.*?'profit_amount':\s*(-?[\d.]+)", re.DOTALL)
    said, closed = "", None
    while closed is None:
        line = bot.stderr.readline()
        assert line, said[-2000:]
        said += line
        closed = booked.search(said)
    lines = log_of(address)
    fills = [line for line in lines if line["kind"] == "execution"]
    assert len(fills) >= 2
    assert {fills[0]["side"], fills[1]["side"]} == {"Buy", "Sell"}
    assert "Untriggered" in {line["status"] for line in lines if line["kind"] == "order"}
    wallets = [Decimal(line["cum_realised"]) for line in lines if line["kind"] == "wallet"]
    assert Decimal(closed[1]) in wallets
