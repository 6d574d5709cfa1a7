"""Starts that must not happen, and files that are not what they should be: a message, and nothing lost."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from market_files import write_bars
from processes import environment, run_to_end, trades_in, write_config, write_keys
from test_demo_run import EAGER

_LIBC = ctypes.CDLL(None)
_DROP_FROM_BOUNDING_SET, _DAC_OVERRIDE, _DAC_READ_SEARCH = 24, 1, 2


def obey_permissions() -> None:
    """Make the modes of files count for root too, in the child: it gives up the right to overrule them."""
    if os.getuid() == 0:
        for capability in (_DAC_OVERRIDE, _DAC_READ_SEARCH):
            _LIBC.prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


def start(folder: Path, *arguments: str) -> tuple[int, str]:
    """Start a daemon that must end by itself; return exit code and output."""
    done = subprocess.run(
        [sys.executable, "-m", "whalebot", "run", "--dir", str(folder), "--for", "1s", *arguments],
        cwd="/",
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        preexec_fn=obey_permissions,
        check=False,
    )
    assert "Traceback" not in done.stdout, done.stdout
    return done.returncode, done.stdout


def test_broken_json_is_named_with_its_place_and_left_alone(tmp_path: Path) -> None:
    text = '{"mode": "demo",\n "interval": }\n'
    (tmp_path / "config.json").write_text(text)
    code, output = start(tmp_path)
    assert code == 2
    assert "config.json" in output
    assert "line 2" in output
    assert (tmp_path / "config.json").read_text() == text


def test_a_state_that_cannot_be_read_is_refused_also_where_it_is_only_written(tmp_path: Path) -> None:
    write_config(tmp_path / "d", EAGER)
    state = tmp_path / "d" / "state" / "replay.json"
    state.parent.mkdir(mode=0o700)
    state.write_text("{")
    code, output = start(tmp_path / "d", "--mode", "replay", "--data", str(write_bars(tmp_path)))
    assert code == 2, output
    assert "no state document can be read: replay.json" in output
    assert state.read_text() == "{"


@pytest.mark.parametrize(
    ("config", "arguments", "wanted"),
    [
        pytest.param({"mode": "live"}, (), "live_trading_confirmed", id="nothing confirmed"),
        pytest.param({"mode": "live"}, ("--live",), "live_trading_confirmed", id="no word in the file"),
        pytest.param({"mode": "live", "live_trading_confirmed": True}, (), "--live", id="no --live"),
        pytest.param({"mode": "testnet"}, (), "BYBIT_API_KEY", id="no keys"),
        pytest.param({"mode": "replay"}, (), "--data", id="nothing to replay"),
    ],
)
def test_a_mode_without_what_it_needs(
    tmp_path: Path, config: dict[str, Any], arguments: tuple[str, ...], wanted: str
) -> None:
    write_config(tmp_path, config)
    if config["mode"] == "live":
        write_keys(tmp_path)
    code, output = start(tmp_path, *arguments)
    assert code == 2
    assert wanted in output
    assert not (tmp_path / "trade_history.json").exists()


def test_damaged_history_and_state_lose_nothing(tmp_path: Path) -> None:
    write_config(tmp_path, EAGER)
    bars = str(write_bars(tmp_path / "data", bars=150))
    run_to_end(tmp_path, "--data", bars, "--speed", "max", "--until-end")
    before = trades_in(tmp_path)
    assert len(before) > 1
    history, state = tmp_path / "trade_history.json", tmp_path / "state" / "demo.json"
    damaged = history.read_bytes().replace(b'"trade_id"', b'"tra', 1)
    history.write_bytes(damaged)
    state.write_bytes(state.read_bytes()[:-40])

    code, output = start(tmp_path, "--data", bars, "--speed", "60")
    assert code == 0
    assert trades_in(tmp_path)[: len(before) - 1] == before[1:]
    assert [kept for kept in tmp_path.glob("trade_history*") if kept.read_bytes() == damaged]
    assert "trade_history.json: not a whole list of trades" in output
    assert "the state document is damaged" in output

    for name in ("demo.json", "demo.json.last"):
        (tmp_path / "state" / name).write_bytes(b"\0" * 64)
    code, output = start(tmp_path, "--data", bars, "--speed", "60")
    assert code == 2
    assert "no state document can be read" in output
    assert (tmp_path / "state" / "demo.json").read_bytes() == b"\0" * 64


def test_a_foreign_history_is_kept(tmp_path: Path, bars: str) -> None:
    history = tmp_path / "trade_history.json"
    history.write_text(json.dumps({"someone": "else's"}))
    write_config(tmp_path, EAGER)
    code, output = start(tmp_path, "--data", bars, "--speed", "60")
    assert code == 0
    assert "not a whole list of trades" in output
    kept = [path for path in tmp_path.glob("trade_history*") if "someone" in path.read_text()]
    assert len(kept) == 1
    assert trades_in(tmp_path) == []


def test_a_read_only_folder_is_named(tmp_path: Path) -> None:
    place = tmp_path / "closed"
    place.mkdir(mode=0o555)
    code, output = start(place)
    assert code == 2, output
    assert f"{place}/logs" in output
    assert "--dir" in output


def test_an_unwritable_log_is_named(tmp_path: Path) -> None:
    code, _ = start(tmp_path)
    assert code == 0
    log = tmp_path / "logs" / "whalebot.log"
    log.chmod(0o444)
    code, output = start(tmp_path)
    assert code == 2, output
    assert str(log) in output


def test_an_unreadable_env_is_named(tmp_path: Path) -> None:
    write_keys(tmp_path)
    (tmp_path / ".env").chmod(0o000)
    code, output = start(tmp_path)
    assert code == 2, output
    assert str(tmp_path / ".env") in output
