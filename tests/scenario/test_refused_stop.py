"""The venue refuses to move a stop: the old one stays, and a price beyond the new one ends the position."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stage import SCALE, Stage
from test_account_truth import write_calm_bars
from waiting import until

from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.ledger import read_lines

FAR = {
    "trade_management": {
        "stop_loss_atr_multiple": 40,
        "take_profit_atr_multiple": 60,
        "move_to_breakeven_atr_trigger": None,
        "close_on_opposite_signal": False,
        "max_hold_bars": 2000,
    }
}
"""The first stop is never met; the one that trails is near."""
REFUSED = {"do": "rest_error", "path": "position/trading-stop", "status": 404, "for": "PT10M"}


def test_a_stop_that_may_not_be_moved_stays_where_it_was(stage: Stage) -> None:
    stage.exchange.fault({**REFUSED, "after": {"orders": 1}})
    with stage.daemon() as daemon:
        daemon.wait_for_event("stop_refused", count=3)
        daemon.wait_for_event("trade_closed")
        verdict = stage.end(daemon)
    assert verdict.stops_moved == 0
    assert all(line["is_protected"] for line in read_lines(stage.exchange.log) if line["kind"] == "stop")


def test_a_price_beyond_a_stop_that_was_refused_closes_the_position(tmp_path: Path, zygote: Zygote) -> None:
    """It is not beyond when the venue refuses, but later."""
    bars = str(write_calm_bars(tmp_path, days=4))
    with Stage(tmp_path, bars, SCALE, zygote=zygote) as stage:
        stage.exchange.fault({**REFUSED, "after": {"orders": 1}})
        with stage.daemon(FAR) as daemon:
            closed = daemon.wait_for_event("trade_closed")
            until(lambda: has_left(stage), "the exit in the exchange's log", 30)
            stage.end(daemon)
    assert closed["fields"]["closed_by"] == "trailing_stop"
    assert daemon.events("stop_refused")


def has_left(stage: Stage) -> list[dict[str, Any]]:
    """The orders by which the daemon closed something."""
    return [line for line in stage.lines("order") if line["order_link_id"] and line["reduce_only"]]
