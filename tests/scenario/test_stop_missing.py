"""An entry is filled and its stop is not there: the venue lost it, and takes none, or takes it late."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from shortened import LIMIT_MS, PATIENT, shorten
from stage import Stage
from test_demo_run import HOLDING, LONG_HOLD
from waiting import until

from whalebot.research.chaos.spans import Span


def test_a_stop_that_the_venue_did_not_attach_is_set(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten(stage, tmp_path, monkeypatch, PATIENT)
    stage.exchange.fault({"do": "drop_stop"})
    with stage.daemon(HOLDING, LONG_HOLD) as daemon:
        daemon.wait_for_event("entry")
        until(lambda: stage.lines("stop")[-1]["is_protected"], "a stop at the exchange", 30)
        at_ms = stage.lines("stop")[0]["real_ms"]
        verdict = stage.end(daemon, Span(at_ms, at_ms + LIMIT_MS, "a slow machine"))
    bare, covered = stage_stops(stage)[:2]
    assert (bare["is_protected"], covered["is_protected"]) == (False, True)
    assert covered["size"] == bare["size"] != "0"
    assert verdict.worst_bare_ms > 0
    assert verdict.open_positions == 1
    assert len(daemon.events("entry")) == 1


def test_a_position_that_gets_no_stop_is_closed(stage: Stage) -> None:
    """Neither with the order nor afterwards: every request for one fails."""
    stage.exchange.fault(
        {"do": "drop_stop"},
        {"do": "rest_error", "path": "position/trading-stop", "for": "PT60S"},
    )
    with stage.daemon(HOLDING, LONG_HOLD) as daemon:
        told = daemon.wait_for_event("unprotected")
        closed = daemon.wait_for_event("trade_closed")
        stage.exchange.stop()
        daemon.kill()
    bare, flat = stage_stops(stage)[:2]
    assert (bare["is_protected"], flat["size"]) == (False, "0")
    exits = [line for line in stage_lines(stage, "order") if line["reduce_only"]]
    assert exits[0]["real_ms"] - bare["real_ms"] < LIMIT_MS
    assert "closing the position" in told["text"]
    assert closed["fields"]["closed_by"] == "kill"


def stage_stops(stage: Stage) -> list[dict[str, Any]]:
    """The lines about protection."""
    return stage_lines(stage, "stop")


def stage_lines(stage: Stage, kind: str) -> list[dict[str, Any]]:
    """The lines of one kind in the log of an exchange that has ended."""
    from whalebot.research.chaos.ledger import read_lines

    return [line for line in read_lines(stage.exchange.log) if line["kind"] == kind]
