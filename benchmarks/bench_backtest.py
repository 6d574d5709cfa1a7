"""Speed and memory of the column tier, per CPU second of one core, beside a hand-written loop.

python -m benchmarks.bench_backtest [--bars 1000000]
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.bench_analysis import make_bars
from benchmarks.figures import Figure, table
from benchmarks.handwritten_loop import ema_cross
from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.risk.settings import GuardrailSettings, StopRules, TradeSettings
from whalebot.domain.instrument import Instrument
from whalebot.engine.settings import EngineSettings
from whalebot.research.column.running import run_column_tier
from whalebot.research.column.sweep import Sweep
from whalebot.research.dataset import Dataset, DatedRules, make_symbol_data
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategies.ema_cross import EmaCrossStrategy
from whalebot.research.strategies.scoring import ScoringStrategy

SYMBOL: Final = "BTCUSDT"
GRID: Final = Instrument(
    symbol=SYMBOL,
    tick_size=Decimal("0.1"),
    qty_step=Decimal("0.001"),
    min_qty=Decimal("0.001"),
    max_qty=Decimal(1000),
    max_market_qty=Decimal(1000),
    min_notional=Decimal(5),
    max_leverage=Decimal(100),
)
SWEEP_BARS: Final = 100_000
TRIALS: Final = 200


def make_dataset(bars: Bars) -> Dataset:
    """One-minute bars as a data set of one symbol."""
    prices = (
        np.rint(column * 10).astype(np.int64) for column in (bars.open, bars.high, bars.low, bars.close)
    )
    return make_dataset_of(np.stack((bars.open_ms, *prices, np.rint(bars.volume * 1000).astype(np.int64))))


def make_dataset_of(columns: NDArray[np.int64]) -> Dataset:
    """The same of exact columns: time, open, high, low, close, volume."""
    fine = BarTable(SYMBOL, "1", 1, 3, *columns)
    return Dataset("1", (make_symbol_data(fine, "1", [DatedRules(0, GRID)]),))


def plain_settings() -> EngineSettings:
    """The defaults."""
    return EngineSettings(symbols=(SYMBOL,), interval="1", label="backtest", config_hash="")


def cross_settings() -> BacktestSettings:
    """An EMA cross as backtesters are compared on: reversal, a stop at 3 ATR, no target, no limits."""
    trade = TradeSettings(
        risk_per_trade=0.00002,
        stop_loss_atr=3.0,
        take_profit_atr=1000.0,
        stops=StopRules(trailing=False, breakeven_trigger=None, lock_in=None),
        reverse_on_opposite_signal=True,
        cooldown_ms=0,
    )
    engine = replace(plain_settings(), trade=trade, guardrails=GuardrailSettings(enabled=False))
    return BacktestSettings(engine=engine, balance=Decimal(10_000_000))


def cpu_of(task: Callable[[], object], rounds: int = 4) -> float:
    """Least CPU seconds of some rounds, after one that compiles."""
    task()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        task()
        taken.append(time.process_time() - began)
    return min(taken)


def cross_figures(count: int) -> list[Figure]:
    """An EMA cross, indicators and equity curve included."""
    bars = make_bars(count, 1)
    data, run, equity = make_dataset(bars), cross_settings(), np.zeros(count)
    columns = (bars.open, bars.high, bars.low, bars.close)
    loop = cpu_of(lambda: ema_cross(*columns, equity, 12, 26, 14, 3.0, 0.00055, 0.00002, 1e7))

    def tier() -> int:
        # A new sweep: nothing is left of the run before.
        return len(Sweep(data, EmaCrossStrategy).run(run, keeps_curve=True).trades)

    group = f"EMA cross, reversal, ATR stop: {count:,} bars, {tier():,} trades"
    taken = cpu_of(tier)
    speed, peer = count / taken / 1e6, count / loop / 1e6
    name = "a hand-written Numba loop"
    return [
        Figure(group, "column tier, M bars/s", speed, "M/s", 20.0, name, peer, True),
        Figure(group, name + ", M bars/s", peer, "M/s", more_is_better=True),
    ]


def whole_figures(count: int) -> list[Figure]:
    """All scoring groups with the defaults, in a process of its own for its memory."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "bars.npy"
        fine = make_dataset(make_bars(count, 1)).symbols[0].fine
        columns = (fine.open_ms, fine.open, fine.high, fine.low, fine.close, fine.volume)
        np.save(file, np.stack(columns))
        code = f"from benchmarks.bench_backtest import measure_whole; measure_whole({str(file)!r})"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, with_parts, data_bytes, peak_bytes, trades = map(float, told.stdout.split())
    group = f"25 groups, no cost gate: {count:,} one-minute bars, {int(trades):,} trades"
    return [
        Figure(group, "scores, signals and trades", seconds, "s", 1.5),
        Figure(group, "the same with the score's parts of every trade", with_parts, "s"),
        Figure(group, "resident memory a bar, of it the data", data_bytes, "B"),
        Figure(group, "resident memory a bar, at the peak", peak_bytes, "B", 150.0),
    ]


