"""The event tier passes by what cannot matter; in full or bar by bar everything comes out the same."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st
from made_markets import MIDNIGHT, dataset, rates, settings, symbol_data, walk

from whalebot.decisions.analysis.settings import ScoringSettings
from whalebot.decisions.risk.settings import AtEnd, StopRules
from whalebot.research.event.run import run_event_tier
from whalebot.research.report.backtest_figures import held_return, span_of
from whalebot.research.result import BacktestResult
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategies.ema_cross import EmaCrossStrategy
from whalebot.research.strategies.scoring import ScoringStrategy


def assert_same(one: BacktestResult, other: BacktestResult) -> None:
    assert one.trades == other.trades
    assert one.refused == other.refused
    assert np.array_equal(one.curve.equity, other.curve.equity)


@st.composite
def set_ups(draw: st.DrawFn) -> BacktestSettings:
    """Settings that reach every rule: stops, reversal, cooldown, guardrails that bite."""
    stops = draw(
        st.sampled_from(
            [
                StopRules(),
                StopRules(trailing=False),
                StopRules(breakeven_trigger=None, lock_in=None),
                StopRules(trailing=False, breakeven_trigger=None, lock_in=None),
                StopRules(min_move=0.002),
            ]
        )
    )
    made = settings(
        draw(st.sampled_from(["5", "15"])),
        guarded=draw(st.booleans()),
        stops=stops,
        reverse_on_opposite_signal=draw(st.booleans()),
        close_on_opposite_signal=draw(st.booleans()),
        stop_loss_atr=draw(st.sampled_from([0.8, 1.5, 4.0])),
        take_profit_atr=draw(st.sampled_from([2.0, 30.0])),
        risk_per_trade=draw(st.sampled_from([0.01, 0.05])),
        cooldown_bars=draw(st.sampled_from([0, 0, 2])),
        max_hold_bars=draw(st.sampled_from([None, None, 5])),
    )
    limits = replace(
        made.engine.guardrails,
        max_consecutive_losses=draw(st.sampled_from([2, 5])),
        cooldown_after_kill_ms=draw(st.sampled_from([0, 45, 300])) * 60_000,
        on_kill=draw(st.sampled_from(list(AtEnd))),
        min_target_to_cost=None,
    )
    return replace(made, engine=replace(made.engine, guardrails=limits))


@budget(max_examples=15, deadline=None)
@given(
    set_ups(),
    st.lists(st.integers(0, 10_000), min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_passing_by_changes_nothing(
    made: BacktestSettings, seeds: list[int], has_gap: bool, has_funding: bool, has_mark: bool
) -> None:
    names = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    symbols = [
        symbol_data(
            walk(seed, 420, name, hole=(200, 200 + 45 * (i + 1)) if has_gap else None),
            made.engine.interval,
            funding=rates(-4, 0, 4, 8, 12, rate="0.002") if has_funding else None,
            mark=walk(seed, 420, name) if has_mark else None,
        )
        for i, (seed, name) in enumerate(zip(seeds, names, strict=False))
    ]
    data, strategy = dataset(*symbols), EmaCrossStrategy(made.engine)
    quick = run_event_tier(made, data, strategy)
    assert_same(quick, run_event_tier(made, data, strategy, keeps_all=True))


@pytest.mark.parametrize(("seed", "interval"), [(3, "15"), (4, "5")])
def test_columns_and_analyzers_decide_alike(seed: int, interval: str) -> None:
    made = settings(interval, guarded=True)
    scoring = ScoringSettings(threshold=1.2)
    made = replace(made, engine=replace(made.engine, scoring=scoring))
    data = dataset(symbol_data(walk(seed, 1800, hole=(1100, 1160)), interval))
    for strategy in (ScoringStrategy(made.engine), EmaCrossStrategy(made.engine)):
        quick = run_event_tier(made, data, strategy)
        assert len(quick.trades) > 5
        assert_same(quick, run_event_tier(made, data, strategy, bar_by_bar=True))


def test_warm_up_before_the_start_trades_nothing() -> None:
    made = settings()
    whole = dataset(symbol_data(walk(5, 400)))
    start = MIDNIGHT + 6 * 3_600_000
    result = run_event_tier(made, replace(whole, trade_from_ms=start), EmaCrossStrategy(made.engine))
    assert min(trade.entry_ms for trade in result.trades) >= start
    assert result.curve.ts_ms[0] >= start
    all_of_it = run_event_tier(made, whole, EmaCrossStrategy(made.engine))
    assert len(all_of_it.trades) > len(result.trades)
    assert "400 bars with the warm-up before," in span_of(result)
    assert "400 bars, strategy" in span_of(all_of_it)


def test_buying_and_holding_begins_where_trading_does() -> None:
    made = settings()
    whole = dataset(symbol_data(walk(5, 400)))
    fine = whole.symbols[0].fine
    start = MIDNIGHT + 6 * 3_600_000
    first = fine.close[int(fine.open_ms.searchsorted(start))]
    assert first != fine.close[0]
    for data, expected in ((whole, fine.close[0]), (replace(whole, trade_from_ms=start), first)):
        result = run_event_tier(made, data, EmaCrossStrategy(made.engine))
        assert held_return(result) == pytest.approx(fine.close[-1] / expected - 1)
