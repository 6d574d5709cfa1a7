"""The main job as its owner runs it: from entry to closed trade, to the end, and on at the next start."""

from __future__ import annotations

import stat
from decimal import Decimal
from pathlib import Path
from typing import Any

from market_files import write_bars
from processes import Daemon, run_to_end, trades_in, write_config

from whalebot.research.chaos.judge import judge_folder

EAGER: dict[str, Any] = {
    "interval": "5",
    "trade_management": {"account_balance": 100_000},
    "signal_score_threshold": 1.2,
    "risk_guardrails": {
        "max_consecutive_losses": 1000,
        "max_day_loss_pct": 90,
        "max_drawdown_pct": 90,
        "price_band_pct": 50,
    },
}
"""Trades often and is never paused, so that a short file holds many trades."""
LONG_HOLD = {"trade_management": {"max_hold_bars": 2000}}
HOLDING = {
    "trade_management": {
        "stop_loss_atr_multiple": 40,
        "take_profit_atr_multiple": 60,
        "enable_trailing_stop": False,
        "move_to_breakeven_atr_trigger": None,
        "close_on_opposite_signal": False,
        "max_hold_bars": 150,
    }
}
"""Holds what it opens until a time stop after 150 bars."""


def test_everything_between_the_first_bar_and_the_end_of_the_data(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    write_config(folder, EAGER)
    daemon = run_to_end(folder, "--data", bars, "--speed", "max", "--until-end")
    verdict = judge_folder(folder)
    assert not verdict.findings, verdict
    assert verdict.trades > 10
    assert verdict.stops_moved > verdict.trades
    assert {"stop_loss", "take_profit", "trailing_stop"} <= set(verdict.closed_by)
    assert "the data has ended" in daemon.output
    assert_private(folder)
    # What the breakers looked at last lies within one position's worth of the exchange's own balance.
    equity = Decimal(daemon.state()["guardrails"]["last_equity"])
    assert abs(equity - 100_000 - verdict.net) < 3_000


def assert_private(folder: Path) -> None:
    """Nobody but the owner may read what the daemon wrote."""
    for path in folder.rglob("*"):
        mode = stat.S_IMODE(path.lstat().st_mode)
        expected = 0o700 if path.is_dir() else 0o600
        if path.name != "config.json":  # the test wrote that one
            assert mode == expected, f"{path.relative_to(folder)} has mode {mode:o}"


def test_interrupt_ends_at_once_and_the_next_start_goes_on(tmp_path: Path, bars: str) -> None:
    folder = tmp_path / "d"
    write_config(folder, EAGER, HOLDING)
    with Daemon(folder, "--data", bars, "--speed", "36000") as first:
        first.wait_for_event("costs")
        first.wait_for_event("entry")
        code, took_s = first.interrupt()
    assert code == 0
    assert took_s < 5
    held = judge_folder(folder)
    assert not held.findings, held
    assert held.open_positions == 1
    [remembered] = first.state()["positions"]

    with Daemon(folder, "--data", bars, "--speed", "36000") as second:
        second.wait_for_event("trade_closed")
        code, took_s = second.interrupt()
    assert (code, took_s < 5) == (0, True)
    assert not second.events("foreign_position")
    [trade, *_] = second.trades()
    assert trade["trade_id"] == remembered["entry_link_id"]
    # A bar lasts 8 ms here: some pass until the order that ends it is filled.
    assert trade["closed_by"] == "time_stop"
    assert 150 <= trade["bars_held"] < 250
    verdict = judge_folder(folder)
    assert not verdict.findings, verdict


def test_replaying_a_file_twice_gives_the_same_trades(tmp_path: Path) -> None:
    write_config(tmp_path / "d", EAGER)
    bars = write_bars(tmp_path, bars=200)
    for _ in range(2):
        run_to_end(tmp_path / "d", "--mode", "replay", "--data", bars, "--speed", "max", "--until-end")
    trades = [without_ids(trade) for trade in trades_in(tmp_path / "d")]
    once = len(trades) // 2
    assert once > 4
    assert trades[:once] == trades[once:]


def without_ids(trade: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in trade.items() if name not in ("trade_id", "order_link_ids")}
