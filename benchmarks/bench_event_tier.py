"""Speed of the event tier, per CPU second of one core: an EMA cross with orders, and the whole scoring.

python -m benchmarks.bench_event_tier [--bars 200000]
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from decimal import Decimal
from typing import Final

import numpy as np

from benchmarks.bench_analysis import make_bars
from benchmarks.figures import Figure, table
from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.decisions.analysis.settings import ScoringSettings
from whalebot.decisions.risk.settings import GuardrailSettings, StopRules, TradeSettings
from whalebot.domain.instrument import Instrument
from whalebot.engine.settings import EngineSettings
from whalebot.research.dataset import Dataset, DatedRules, make_symbol_data
from whalebot.research.event.run import run_event_tier
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import make_strategy

SYMBOL: Final = "BTCUSDT"
STEP: Final = Decimal("0.001")
GRID: Final = Instrument(
    SYMBOL, Decimal("0.1"), STEP, STEP, Decimal(1000), Decimal(1000), Decimal(5), Decimal(100)
)
PASSED_BY: Final = 10
"""One bar in so many is played when nothing is passed by, to keep that run short."""


def make_dataset(count: int) -> Dataset:
    """One-minute bars of one symbol."""
    bars = make_bars(count, 1)
    open_, high, low, close, volume = (
        np.rint(column * scale).astype(np.int64)
        for column, scale in zip(
            (bars.open, bars.high, bars.low, bars.close, bars.volume), (10, 10, 10, 10, 1000), strict=True
        )
    )
    fine = BarTable(SYMBOL, "1", 1, 3, bars.open_ms, open_, high, low, close, volume)
    return Dataset("1", (make_symbol_data(fine, "1", [DatedRules(0, GRID)]),))


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
    engine = EngineSettings((SYMBOL,), "1", "backtest", "", trade=trade)
    unlimited = replace(engine, guardrails=GuardrailSettings(enabled=False))
    return BacktestSettings(unlimited, balance=Decimal(10_000_000))


def measure(
    name: str,
    strategy: str,
    settings: BacktestSettings,
    data: Dataset,
    goal: float | None,
    keeps_all: bool = False,
    bar_by_bar: bool = False,
) -> Figure:
    """Return bars a second, the making of the columns and the equity curve included."""
    count = len(data.symbols[0].fine.open_ms)
    best, trades = float("inf"), 0
    for _ in range(2):
        began = time.process_time()
        made = make_strategy(strategy, settings.engine)
        result = run_event_tier(settings, data, made, keeps_all=keeps_all, bar_by_bar=bar_by_bar)
        best, trades = min(best, time.process_time() - began), len(result.trades)
    group = f"event tier, {trades:,} trades in {count:,} one-minute bars"
    return Figure(group, name, count / best, "bars/s", goal, more_is_better=True)


def figures(count: int = 200_000) -> list[Figure]:
    """Measure everything."""
    data, few = make_dataset(count), make_dataset(count // PASSED_BY)
    cross = cross_settings()
    engine = EngineSettings((SYMBOL,), "1", "backtest", "", scoring=ScoringSettings(threshold=1.6))
    unlimited = replace(engine, guardrails=GuardrailSettings(min_target_to_cost=None))
    plain = BacktestSettings(unlimited, balance=Decimal(100_000))
    return [
        measure("EMA cross with orders", "ema_cross", cross, data, 50_000),
        measure("all groups, guardrails on", "scoring", plain, data, 10_000),
        measure("EMA cross, nothing passed by", "ema_cross", cross, few, None, keeps_all=True),
        measure("all groups, bar by bar in the engine", "scoring", plain, few, None, bar_by_bar=True),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bars", type=int, default=200_000)
    print(table(figures(parser.parse_args().bars)))
