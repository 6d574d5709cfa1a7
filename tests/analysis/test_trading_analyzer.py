"""The analyzer bar by bar says what the whole history says; how it treats gaps, holes and restarts."""

from __future__ import annotations

import numpy as np
import pytest
from analysis_markets import MIDNIGHT, candles, recorded, walk, without

from whalebot.decisions.analysis.analyzer import TradingAnalyzer
from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.analysis.columns import COLUMN_NAMES
from whalebot.decisions.analysis.resample import resample
from whalebot.decisions.analysis.settings import (
    DynamicThreshold,
    IndicatorSettings,
    MtfSettings,
    ScoringSettings,
)
from whalebot.decisions.analysis.signal import signal_of
from whalebot.decisions.analysis.table import ScoreTable, score_history
from whalebot.domain.analysis import VOLUME_FILTER, Analysis
from whalebot.domain.enums import Signal, Trend
from whalebot.domain.market import Candle

SCORING, INDICATORS, MTF = ScoringSettings(), IndicatorSettings(), MtfSettings()
NOTHING: frozenset[str] = frozenset()


def analyzer(interval: str = "15", **given: object) -> TradingAnalyzer:
    arguments = {"scoring": SCORING, "indicators": INDICATORS, "mtf": MTF} | given
    return TradingAnalyzer("TESTUSDT", interval, **arguments)


def higher_candles(bars: Bars, interval: str, names: tuple[str, ...]) -> list[Candle]:
    found = [candle for name in names for candle in candles(resample(bars, interval, name), name)]
    return sorted(found, key=lambda candle: candle.close_ms)


def run(one: TradingAnalyzer, primary: list[Candle], higher: list[Candle]) -> list[Analysis]:
    """Feed bars in order of time, higher timeframes first at equal times."""
    waiting, out = list(reversed(higher)), []
    for candle in primary:
        while waiting and waiting[-1].close_ms <= candle.close_ms:
            one.on_higher_close(waiting.pop())
        out.append(one.on_close(candle, None, None, NOTHING))
    return out


def assert_equal_to_history(live: list[Analysis], table: ScoreTable, first: int = 0) -> None:
    for row, analysis in enumerate(live, start=first):
        assert analysis.score == pytest.approx(table.score[row], abs=1e-9)
        assert analysis.signal is signal_of(int(table.signal[row]))
        assert analysis.may_enter == table.may_enter[row]
        assert analysis.threshold == pytest.approx(table.threshold[row], rel=1e-12)
        expected = {name: entry[row] for name, entry in table.breakdown.items()}
        assert dict(analysis.breakdown) == pytest.approx(expected, abs=1e-9)
        total = 0.0
        for _, contribution in analysis.breakdown:
            total += contribution
        assert total == analysis.score
        assert {(t.interval, t.indicator) for t in analysis.trends} == set(table.trends)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("BTCUSDT-5m-bybit_linear-20250924_20260430.csv.gz", 2000),
        ("APEUSDT-5m-bybit_linear-20250924_20260430.csv.gz", 2000),
        ("WIFUSDT-1m-bybit_linear-20250423_20250524.csv.gz", 2500),
    ],
)
def test_bar_by_bar_equals_the_whole_history_on_recorded_bars(name: str, count: int) -> None:
    bars = recorded(name, count)
    interval = "5" if "-5m-" in name else "1"
    live = run(analyzer(interval), candles(bars, interval), higher_candles(bars, interval, ("60", "240")))
    table = score_history(bars, interval, SCORING, INDICATORS, MTF)
    assert table.may_enter.sum() > count / 2
    assert_equal_to_history(live, table)


