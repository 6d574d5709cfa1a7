"""The exchange as a process: how it starts, what it prints, and how it ends."""

from __future__ import annotations

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from whalebot.adapters.exchange.main import ExchangeOptions, add_arguments, options_from_args, run_exchange
from whalebot.adapters.exchange.market.synthetic import make_specs
from whalebot.domain.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 30
SCRIPT = """
import argparse, sys
from whalebot.adapters.exchange.main import add_arguments, options_from_args, run_exchange
parser = argparse.ArgumentParser()
add_arguments(parser)
sys.exit(run_exchange(options_from_args(parser.parse_args())))
"""


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "--port", "0", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **environment},
    )
    assert child.stdout is not None
    try:
        line = child.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), child.communicate()
        yield child, line.split()[-1]
    finally:
        child.kill()
        child.communicate()


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=DEADLINE_S) as answer:
        return json.loads(answer.read())


@pytest.mark.socket
def test_it_says_where_it_listens_and_that_prices_are_simulated_and_saves_on_sigterm(tmp_path: Path) -> None:
    log, state = tmp_path / "events.jsonl", tmp_path / "state"
    arguments = ("--symbols", "2", "--speed", "3600", "--log", str(log), "--state", str(state))
    secret = {"WHALEBOT_EXCHANGE_KEY": "from-env", "WHALEBOT_EXCHANGE_SECRET": "hidden"}
    with process(*arguments, **secret) as (child, url):
        assert get(f"{url}/control/state")["symbols"] == ["BTCUSDT", "ETHUSDT"]
        assert (
            len(get(f"{url}/v5/market/kline?symbol=BTCUSDT&interval=15&limit=1000")["result"]["list"]) == 1000
        )
        started = time.monotonic()
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=DEADLINE_S)
        assert child.returncode == 0
        # Its service manager gives it twenty seconds; a machine with much to do needs some of them.
        assert time.monotonic() - started < 10
    assert "simulated" in errors
    assert "hidden" not in errors
    assert json.loads((state / "exchange.json").read_text())["version"] == 1
    assert json.loads(log.read_text().splitlines()[0])["kind"] == "start"


@pytest.mark.socket
def test_it_ends_when_its_parent_closes_standard_input() -> None:
    with process("--die-with-parent") as (child, _):
        assert child.stdin is not None
        child.stdin.close()
        child.stdin = None
        assert child.wait(DEADLINE_S) == 0


@pytest.mark.socket
def test_it_ends_when_the_named_parent_is_gone() -> None:
    parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with process("--parent-pid", str(parent.pid)) as (child, _):
        assert child.poll() is None
        parent.communicate(b"\n")
        assert child.wait(DEADLINE_S) == 0


def options(*arguments: str) -> ExchangeOptions:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return options_from_args(parser.parse_args(arguments))


@pytest.mark.parametrize(
    "arguments",
    [
        ("--speed", "fast"),
        ("--symbols", "NOPEUSDT"),
        ("--symbols", "0"),
        ("--symbols", "9999"),
        ("--symbols", "BTCUSDT,BTCUSDT"),
        ("--balance", "-5"),
        ("--balance", "much"),
        ("--port", "70000"),
        ("--market", "random"),
        ("--from", "yesterday"),
        ("--data", "file.csv"),
        ("--tick", "0"),
    ],
    ids=" ".join,
)
def test_an_option_that_makes_no_sense_is_named(arguments: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        run_exchange(options("--port", "0", *arguments) if "--port" not in arguments else options(*arguments))
    assert arguments[0] in str(caught.value)


def test_options_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHALEBOT_EXCHANGE_KEY", raising=False)
    read = options(
        "--data", "BTCUSDT=a.csv", "b.csv", "--from", "2025-06-01T00:00:00", "--rate-limits", "off"
    )
    assert read.data == ("BTCUSDT=a.csv", "b.csv")
    assert read.from_ms == 1_748_736_000_000
    assert not read.rate_limits
    assert read.waits_for_client
    assert not options().waits_for_client
    assert options("--speed", "max").waits_for_client
    assert not options("--speed", "max", "--no-wait-for-client").waits_for_client
    assert options("--balance", "250.5").balance == Decimal("250.5")
    assert "secret" not in repr(options("--api-secret", "topsecret")).replace("api_secret", "")


def test_the_shipped_instruments_are_sound() -> None:
    specs = make_specs("100")
    assert [spec.instrument.symbol for spec in make_specs("3")] == ["BTCUSDT", "ETHUSDT", "SOLUSDT"]
    for spec in specs:
        grid = spec.instrument
        assert grid.max_qty % grid.qty_step == 0
        assert grid.max_market_qty % grid.qty_step == 0
        assert grid.min_qty <= grid.max_market_qty <= grid.max_qty
        assert spec.start_price > grid.tick_size * 100
        assert spec.start_price * grid.qty_step < 100


def test_a_port_that_is_taken_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        options = ExchangeOptions(port=port, symbols="BTCUSDT")
        with pytest.raises(ConfigError, match=f"--port {port}: cannot listen on 127.0.0.1"):
            run_exchange(options)
