"""The column tier with whole strategies: scores to the bit, real files in both tiers, sweeps, refusals."""

from __future__ import annotations

from dataclasses import fields, replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parity_cases import Dice, make_case, make_symbol
from test_tiers_agree import assert_same, compare

from whalebot.decisions.analysis.settings import DynamicThreshold, IndicatorSettings, MtfSettings
from whalebot.decisions.risk.settings import StopRules
from whalebot.domain.enums import TriggerBy
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings
from whalebot.research.column.running import run_column_tier
from whalebot.research.column.scoring import LeanScoring
from whalebot.research.column.sweep import Sweep
from whalebot.research.dataset import Dataset
from whalebot.research.event.run import run_event_tier
from whalebot.research.reading import Source, read_symbol
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategies.scoring import ScoringStrategy
from whalebot.research.strategy import DecisionColumns, make_strategy

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
QUICK = IndicatorSettings(ichimoku_senkou_span_b_period=30, fibonacci_window=40, sma_long_period=30)


def engine_for(data: Dataset, **changes: object) -> EngineSettings:
    plain = EngineSettings(
        symbols=tuple(symbol.symbol for symbol in data.symbols),
        interval=data.interval,
        label="backtest",
        config_hash="hash",
        indicators=QUICK,
        mtf=MtfSettings(trend_period=4),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def recorded(symbol: str, interval: str, *, funding: bool = True, mark: bool = False) -> Dataset:
    bars = DATA / f"ohlcv/{symbol}-5m-bybit_linear-20250924_20260430.csv.gz"
    if not bars.is_file():
        pytest.skip("no recorded data beside the project")
    rates = DATA / f"funding/{symbol}-funding-bybit_linear-20250924_20260430.csv.gz"
    marks = DATA / f"mark_ohlcv/{symbol}-1h-mark-bybit_linear-20250924_20260430.csv.gz"
    source = Source(symbol, bars, rates if funding else None, marks if mark else None)
    return Dataset(interval, (read_symbol(source, interval),))


# --- scores -----------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.sampled_from([("5", "5"), ("5", "15"), ("60", "60")]))
@settings(max_examples=15, deadline=None)
def test_lean_scores_are_the_scores_to_the_bit(seed: int, intervals: tuple[str, str]) -> None:
    data = make_symbol(Dice(seed), "AAAUSDT", *intervals, 700)
    engine = engine_for(Dataset(intervals[1], (data,)))
    if seed % 2:
        engine = replace(engine, scoring=replace(engine.scoring, dynamic_threshold=DynamicThreshold(True)))
    lean, whole = LeanScoring(engine, data).decide(), ScoringStrategy(engine).columns(data)
    for name in (f.name for f in fields(DecisionColumns)):
        one, other = getattr(lean, name), getattr(whole, name)
        if name == "breakdown":
            assert list(one) == list(other)
            for group in other:
                np.testing.assert_array_equal(one[group], other[group], err_msg=group)
        elif isinstance(other, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=name)
        else:
            assert one == other, name


@given(st.integers(0, 1_000_000))
@settings(max_examples=25, deadline=None)
def test_any_seed_agrees(seed: int) -> None:
    compare(make_case(seed))


# --- real files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "interval", "trades", "gross", "fees", "net"),
    [("BTCUSDT", "15", 221, 46, 298, -252), ("SOLUSDT", "60", 79, 66, 51, 16)],
)
def test_the_defaults_on_recorded_bars_give_the_figures_of_an_independent_implementation(
    symbol: str, interval: str, trades: int, gross: int, fees: int, net: int
) -> None:
    data = recorded(symbol, interval)
    engine = engine_for(data, indicators=IndicatorSettings(), mtf=MtfSettings())
    result = run_column_tier(BacktestSettings(engine=engine), data, ScoringStrategy(engine))
    assert len(result.trades) == trades
    assert round(sum(trade.gross_pnl for trade in result.trades)) == gross
    assert round(sum(trade.fees for trade in result.trades)) == fees
    assert round(sum(trade.pnl for trade in result.trades)) == net


