"""Streams, clocks and requests that do what they should not, while trading goes on."""

from __future__ import annotations

import pytest
from stage import Stage

from whalebot.research.chaos.ledger import read_lines

FRAMES = ("garbage", "unknown", "null", "missing", "array", "huge")


def test_an_order_whose_answer_is_lost_is_sent_once(stage: Stage) -> None:
    stage.exchange.fault({"do": "timeout_after", "path": "order/create"})
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed")
        verdict = stage.end(daemon)
    assert verdict.trades
    [strike] = [line for line in read_lines(stage.exchange.log) if line["kind"] == "strike"]
    assert (strike["do"], strike["target"]) == ("silence", "/v5/order/create")


def test_frames_nobody_expects_stop_nothing(stage: Stage) -> None:
    with stage.daemon() as daemon:
        daemon.wait_for_event("entry")
        stage.exchange.fault(
            *(
                {"do": "send_frame", "frame": frame, "channel": channel}
                for frame in FRAMES
                for channel in ("public", "private")
            ),
            {"do": "skip_book_update", "count": 3},
        )
        daemon.wait_for_event("trade_closed", count=2)
        verdict = stage.end(daemon)
    assert not daemon.events("stream_down")
    assert verdict.trades >= 2


def test_a_clock_of_the_venue_that_steps_costs_no_trade(stage: Stage) -> None:
    stage.exchange.fault({"do": "clock_skew", "ms": 20_000, "for": "PT4S", "after": {"executions": 1}})
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed", count=2)
        stage.end(daemon)


def test_a_tick_size_that_changes_is_learnt(stage: Stage) -> None:
    stage.exchange.fault(
        {"do": "change_tick", "symbol": "BTCUSDT", "tickSize": "5", "after": {"executions": 1}}
    )
    with stage.daemon() as daemon:
        daemon.wait_for_event("trade_closed", count=3)
        stage.end(daemon)
    last = daemon.trades()[-1]
    assert float(last["initial_stop"]) % 5 == 0


@pytest.mark.slow
def test_streams_that_fall_silent_are_opened_again(stage: Stage) -> None:
    with stage.daemon() as daemon:
        daemon.wait_for_event("entry")
        stage.exchange.fault({"do": "freeze_streams", "channel": "all", "for": "PT33S"})
        daemon.wait_for_event("stream_down", count=2, within_s=45)
        closed = len(daemon.events("trade_closed"))
        daemon.wait_for_event("trade_closed", count=closed + 2, within_s=90)
        stage.end(daemon)
