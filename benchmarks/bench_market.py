"""How fast the local exchange's market side is: start-up, playback, generated markets, queries, files.

    python benchmarks/bench_market.py [FILE]

FILE is an OHLCV file to read and play instead of generated bars.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from decimal import Decimal

from whalebot.adapters.exchange.market.bars import bars_from_candles
from whalebot.adapters.exchange.market.playback import PlaybackMarket, PlaybackTrack
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.adapters.exchange.market.synthetic import SyntheticMarket, make_specs
from whalebot.adapters.feeds.ohlcv import read_ohlcv
from whalebot.adapters.feeds.rules import instrument_of
from whalebot.domain.intervals import DAY_MS

MONTH_DAYS = 30


def say(what: str, wall_s: float, cpu_s: float, count: int = 0, unit: str = "") -> None:
    rate = f"{count / cpu_s:12,.0f} {unit}/s CPU" if count else ""
    print(f"{what:46} {wall_s * 1000:10.1f} ms wall {cpu_s * 1000:10.1f} ms CPU {rate}")


def timed(what: str, work: Callable[[], int], unit: str = "") -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    count = work()
    say(what, time.perf_counter() - wall, time.process_time() - cpu, count, unit)


def play(market: MarketSource, until_ms: int) -> int:
    events = 0
    while not market.is_finished and market.now_ms < until_ms:
        events += len(market.advance(None).events)
    return events


def start(symbols: str) -> Callable[[], int]:
    def _start() -> int:
        market = SyntheticMarket(make_specs(symbols), 7)
        market.advance(market.start_ms)
        return 0

    return _start


def recorded_month() -> PlaybackTrack:
    """The bars of a generated month, so that nothing need be downloaded."""
    (spec,) = make_specs("BTCUSDT")
    market = SyntheticMarket((spec,), 7)
    rows = market.klines("BTCUSDT", "1", limit=MONTH_DAYS * 1440 + 1)
    return PlaybackTrack(spec.instrument, bars_from_candles([row.candle() for row in reversed(rows)]))


def queries(market: MarketSource) -> None:
    symbol = market.symbols[0]
    for depth in (1, 50, 200, 1000):
        timed(f"100 books of {depth} levels", lambda depth=depth: sum(bool(market.book(symbol, depth)) for _ in range(100)), "books")  # fmt: skip # noqa: E501
    timed("100 quotes", lambda: sum(bool(market.quote(symbol)) for _ in range(100)), "quotes")
    timed(
        "100 forming bars (240)", lambda: sum(bool(market.forming(symbol, "240")) for _ in range(100)), "bars"
    )
    for interval in ("1", "15", "60", "240"):
        timed(f"1000 bars of {interval}", lambda name=interval: len(market.klines(symbol, name, limit=1000)), "bars")  # fmt: skip # noqa: E501
    state = market.export_state()
    timed("saving", lambda: len(market.export_state()) and 1, "states")
    timed(
        "going on from a state", lambda: len(SyntheticMarket(make_specs("BTCUSDT"), 7, state=state).symbols)
    )


def main() -> None:
    for symbols in ("1", "20", "200"):
        timed(f"start of a generated market, {symbols} symbols", start(symbols))
    market = SyntheticMarket(make_specs("BTCUSDT"), 7)
    timed(
        "generated month of 1-minute bars",
        lambda: play(market, market.start_ms + MONTH_DAYS * DAY_MS),
        "events",
    )
    many = SyntheticMarket(make_specs("20"), 7)
    timed("generated day of 20 symbols", lambda: play(many, many.start_ms + DAY_MS), "events")
    market.advance(market.now_ms)
    queries(market)
    if len(sys.argv) > 1:
        timed(f"reading {sys.argv[1]}", lambda: len(read_ohlcv(sys.argv[1])), "bars")
        bars = read_ohlcv(sys.argv[1])
        track = PlaybackTrack(instrument_of(bars, step=Decimal("0.001")), bars)
    else:
        track = recorded_month()
    timed("making a market of recorded bars", lambda: len(PlaybackMarket([track]).symbols))
    played = PlaybackMarket([track])
    timed(f"playing {len(track.bars.open_ms)} recorded bars", lambda: play(played, 2**62), "events")


if __name__ == "__main__":
    main()