SETTINGS = {
    "default": {},
    "short_window": {"window": 100},
    "all_trends": {"mtf": MtfSettings(trend_indicators=("sma", "ema", "ehlers_supertrend"), trend_period=6)},
    "no_trends": {"mtf": MtfSettings(enabled=False)},
    "rolling_vwap": {"indicators": IndicatorSettings(vwap_daily_reset=False, kama_fast_period=3)},
    "dynamic": {"scoring": ScoringSettings(dynamic_threshold=DynamicThreshold(enabled=True), threshold=1.0)},
    "few_groups": {"scoring": ScoringSettings(switches={"vwap": False, "volatility_index_signal": False})},
    "other_periods": {
        "indicators": IndicatorSettings(
            rsi_period=7,
            stoch_rsi_period=9,
            stoch_k_period=1,
            stoch_d_period=5,
            relative_volume_period=8,
            ichimoku_chikou_span_offset=11,
            ichimoku_tenkan_period=60,
            macd_fast_period=3,
            macd_slow_period=8,
            macd_signal_period=4,
        )
    },
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", SETTINGS)
def test_bar_by_bar_equals_the_whole_history_on_still_and_coarse_markets(case: str, seed: int) -> None:
    bars = without(without(walk(seed, 900), 500, 515), 250, 253)  # a gap, and a hole before it
    given = {"scoring": SCORING, "indicators": INDICATORS, "mtf": MTF} | SETTINGS[case]
    window = given.pop("window", 1000)
    one = TradingAnalyzer("TESTUSDT", "15", **given, window=window)
    names = given["mtf"].higher_timeframes
    live = run(one, candles(bars), higher_candles(bars, "15", names))
    table = score_history(bars, "15", **given)
    assert len(table.data_sets) == 2
    assert_equal_to_history(live, table)


def test_a_history_loaded_first_changes_nothing_of_what_follows() -> None:
    bars = walk(5, 700)
    primary, higher = candles(bars), higher_candles(bars, "15", ("60", "240"))
    one = analyzer()
    cut = primary[499].close_ms
    for name in one.higher_intervals:
        one.load_history(name, [c for c in higher if c.interval == name and c.close_ms <= cut])
    one.load_history("15", primary[:500])
    live = run(one, primary[500:], [c for c in higher if c.close_ms > cut])
    table = score_history(bars, "15", SCORING, INDICATORS, MTF)
    np.testing.assert_allclose([a.score for a in live], table.score[500:], atol=1e-9)
    assert [a.may_enter for a in live] == table.may_enter[500:].tolist()


def test_a_hole_filled_from_history_counts_like_bars_that_came() -> None:
    bars = walk(6, 400)
    primary = candles(bars)
    whole, holed = analyzer(mtf=MtfSettings(enabled=False)), analyzer(mtf=MtfSettings(enabled=False))
    expected = run(whole, primary, [])[-1]
    run(holed, primary[:390], [])
    holed.load_history("15", primary[380:399])  # overlaps what is known
    assert holed.on_close(primary[399], None, None, NOTHING).breakdown == expected.breakdown


# --- what comes from outside ------------------------------------------------------------------------------


def warm(**given: object) -> tuple[TradingAnalyzer, list[Candle]]:
    bars = walk(7, 400, start=MIDNIGHT)
    primary = candles(bars)
    one = analyzer(**given)
    for candle in higher_candles(bars, "15", ("60", "240")):
        if candle.close_ms <= primary[389].close_ms:
            one.on_higher_close(candle)
    one.load_history("15", primary[:390])
    return one, primary[390:]


def test_the_book_counts_when_there_is_one() -> None:
    one, coming = warm()
    with_book = one.on_close(coming[0], 0.4, None, NOTHING)
    assert dict(with_book.breakdown)["orderbook_imbalance"] == pytest.approx(0.07 * 0.4)
    assert "orderbook_imbalance" not in with_book.without_input
    without_book = one.on_close(coming[1], None, None, NOTHING)
    assert dict(without_book.breakdown)["orderbook_imbalance"] == 0.0
    assert "orderbook_imbalance" in without_book.without_input


def test_true_volume_delta_replaces_that_of_bars_in_group_and_filter() -> None:
    scoring = ScoringSettings(volume_delta_source="trades", threshold=0.1)
    one, coming = warm(scoring=scoring)
    bought = one.on_close(coming[0], None, 0.9, NOTHING)
    assert dict(bought.breakdown)["volume_delta_signal"] == pytest.approx(0.10)
    before_filter = bought.score - dict(bought.breakdown)[VOLUME_FILTER]
    assert (dict(bought.breakdown)[VOLUME_FILTER] == 0.0) == (before_filter > 0)
    unknown = one.on_close(coming[1], None, None, NOTHING)
    assert dict(unknown.breakdown)["volume_delta_signal"] == 0.0
    assert "volume_delta_signal" in unknown.without_input
    assert unknown.warming == ()
    assert unknown.may_enter


def test_a_higher_bar_that_has_not_come_is_unknown_for_this_decision_only() -> None:
    one, coming = warm()
    late = one.on_close(coming[0], None, None, frozenset({"60"}))
    assert {t.trend for t in late.trends if t.interval == "60"} == {Trend.UNKNOWN}
    then = one.on_close(coming[1], None, None, NOTHING)
    assert Trend.UNKNOWN not in {t.trend for t in then.trends if t.interval == "60"}
    assert any("60 is not known (its bar has not come)" in notice for notice in one.notices)


def test_unknown_trends_are_told_once_and_do_not_block() -> None:
    one = analyzer()
    live = run(one, candles(walk(7, 200, start=MIDNIGHT)), [])
    assert {t.trend for t in live[-1].trends} == {Trend.UNKNOWN}
    assert "mtf_trend_confluence" in live[-1].without_input
    assert live[-1].may_enter
    assert len([notice for notice in one.notices if "not known" in notice]) == 2


def test_timeframes_that_are_not_longer_are_dropped_with_one_notice_each() -> None:
    one = analyzer("60", mtf=MtfSettings(higher_timeframes=("15", "60", "240", "D")))
    assert one.higher_intervals == ("D", "240")
    assert len(one.notices) == 2
    one.load_history("15", candles(walk(1, 5), "15"))
    assert one.last_open_ms("60") is None


# --- state ------------------------------------------------------------------------------------------------


def test_bars_out_of_order_are_refused() -> None:
    one, coming = warm()
    one.on_close(coming[1], None, None, NOTHING)
    with pytest.raises(ValueError, match=f"bar {coming[0].open_ms} is not after"):
        one.on_close(coming[0], None, None, NOTHING)


def test_a_restored_signal_is_held_until_the_score_falls_short() -> None:
    one, coming = warm(scoring=ScoringSettings(threshold=4.5))
    one.restore_signal(Signal.BUY)
    assert one.signal is Signal.BUY
    assert one.on_close(coming[0], None, None, NOTHING).signal is Signal.HOLD
    held, coming = warm(scoring=ScoringSettings(threshold=1e-6))
    held.restore_signal(Signal.SELL)
    first = held.on_close(coming[0], None, None, NOTHING)
    assert first.signal is (Signal.BUY if first.score > 0 else Signal.SELL)


@pytest.mark.parametrize("told", [True, False])
def test_after_a_gap_everything_begins_anew(told: bool) -> None:
    bars = without(walk(7, 700), 350, 365)
    primary, higher = candles(bars), higher_candles(bars, "15", ("60", "240"))
    one, split = analyzer(), primary[350].open_ms
    run(one, primary[:350], [c for c in higher if c.close_ms <= split])
    if told:
        one.reset()
    live = run(one, primary[350:], [c for c in higher if c.close_ms > split])
    fresh = analyzer()
    expected = run(fresh, primary[350:], higher_candles(bars.part(350, len(bars)), "15", ("60", "240")))
    assert [a.breakdown for a in live] == [a.breakdown for a in expected]
    assert [a.signal for a in live] == [a.signal for a in expected]
    assert not live[0].may_enter


def test_other_weights_take_effect_on_the_next_bar_without_a_new_warm_up() -> None:
    one, coming = warm()
    one.on_close(coming[0], None, None, NOTHING)
    one.use_scoring(ScoringSettings(threshold=1.0, switches={"vwap": False}))
    analysis = one.on_close(coming[1], None, None, NOTHING)
    assert analysis.threshold == 1.0
    assert "vwap" not in dict(analysis.breakdown)
    assert analysis.may_enter


def test_the_newest_values_are_there_to_be_shown() -> None:
    one, coming = warm()
    analysis = one.on_close(coming[0], None, None, NOTHING)
    latest = one.latest()
    assert set(latest) == set(COLUMN_NAMES)
    assert latest["close"] == float(coming[0].close)
    assert latest["atr"] == analysis.atr > 0
    assert 0 <= latest["rsi"] <= 100


def test_the_window_forgets_old_bars_but_no_recursion() -> None:
    bars = walk(8, 600)
    one = analyzer(mtf=MtfSettings(enabled=False), window=120)
    run(one, candles(bars), [])
    assert len(one.bars("15")) == 120
    np.testing.assert_array_equal(one.bars("15").close, bars.close[-120:])
    assert one.last_open_ms("15") == bars.open_ms[-1]
    table = score_history(bars, "15", SCORING, INDICATORS, MtfSettings(enabled=False))
    for name in ("kama", "obv", "ehlers_slow_line", "atr", "adx", "psar", "vwap"):
        assert one.latest()[name] == pytest.approx(np.asarray(getattr(table.columns, name))[-1], rel=1e-9)


def test_the_same_bars_give_the_same_analyses() -> None:
    primary = candles(walk(9, 250))
    assert run(analyzer(), primary, []) == run(analyzer(), primary, [])
