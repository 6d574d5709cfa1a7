"""A market that keeps the machine's time: `--from now`."""

from __future__ import annotations

import argparse
import time
from decimal import Decimal

import pytest
from exchange_harness import MINUTE, instrument, running

from whalebot.adapters.exchange.main import ExchangeOptions, add_arguments, options_from_args
from whalebot.adapters.exchange.market.bars import bars_from_candles
from whalebot.adapters.exchange.market.playback import PlaybackTrack
from whalebot.domain.errors import ConfigError
from whalebot.domain.market import Candle

DEADLINE_S = 30


def machine_ms() -> int:
    return time.time_ns() // 1_000_000


def options(*arguments: str) -> ExchangeOptions:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return options_from_args(parser.parse_args(arguments))


def live_track(begin_ms: int) -> PlaybackTrack:
    price, wick = Decimal(60_000), Decimal(20)
    rows = [
        Candle("BTCUSDT", "1", begin_ms + n * MINUTE, price, price + wick, price - wick, price, Decimal(5))
        for n in range(120)
    ]
    return PlaybackTrack(instrument(), bars_from_candles(rows), None, ())


def test_now_is_the_machine_s_time_and_makes_the_market_follow_it() -> None:
    before = machine_ms()
    chosen = options("--from", "now")
    assert chosen.from_ms is not None
    assert before <= chosen.from_ms <= machine_ms()
    assert chosen.follows_clock
    assert not options("--from", "2025-06-01T00:00:00Z").follows_clock


@pytest.mark.parametrize("more", [("--speed", "60"), ("--speed", "max"), ("--data", "bars.csv")])
def test_only_a_generated_market_in_real_time_can_follow(more: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match="--from now"):
        options("--from", "now", *more)


@pytest.mark.socket
def test_a_market_that_is_behind_catches_up_and_then_keeps_the_machine_s_time() -> None:
    minute = machine_ms() // MINUTE * MINUTE
    live = live_track(minute - 60 * MINUTE)
    with running([live], data=(), from_ms=minute - 5 * MINUTE, follows_clock=True) as exchange:
        end = time.monotonic() + DEADLINE_S
        while (state := exchange.get("/control/state"))["real_ms"] - state["sim_ms"] > 1000:
            assert time.monotonic() < end, state
        assert state["sim_ms"] <= state["real_ms"]
        assert state["bars"] >= 5
        newest = exchange.get("/v5/market/kline", symbol="BTCUSDT", interval=1, limit=1)["result"]["list"][0]
        assert 0 <= machine_ms() - int(newest[0]) <= MINUTE + 1000
