"""The venue takes a position away: its margin is gone before its stop is met."""

from __future__ import annotations

from stage import Stage
from test_demo_run import HOLDING

FULL_TILT = {"trade_management": {"leverage": 100, "max_hold_bars": 2000}}


def test_a_liquidation_is_told_as_one_with_the_amounts_of_the_venue(stage: Stage) -> None:
    """Isolated margin of one percent, and a stop that lies much farther away."""
    stage.request("POST", "account/set-margin-mode", setMarginMode="ISOLATED_MARGIN")
    with stage.daemon(HOLDING, FULL_TILT) as daemon:
        closed = daemon.wait_for_event("trade_closed")
        verdict = stage.end(daemon)
    assert closed["fields"]["closed_by"] == "liquidation"
    assert daemon.trades()[0]["closed_by"] == "liquidation"
    assert verdict.closed_by["liquidation"] >= 1
