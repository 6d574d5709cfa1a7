"""Time of the analysis: one live close with three timeframes, and whole histories.

python -m benchmarks.bench_analysis [--bars 1000000] [--closes 5000]
"""

from __future__ import annotations

import argparse
import resource
import time
from decimal import Decimal

import numpy as np

from benchmarks.figures import Figure
from whalebot.decisions.analysis.analyzer import TradingAnalyzer
from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.analysis.columns import compute_columns
from whalebot.decisions.analysis.resample import resample
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.decisions.analysis.table import score_history
from whalebot.domain.market import Candle

SCORING, INDICATORS, MTF = ScoringSettings(), IndicatorSettings(), MtfSettings()
MINUTE_MS = 60_000
START_MS = 1_700_006_400_000


def make_bars(count: int, minutes: int) -> Bars:
    """A random walk in ticks of 0.1."""
    rng = np.random.default_rng(1)
    close = np.round(30_000 * np.exp(np.cumsum(rng.normal(0, 5e-4, count))), 1)
    open_ = np.concatenate(([close[0]], close[:-1]))
    high = np.maximum(open_, close) + np.round(rng.exponential(5, count), 1)
    low = np.minimum(open_, close) - np.round(rng.exponential(5, count), 1)
    volume = np.round(rng.lognormal(2, 1, count), 3)
    open_ms = START_MS + np.arange(count) * minutes * MINUTE_MS
    return Bars(open_ms, *(np.round(column, 1) for column in (open_, high, low, close)), volume)


def make_candles(bars: Bars, interval: str) -> list[Candle]:
    """The bars as exact candles."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(bars.open_ms.tolist(), *(column.tolist() for column in columns), strict=True)
    return [Candle("BTCUSDT", interval, at, *(Decimal(repr(value)) for value in row)) for at, *row in rows]


def time_live(closes: int) -> tuple[list[int], int]:
    """Feed closes one by one after a history of 1000 bars of each of three timeframes.

    Return ns of each close, and of loading the history of the primary one.
    """
    history = 16 * 1000
    bars = make_bars(history + closes, 15)
    primary = make_candles(bars, "15")
    higher = [c for name in ("60", "240") for c in make_candles(resample(bars, "15", name), name)]
    higher.sort(key=lambda candle: candle.close_ms)
    analyzer = TradingAnalyzer("BTCUSDT", "15", SCORING, INDICATORS, MTF)
    cut = primary[history].open_ms
    for name in analyzer.higher_intervals:
        analyzer.load_history(name, [c for c in higher if c.interval == name and c.close_ms <= cut])
    began = time.perf_counter_ns()
    analyzer.load_history("15", primary[history - 1000 : history])
    loaded = time.perf_counter_ns() - began
    waiting = [c for c in reversed(higher) if c.close_ms > cut]
    taken = []
    for candle in primary[history:]:
        began = time.perf_counter_ns()
        while waiting and waiting[-1].close_ms <= candle.close_ms:
            analyzer.on_higher_close(waiting.pop())
        analyzer.on_close(candle, 0.1, None, frozenset())
        taken.append(time.perf_counter_ns() - began)
    return taken, loaded


def live_rows(closes: int) -> list[tuple[str, str]]:
    """Return the lines about live closes."""
    taken, loaded = time_live(closes)
    p50, p99, most = (np.percentile(taken, q) / 1000 for q in (50, 99, 100))
    return [
        ("live close to analysis, p50", f"{p50:8.0f} us"),
        ("live close to analysis, p99", f"{p99:8.0f} us"),
        ("live close to analysis, most", f"{most:8.0f} us"),
        ("history of 1000 bars loaded", f"{loaded / 1e6:8.1f} ms"),
    ]


def time_history(count: int) -> tuple[float, float, int]:
    """Score a whole history of one-minute bars; return seconds of the indicators, of all, and the groups."""
    bars = make_bars(count, 1)
    began = time.perf_counter()
    compute_columns(bars, "1", INDICATORS)
    columns = time.perf_counter() - began
    began = time.perf_counter()
    table = score_history(bars, "1", SCORING, INDICATORS, MTF)
    whole = time.perf_counter() - began
    return columns, whole, len(table.breakdown)


def history_rows(count: int) -> list[tuple[str, str]]:
    """Return the lines about a whole history."""
    columns, whole, groups = time_history(count)
    return [
        (f"indicators of {count:,} bars", f"{columns:8.2f} s"),
        (f"score table of {count:,} bars", f"{whole:8.2f} s"),
        ("a bar", f"{whole / count * 1e6:8.2f} us"),
        ("a bar and group", f"{whole / count / groups * 1e6:8.3f} us"),
        ("peak resident memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:8.0f} MB"),
    ]


def figures(bars: int = 1_000_000) -> list[Figure]:
    """Measure a whole history; the least of two runs, and a short one to show that the cost is linear."""
    group = f"scoring {bars:,} bars of history"
    columns, whole, groups = min((time_history(bars) for _ in range(2)), key=lambda run: run[1])
    _, short, _ = min((time_history(bars // 10) for _ in range(2)), key=lambda run: run[1])
    per_bar, peak_mb = whole / bars * 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        Figure(group, "indicators", columns, "s"),
        Figure(group, f"the whole table ({groups} groups)", whole, "s"),
        Figure(group, "a bar", per_bar, "us"),
        Figure(group, "a bar and group", per_bar / groups, "us", 2.0),
        Figure(group, f"a bar, of {bars // 10:,}", short / bars * 1e7, "us"),
        Figure(group, "peak resident memory", peak_mb, "MB"),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=1_000_000, help="bars of the whole history")
    parser.add_argument("--closes", type=int, default=5_000, help="live closes")
    arguments = parser.parse_args()
    for name, value in [*live_rows(arguments.closes), *history_rows(arguments.bars)]:
        print(f"{name:36} {value}")


if __name__ == "__main__":
    main()
