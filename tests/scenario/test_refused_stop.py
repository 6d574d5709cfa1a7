"""The venue refuses to move a stop: the old one stays."""

from __future__ import annotations

from stage import Stage

from whalebot.research.chaos.ledger import read_lines

REFUSED = {"do": "rest_error", "path": "position/trading-stop", "status": 404, "for": "PT10M"}


def test_a_stop_that_may_not_be_moved_stays_where_it_was(stage: Stage) -> None:
    stage.exchange.fault({**REFUSED, "after": {"orders": 1}})
    with stage.daemon() as daemon:
        daemon.wait_for_event("stop_refused", count=3)
        daemon.wait_for_event("trade_closed")
        verdict = stage.end(daemon)
    assert verdict.stops_moved == 0
    assert all(line["is_protected"] for line in read_lines(stage.exchange.log) if line["kind"] == "stop")
