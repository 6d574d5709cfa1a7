"""Three symbols at once on bars built from shorter ones, over real sockets."""

from __future__ import annotations

from pathlib import Path

from market_files import write_bars
from processes import run_to_end, trades_in, write_config
from test_demo_run import EAGER

from whalebot.research.chaos.judge import judge_folder

PRICES = {"BTCUSDT": 60_000, "ETHUSDT": 3_000, "SOLUSDT": 150}


def test_three_symbols_on_fifteen_minutes_from_five(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    files = [write_bars(tmp_path, symbol, bars=450, price=price) for symbol, price in PRICES.items()]
    write_config(folder, EAGER, {"interval": "15", "symbols": list(PRICES)})
    daemon = run_to_end(folder, "--data", *files, "--speed", "max", "--until-end", within_s=100)
    verdict = judge_folder(folder)
    assert not verdict.findings, verdict
    assert {trade["symbol"] for trade in trades_in(folder)} == set(PRICES)
    assert all(bar_of(event["fields"]) for event in daemon.events("analysis"))


def bar_of(fields: dict[str, str]) -> bool:
    """True for an analysis of a fifteen-minute bar."""
    return fields.get("interval", "15") == "15"