@pytest.mark.parametrize(
    ("symbol", "interval", "strategy", "mark"),
    [
        ("BTCUSDT", "15", "scoring", True),
        ("ADAUSDT", "60", "scoring", False),
        ("APEUSDT", "60", "ema_cross", True),
    ],
)
def test_both_tiers_agree_on_recorded_bars(symbol: str, interval: str, strategy: str, mark: bool) -> None:
    data = recorded(symbol, interval, mark=mark)
    engine = engine_for(data, indicators=IndicatorSettings(), mtf=MtfSettings())
    if strategy == "ema_cross":
        trade = replace(engine.trade, reverse_on_opposite_signal=True, stops=StopRules(trailing=False))
        limits = replace(engine.guardrails, min_target_to_cost=None, max_drawdown=0.9, max_day_loss=0.5)
        engine = replace(engine, trade=trade, guardrails=limits)
    run, made = BacktestSettings(engine=engine), make_strategy(strategy, engine)
    column, event = run_column_tier(run, data, made), run_event_tier(run, data, made)
    assert_same(event, column)
    assert len(column.trades) > 10


# --- sweeps -----------------------------------------------------------------------------------------------


def test_a_sweep_gives_what_single_runs_give() -> None:
    case = make_case(3)
    symbol = make_symbol(Dice(8), "AAAUSDT", "5", "15", 1500)
    data = Dataset("15", (symbol,))
    engine = engine_for(data, trade=case.settings.engine.trade)
    limits = replace(engine.guardrails, min_target_to_cost=None, max_drawdown=0.9, max_day_loss=0.9)
    base = BacktestSettings(engine=replace(engine, guardrails=limits), balance=Decimal(10_000))
    sweep = Sweep(data, ScoringStrategy)
    found = 0
    for threshold in (0.8, 1.2, 2.0):
        for stop in (1.0, 2.0):
            scoring = replace(base.engine.scoring, threshold=threshold, hysteresis_ratio=0.5 + threshold / 10)
            trade = replace(base.engine.trade, stop_loss_atr=stop)
            trial = replace(base, engine=replace(base.engine, scoring=scoring, trade=trade))
            single = run_column_tier(trial, data, ScoringStrategy(trial.engine))
            outcome = sweep.run(trial, keeps_curve=True)
            assert len(outcome.trades) == len(single.trades)
            np.testing.assert_array_equal(outcome.curve, single.curve.equity)
            net = np.array([float(t.pnl) for t in single.trades])
            np.testing.assert_allclose(outcome.trades["pnl"], net, rtol=1e-9, atol=1e-9)
            found += len(single.trades)
    assert found > 10


# --- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("latency_ms", lambda run: replace(run, latency_ms=50)),
        ("intrabar", lambda run: replace(run, engine=replace(run.engine, intrabar=True))),
        (
            "volume_delta_source",
            lambda run: replace(
                run,
                engine=replace(run.engine, scoring=replace(run.engine.scoring, volume_delta_source="trades")),
            ),
        ),
        (
            "trigger_by",
            lambda run: replace(
                run,
                engine=replace(run.engine, trade=replace(run.engine.trade, trigger_by=TriggerBy.MARK_PRICE)),
            ),
        ),
        (
            "native_trailing",
            lambda run: replace(
                run, engine=replace(run.engine, trade=replace(run.engine.trade, native_trailing=True))
            ),
        ),
    ],
)
def test_what_columns_cannot_express_is_refused_by_name(name: str, change: object) -> None:
    case = make_case(3)
    run = change(case.settings)  # type: ignore[operator]
    with pytest.raises(ConfigError, match=name):
        run_column_tier(run, case.dataset, ScoringStrategy(run.engine), columns=case.columns)
