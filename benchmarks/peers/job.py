"""What one run beside a peer is told and answers. Numpy alone: it runs in the peers' interpreter too."""

from __future__ import annotations

import argparse
import json
import math
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Sides = NDArray[np.int8]

CASH: Final = 100_000_000.0
"""Quote; so much that one unit of the base is never out of reach."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars as float64 prices in quote; `open_ms` int64, ms UTC. `length_ms`: of one bar."""

    open_ms: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    length_ms: int

    def __len__(self) -> int:
        return len(self.close)


@dataclass(frozen=True, slots=True)
class Job:
    """One run: an EMA cross with reversal, one unit of the base a trade, market orders at the next open.

    `bars`: a file of `write_bars`. `stop_atr`: distance of the stop in Wilder's ATR of the deciding bar, 0:
    no stop. `fee`: fraction of notional, each fill. `variant`: the peer's rule that is set otherwise.
    `task`: trades, speed or sweep. `repeats`: timed runs after the first.
    """

    bars: str
    fast: int = 12
    slow: int = 26
    atr_period: int = 14
    stop_atr: float = 2.0
    fee: float = 0.00055
    tick: float = 0.1
    variant: str = ""
    task: str = "trades"
    repeats: int = 3
    pairs: tuple[tuple[int, int], ...] = ()

    @property
    def decimals(self) -> int:
        """Decimals of the tick."""
        return max(0, round(-math.log10(self.tick)))


@dataclass(frozen=True, slots=True)
class Deal:
    """One trade as every backtester tells it: rows of its first and last bar, +1 or -1, prices, net PnL.

    `ended` False: still open at the end of the data.
    """

    entry_bar: int
    exit_bar: int
    side: int
    entry: float
    exit: float
    pnl: float
    ended: bool = True


def write_bars(path: Path, table: Any, length_ms: int) -> None:
    """Write a table of exact bars for every backtester of one comparison."""
    names = ("open_ms", "open", "high", "low", "close", "volume")
    columns = {name: getattr(table, name) for name in names}
    about = np.array([table.price_decimals, table.volume_decimals, length_ms], dtype=np.int64)
    np.savez(path, about=about, **columns)


def read_columns(job: Job) -> Columns:
    """Read the bars of a job as floats."""
    with np.load(job.bars) as file:
        decimals, _, length_ms = (int(v) for v in file["about"])
        open_, high, low, close = (file[n] / 10.0**decimals for n in ("open", "high", "low", "close"))
        return Columns(file["open_ms"], open_, high, low, close, length_ms)


def read_job() -> Job:
    """Return the job that the command line names as a file of JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("job", type=Path)
    told = json.loads(parser.parse_args().job.read_text(encoding="utf-8"))
    told["pairs"] = tuple((int(fast), int(slow)) for fast, slow in told["pairs"])
    return Job(**told)


def answer(**found: Any) -> None:
    """Print what was found as the last line, with the peak of resident memory in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mb": round(peak, 1), **found}))


def tell_deals(deals: list[Deal]) -> list[dict[str, Any]]:
    """Return trades as JSON has them."""
    return [asdict(deal) for deal in deals]


def timed(job: Job, run: Callable[[], int]) -> dict[str, Any]:
    """Run once and `repeats` times more; return CPU seconds of each, compiling included in the first.

    Memory before the first run is what the imports and the bars take.
    """
    before_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, trades = [], 0
    for _ in range(job.repeats + 1):
        began = time.process_time()
        trades = run()
        seconds.append(time.process_time() - began)
    print(f"{len(seconds)} runs", file=sys.stderr)
    return {
        "first_s": seconds[0],
        "next_s": seconds[1:] or seconds,
        "trades": trades,
        "before_mb": round(before_mb, 1),
    }


# --- the same indicators for all ----------------------------------------------------------------------------


def ema(values: Floats, period: int) -> Floats:
    """Exponential average seeded by the mean of the first `period`, one value after another; else NaN."""
    out = np.full(len(values), np.nan)
    mean, k = float(np.mean(values[:period])), 2.0 / (period + 1)
    out[period - 1] = mean
    for i in range(period, len(values)):
        mean += (values[i] - mean) * k
        out[i] = mean
    return out


def atr(bars: Columns, period: int) -> Floats:
    """Wilder's average true range, seeded by the mean of the first `period` ranges, NaN before."""
    out = np.full(len(bars), np.nan)
    before = bars.close[:-1]
    spans = np.maximum(bars.high[1:], before) - np.minimum(bars.low[1:], before)
    mean = float(np.mean(spans[:period]))
    out[period] = mean
    for i in range(period, len(spans)):
        mean = (mean * (period - 1) + spans[i]) / period
        out[i + 1] = mean
    return out


def crosses(fast: Floats, slow: Floats) -> Sides:
    """Return +1 where fast comes to stand above slow, -1 where below, 0 elsewhere and where either is NaN."""
    away = fast - slow
    found = np.zeros(len(away), dtype=np.int8)
    found[1:] = ((away[1:] > 0) & (away[:-1] <= 0)).astype(np.int8)
    found[1:] -= ((away[1:] < 0) & (away[:-1] >= 0)).astype(np.int8)
    return found


def stop_at(entry: float, side: int, distance: float, tick: float) -> float:
    """Return the stop of a fill, on the tick grid away from it."""
    level = (entry - side * distance) / tick
    ticks = math.floor(level + 1e-6) if side > 0 else math.ceil(level - 1e-6)
    return round(ticks * tick, 10)