def measure_whole(file: str) -> None:
    """Print seconds without and with parts, bytes a bar of data and at the peak, trades."""
    small = make_dataset(make_bars(5_000, 1))
    engine = replace(plain_settings(), guardrails=GuardrailSettings(min_target_to_cost=None))
    run, strategy = BacktestSettings(engine=engine), ScoringStrategy(engine)
    run_column_tier(run, small, strategy)
    before = _resident()
    data = make_dataset_of(np.load(file))
    loaded, count = _resident(), len(data.symbols[0].decisions)
    began = time.process_time()
    outcome = Sweep(data, ScoringStrategy).run(run, keeps_curve=True)
    seconds = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    began = time.process_time()
    run_column_tier(run, data, strategy)
    with_parts = time.process_time() - began
    print(seconds, with_parts, (loaded - before) / count, (peak - before) / count, len(outcome.trades))


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def sweep_figures() -> list[Figure]:
    """Trials a second over one data set, for stops and for thresholds."""
    data = make_dataset(make_bars(SWEEP_BARS, 1))
    limits = GuardrailSettings(min_target_to_cost=None)
    base = BacktestSettings(engine=replace(plain_settings(), guardrails=limits))
    sweep = Sweep(data, ScoringStrategy)
    sweep.run(base)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def stops(i: int) -> BacktestSettings:
        trade = replace(base.engine.trade, stop_loss_atr=1.0 + i / 100, take_profit_atr=2.0 + i / 50)
        return replace(base, engine=replace(base.engine, trade=trade))

    def thresholds(i: int) -> BacktestSettings:
        scoring = replace(base.engine.scoring, threshold=1.6 + i / 200)
        return replace(base, engine=replace(base.engine, scoring=scoring))

    group, found = f"sweep of {TRIALS} trials over {SWEEP_BARS:,} bars, one core", []
    for name, trial in (("stops and targets", stops), ("thresholds", thresholds)):
        began = time.process_time()
        trades = sum(len(sweep.run(trial(i)).trades) for i in range(TRIALS))
        speed = TRIALS / (time.process_time() - began)
        found.append(
            Figure(group, f"{name}, {trades // TRIALS} trades each", speed, "/s", 500.0, "", None, True)
        )
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return [*found, Figure(group, "memory that the trials add", more, "MB")]


def start_figures() -> list[Figure]:
    """The first call of a process: with nothing compiled yet, and with the code of an earlier run."""
    code = "from benchmarks.bench_backtest import first_call; first_call()"
    found = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        for name, goal in (("nothing compiled yet", 5.0), ("compiled by an earlier run", None)):
            told = subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
            )
            found.append(
                Figure("first call, imports included", f"{name}, CPU", float(told.stdout), "s", goal)
            )
    return found


def first_call() -> None:
    """Print the CPU seconds of this process up to its first result."""
    engine = plain_settings()
    run_column_tier(
        BacktestSettings(engine=engine), make_dataset(make_bars(5_000, 1)), ScoringStrategy(engine)
    )
    print(time.process_time())


def figures(bars: int = 1_000_000) -> list[Figure]:
    """Measure everything."""
    return [*cross_figures(bars), *whole_figures(bars), *sweep_figures(), *start_figures()]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=1_000_000, help="bars of the long histories")
    print(table(figures(parser.parse_args().bars)))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
