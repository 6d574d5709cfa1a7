"""Faults of the exchange while positions come and go: the judge finds nothing each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import Daemon, ExchangeProcess, write_config, write_keys
from test_demo_run import EAGER
from test_restarts import WARM_MS

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.judge import judge_folder

SCALE = 1800
Fault = dict[str, Any]
FAULTS: dict[str, list[Fault]] = {
    "the private stream drops": [{"do": "drop_streams", "channel": "private", "after": {"executions": 1}}],
    "the public stream drops": [{"do": "drop_streams", "channel": "public", "after": {"orders": 1}}],
    "private messages are late": [{"do": "delay_private", "delay": "PT1S", "count": 12}],
    "private messages come twice": [{"do": "duplicate_private", "count": 40}],
    "private messages change order": [{"do": "reorder_private", "count": 6}],
    "private messages are lost": [{"do": "lose_private", "count": 8}],
    "an order is taken, its answer is lost": [{"do": "timeout_after", "path": "order/create"}],
    "an order is taken, an error answers it": [
        {"do": "rest_error_after", "path": "order/create", "status": 502}
    ],
    "an order never arrives": [{"do": "timeout_before", "path": "order/create"}],
    "an order is refused": [{"do": "reject_order"}],
    "the next requests fail": [{"do": "rest_error", "count": 5, "after": {"executions": 1}}],
    "stops cannot be set": [{"do": "rest_error", "path": "trading-stop", "count": 2, "status": 502}],
    "stop answers are lost": [{"do": "timeout_after", "path": "trading-stop", "count": 2}],
    "stops are set, errors answer": [
        {"do": "rest_error_after", "path": "trading-stop", "count": 2, "status": 503}
    ],
    "closed from outside": [{"do": "close_position", "symbol": "BTCUSDT", "after": {"executions": 1}}],
    "a stop is filled in part": [
        {"do": "partial_fills", "share": "0.3", "after": {"executions": 1}},
        {"do": "partial_fills", "share": "1", "after": {"executions": 2}},
    ],
    "an entry is filled in part": [
        {"do": "partial_fills", "share": "0.3"},
        {"do": "partial_fills", "share": "1", "after": {"orders": 1}},
    ],
}
TOGETHER = (
    "the private stream drops",
    "private messages come twice",
    "an order is refused",
    "stops cannot be set",
    "closed from outside",
)


@pytest.fixture
def exchange(tmp_path: Path, bars: str, zygote: Zygote) -> Iterator[ExchangeProcess]:
    options = ("--data", bars, "--from", str(WARM_MS), "--speed", str(SCALE), "--balance", "100000")
    with ExchangeProcess(tmp_path / "x", *options, "--check", zygote=zygote) as running:
        yield running


def trade_through(
    folder: Path, exchange: ExchangeProcess, faults: list[Fault], trades: int, zygote: Zygote
) -> Daemon:
    """Let a daemon close so many trades while the faults strike; judge it."""
    write_config(folder, exchange.config, {"exchange": {"time_scale": SCALE}}, EAGER)
    write_keys(folder)
    exchange.fault(*faults)
    with Daemon(folder, zygote=zygote) as daemon:
        daemon.wait_for_event("trade_closed", count=trades)
        assert daemon.interrupt()[0] == 0
    struck = {line["do"] for line in exchange.log_now() if line["kind"] == "fault"}
    assert struck == {fault["do"] for fault in faults}
    exchange.stop()
    verdict = judge_folder(folder, "testnet", exchange.log)
    assert not verdict.findings, verdict
    return daemon


def test_one_fault_after_the_other(tmp_path: Path, exchange: ExchangeProcess, zygote: Zygote) -> None:
    faults = [fault for name in TOGETHER for fault in FAULTS[name]]
    daemon = trade_through(tmp_path / "d", exchange, faults, 3, zygote)
    assert any(trade["closed_by"] == "foreign" for trade in daemon.trades())
    assert daemon.events("stream_down")


@pytest.mark.slow
@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_alone(name: str, tmp_path: Path, exchange: ExchangeProcess, zygote: Zygote) -> None:
    trade_through(tmp_path / "d", exchange, FAULTS[name], 2, zygote)
