"""Websockets stay open and say nothing any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from shortened import shorten
from stage import Stage

SOON = """
from whalebot.adapters.bybit.silence import StreamTimings
_waits = dict(zip(StreamTimings.__annotations__, StreamTimings.__init__.__defaults__, strict=True))
StreamTimings.__init__.__defaults__ = tuple({**_waits, "ping_s": 1.0, "dead_s": 4.0}.values())
"""


def test_streams_that_are_open_and_silent_are_opened_again_and_trading_goes_on(
    tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After thirty seconds for an owner, after four here."""
    shorten(stage, tmp_path, monkeypatch, SOON)
    with stage.daemon() as daemon:
        daemon.wait_for_event("entry")
        stage.exchange.fault({"do": "freeze_streams", "channel": "all", "for": "PT8S"})
        daemon.wait_for_event("stream_down", count=2)
        closed = len(daemon.events("trade_closed"))
        daemon.wait_for_event("trade_closed", count=closed + 1)
        stage.end(daemon)
