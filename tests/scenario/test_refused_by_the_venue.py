"""The venue refuses: the address, the private connection, a leverage."""

from __future__ import annotations

from pathlib import Path

import pytest
from shortened import shorten
from stage import Stage
from test_demo_run import HOLDING, LONG_HOLD

from whalebot.research.chaos.books import to_ms
from whalebot.research.chaos.ledger import read_lines

BLOCK_MS = 4_000
SHORT_BLOCK = f"from whalebot.adapters.bybit import limits; limits.CIRCUIT_OPEN_MS = {BLOCK_MS}"


def test_an_address_that_is_banned_sends_nothing_for_as_long_as_it_lasts(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten minutes for an owner, four seconds here."""
    shorten(stage, tmp_path, monkeypatch, SHORT_BLOCK)
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed")
        stage.exchange.fault({"do": "rest_error", "status": 403, "path": "v5/position"})
        heard_ms = to_ms(daemon.wait_for_event("venue_blocked")["ts"])
        daemon.wait_for_event("venue_unblocked")
        entered = len(daemon.events("entry"))
        daemon.wait_for_event("entry", count=entered + 1)
        stage.end(daemon)
    lines = list(read_lines(stage.exchange.log))
    [banned] = [line for line in lines if line["kind"] == "strike"]
    sent = [
        line
        for line in lines
        if line["kind"] == "request" and heard_ms < line["real_ms"] < banned["real_ms"] + BLOCK_MS
    ]
    # What was on its way already.
    assert len(sent) <= 3, sent
    assert len(daemon.events("venue_blocked")) == 1


def test_no_order_leaves_before_the_private_connection_is_there_and_all_is_compared(stage: Stage) -> None:
    stage.exchange.fault({"do": "refuse_connections", "channel": "private", "for": "PT10M"})
    with stage.daemon() as daemon:
        daemon.wait_for_event("entry_refused", count=3)
        assert not stage.lines("order")
        stage.exchange.fault({"do": "refuse_connections", "channel": "private", "for": "PT0.01S"})
        sent = daemon.wait_for_event("entry_sent")
        daemon.wait_for_event("trade_closed")
        ready = daemon.wait_for_event("reconciled")
        stage.end(daemon)
    assert ready["ts"] < sent["ts"]


def test_a_leverage_that_is_refused_or_changed_by_hand_ends_no_trading(stage: Stage) -> None:
    stage.exchange.fault({"do": "rest_error", "status": 400, "path": "position/set-leverage"})
    with stage.daemon(HOLDING, LONG_HOLD) as daemon:
        daemon.wait_for_event("leverage_refused")
        compare(stage)
        daemon.wait_for_event("entry")
        asked = len(changes(stage))
        compared = len(daemon.events("reconciled"))
        change = {"category": "linear", "symbol": "BTCUSDT", "buyLeverage": "3", "sellLeverage": "3"}
        stage.request("POST", "position/set-leverage", **change)
        compare(stage)
        daemon.wait_for_event("reconciled", count=compared + 1)
        assert len(changes(stage)) == asked + 1, "the one by hand"
        stage.exchange.fault({"do": "close_position", "symbol": "BTCUSDT"})
        daemon.wait_for_event("trade_closed")
        compare(stage)
        daemon.wait_for_event("entry", count=2)
        assert len(changes(stage)) == asked + 2, "once more, when nothing was open"
        stage.end(daemon)


def compare(stage: Stage) -> None:
    """Let the private connection break: after that the daemon compares all with the venue."""
    stage.exchange.fault({"do": "drop_streams", "channel": "private"})


def changes(stage: Stage) -> list[object]:
    """The requests for another leverage that reached the exchange."""
    return [line for line in stage.lines("request") if line["path"].endswith("set-leverage")]
