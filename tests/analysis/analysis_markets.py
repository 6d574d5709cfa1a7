"""Bars and candles for the tests of the analysis: random walks on coarse grids, and recorded files."""

from __future__ import annotations

import gzip
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from whalebot.decisions.analysis.bars import Bars
from whalebot.domain.market import Candle

DATA = Path(__file__).resolve().parents[2] / "../shared/data/ohlcv"
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MIDNIGHT = 20_000 * DAY  # a Tuesday


def walk(seed: int, count: int, minutes: int = 15, start: int = MIDNIGHT - 5 * HOUR) -> Bars:
    """A random walk in ticks of 0.1 with still stretches, dojis and bars without volume."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(-12, 13, count) * (rng.random(count) > 0.1)
    if count > 200:
        at = int(rng.integers(100, count - 60))
        steps[at : at + 45] = 0
    close = 1000 + np.cumsum(steps)
    close += max(0, 200 - close.min())
    open_ = np.concatenate(([close[0]], close[:-1]))
    reach = rng.integers(0, 9, (2, count)) * (steps != 0)
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    volume = np.round(rng.lognormal(2.0, 0.8, count), 3) * (rng.random(count) > 0.05)
    open_ms = start + np.arange(count) * minutes * MINUTE
    return Bars(open_ms, *(column / 10 for column in (open_, high, low, close)), volume)


def without(bars: Bars, first: int, end: int) -> Bars:
    """The bars with a hole from `first` to `end`."""
    keep = np.ones(len(bars), dtype=bool)
    keep[first:end] = False
    return Bars(*(getattr(bars, name)[keep] for name in Bars.__slots__))


def candles(bars: Bars, interval: str = "15", symbol: str = "TESTUSDT") -> list[Candle]:
    """The bars as exact candles."""
    columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    rows = zip(bars.open_ms.tolist(), *(column.tolist() for column in columns), strict=True)
    return [
        Candle(symbol, interval, open_ms, *(Decimal(repr(value)) for value in row)) for open_ms, *row in rows
    ]


def recorded(name: str, count: int) -> Bars:
    """The first bars of a recorded file; skips the test where the recordings are absent."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"recorded market data {name} is not here")
    with gzip.open(path, "rt") as file:
        table = np.loadtxt(file, delimiter=",", skiprows=1, max_rows=count)
    return Bars(table[:, 0].astype(np.int64), *(table[:, column] for column in range(1, 6)))
