"""An order that the venue took, and neither its answer, nor its fill, nor a look-up tells of it for long."""

from __future__ import annotations

from pathlib import Path

import pytest
from shortened import PATIENT, shorten
from stage import Stage
from test_demo_run import HOLDING, LONG_HOLD


def test_an_order_that_nobody_tells_of_while_its_request_lasts_is_neither_refused_nor_forgotten(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request ends without an answer after ten seconds; its fill is lost, look-ups fail until then."""
    shorten(stage, tmp_path, monkeypatch, PATIENT)
    stage.exchange.fault(
        {"do": "timeout_after", "path": "order/create"},
        {"do": "lose_private", "topic": "execution"},
        {"do": "rest_error", "path": "order/realtime", "for": "PT15S", "after": {"orders": 1}},
    )
    with stage.daemon(HOLDING, LONG_HOLD) as daemon:
        unknown = daemon.wait_for_event("order_unknown", within_s=60)
        entry = daemon.wait_for_event("entry", within_s=90)
        verdict = stage.end(daemon)
    assert unknown["ts"] < entry["ts"]
    assert verdict.open_positions == 1
    assert len(daemon.events("entry_sent")) == 1
    assert not daemon.events("foreign_position")
    [position] = daemon.state("testnet")["positions"]
    assert position["entry_score"] is not None
