"""What is open and why: answers that fail, outages, long absences, hands from outside."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from market_files import FIVE_MINUTES, START_MS
from shortened import PATIENT, shorten
from stage import SCALE, Stage
from test_demo_run import HOLDING, LONG_HOLD
from waiting import until

from whalebot.research.chaos.forking import Zygote

DAY_MS = 86_400_000


def test_a_failed_position_query_is_not_flat(stage: Stage) -> None:
    with stage.daemon(HOLDING, LONG_HOLD) as daemon:
        daemon.wait_for_event("entry")
        stage.exchange.fault(
            {"do": "rest_error", "path": "position/list", "count": 3},
            {"do": "drop_streams", "channel": "private"},
        )
        daemon.wait_for_event("snapshot_unknown")
        daemon.wait_for_event("reconciled", count=2)
        verdict = stage.end(daemon)
    assert verdict.open_positions == 1
    assert len(daemon.events("entry_sent")) == 1
    assert not daemon.events("foreign_position")


def test_an_order_taken_just_before_an_outage_is_not_forgotten(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(stage, tmp_path, monkeypatch, PATIENT)
    stage.exchange.fault(
        {"do": "timeout_after", "path": "order/create"},
        {"do": "maintenance", "for": "PT2S", "after": {"orders": 1}},
    )
    with stage.daemon(HOLDING, LONG_HOLD) as daemon:
        daemon.wait_for_event("stream_down")
        daemon.wait_for_event("entry", within_s=90)
        verdict = stage.end(daemon)
    assert verdict.open_positions == 1
    assert not daemon.events("foreign_position")
    [position] = daemon.state("testnet")["positions"]
    assert position["entry_score"] is not None


def test_a_position_left_alone_for_ten_days_is_managed_again(
    tmp_path: Path, zygote: Zygote, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Longer than one question for executions may reach back."""
    with Stage(tmp_path, str(write_calm_bars(tmp_path, days=13)), zygote=zygote) as stage:
        shorten(stage, tmp_path, monkeypatch, PATIENT)
        with stage.daemon(HOLDING) as first:
            first.wait_for_event("entry")
            first.kill()
        stage.exchange.stop()
        opened_ms = stage.play(500_000, "--no-wait-for-client").state_now()["sim_ms"]
        until(lambda: stage.exchange.state_now()["sim_ms"] > opened_ms + 10 * DAY_MS, "ten days", 60)
        stage.exchange.stop()
        stage.play(SCALE)
        with stage.daemon(HOLDING) as second:
            closed = second.wait_for_event("trade_closed")
            verdict = stage.end(second)
    assert not second.events("foreign_position")
    assert closed["fields"]["closed_by"] == "time_stop"
    assert verdict.closed_by["time_stop"] == 1


def write_calm_bars(folder: Path, days: int) -> Path:
    """Bars that swing by one percent for ever: there are signals, but no stop that lies far away is met."""
    path = folder / "BTCUSDT-5m-bybit_linear-calm.csv"
    rows, last = ["timestamp,open,high,low,close,volume"], 60_000.0
    for number in range(days * 288 + 300):
        close = round(60_000 * (1 + 0.01 * math.sin(number / 9) + 0.002 * math.sin(number / 2.3)), 1)
        high, low = max(last, close) + 30, min(last, close) - 30
        volume = 100 + 60 * math.sin(number / 5)
        rows.append(
            f"{START_MS + number * FIVE_MINUTES},{last:.1f},{high:.1f},{low:.1f},{close:.1f},{volume:.3f}"
        )
        last = close
    path.write_text("\n".join(rows) + "\n")
    return path


def test_a_position_of_somebody_else_gets_a_stop_and_nothing_more(stage: Stage) -> None:
    stage.request("POST", "order/create", category="linear", symbol="BTCUSDT", side="Buy",
                  orderType="Market", qty="0.5")  # fmt: skip
    with stage.daemon() as daemon:
        daemon.wait_for_event("foreign_position")
        until(lambda: stage.lines("stop")[-1]["stop_loss"], "a stop at the exchange", 30)
        assert daemon.interrupt()[0] == 0
    assert not daemon.events("entry_sent")
    [line] = [line for line in stage.lines("stop") if line["stop_loss"]]
    assert line["take_profit"] == ""


def test_an_account_in_hedge_mode_is_traded_on_its_own_sides(stage: Stage) -> None:
    stage.request("POST", "position/switch-mode", category="linear", symbol="BTCUSDT", mode=3)
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed", count=2)
        stage.end(daemon)
    held = {(line["position_idx"], line["side"]) for line in daemon_positions(stage)}
    assert held <= {(1, "Buy"), (2, "Sell")}
    assert held


def test_a_mode_that_changes_while_the_daemon_runs_ends_entries_and_is_told(stage: Stage) -> None:
    """The venue changes it only while the account is flat."""
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed")
        until(lambda: has_switched(stage), "a moment without position and order", 60)
        told = daemon.wait_for_event("position_mode")
        sent = len(daemon.events("entry_sent"))
        refused = daemon.wait_for_event("entry_refused", count=len(daemon.events("entry_refused")) + 3)
        assert len(daemon.events("entry_sent")) == sent
        stage.end(daemon)
    assert "hedge mode now" in told["text"]
    assert "position mode has changed" in refused["text"]
    assert len(daemon.events("position_mode")) == 1


def has_switched(stage: Stage) -> bool:
    """Ask for hedge mode; False where the venue refuses because something is open."""
    try:
        stage.request("POST", "position/switch-mode", category="linear", symbol="BTCUSDT", mode=3)
    except AssertionError:
        return False
    return True


def daemon_positions(stage: Stage) -> list[dict[str, object]]:
    """The lines about positions with a size."""
    from whalebot.research.chaos.ledger import read_lines

    lines = read_lines(stage.exchange.log)
    return [line for line in lines if line["kind"] == "position" and float(line["size"])]
