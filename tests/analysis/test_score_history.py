"""Scores of whole histories: sums to the bit, causal, warm when all is, anew after gaps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from analysis_markets import DAY, HOUR, MIDNIGHT, candles, recorded, walk, without
from hypothesis import given, settings
from hypothesis import strategies as st

from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.analysis.columns import COLUMN_NAMES, compute_columns
from whalebot.decisions.analysis.groups import GROUPS, VOLATILITY_GROUP
from whalebot.decisions.analysis.history import bars_needed, column_warm_up, trend_bars_needed
from whalebot.decisions.analysis.resample import resample
from whalebot.decisions.analysis.settings import (
    DEFAULT_WEIGHTS,
    DynamicThreshold,
    IndicatorSettings,
    MtfSettings,
    ScoringSettings,
)
from whalebot.decisions.analysis.table import ScoreTable, score_history
from whalebot.domain.analysis import VOLUME_FILTER
from whalebot.domain.errors import ConfigError

SCORING, INDICATORS, MTF = ScoringSettings(), IndicatorSettings(), MtfSettings()
# Short enough to be warm early, so that small random markets have scores worth comparing.
QUICK = IndicatorSettings(ichimoku_senkou_span_b_period=30, fibonacci_window=40, sma_long_period=30)
QUICK_MTF = MtfSettings(trend_period=4)


def score(bars: Bars, interval: str = "15", **given: object) -> ScoreTable:
    arguments = {"scoring": SCORING, "indicators": QUICK, "mtf": QUICK_MTF} | given
    return score_history(bars, interval, **arguments)


def assert_same_rows(one: ScoreTable, rows: slice, other: ScoreTable, other_rows: slice) -> None:
    np.testing.assert_allclose(one.score[rows], other.score[other_rows], rtol=0, atol=1e-9)
    for name in one.breakdown:
        np.testing.assert_allclose(
            one.breakdown[name][rows], other.breakdown[name][other_rows], rtol=0, atol=1e-9, err_msg=name
        )
    np.testing.assert_array_equal(one.signal[rows], other.signal[other_rows])
    np.testing.assert_array_equal(one.may_enter[rows], other.may_enter[other_rows])
    for key, codes in one.trends.items():
        np.testing.assert_array_equal(codes[rows], other.trends[key][other_rows])


# --- sums -------------------------------------------------------------------------------------------------


def test_the_breakdown_adds_up_to_the_score_to_the_bit() -> None:
    table = score(recorded("BTCUSDT-5m-bybit_linear-20250924_20260430.csv.gz", 40_000), "5")
    total = np.zeros(len(table))
    for entry in table.breakdown.values():
        total += entry
    np.testing.assert_array_equal(total, table.score)
    row = int(np.argmax(np.abs(table.score)))
    one_by_one = 0.0
    for entry in table.breakdown.values():
        one_by_one += float(entry[row])
    assert one_by_one == table.score[row]
    assert not any(np.signbit(entry[entry == 0.0]).any() for entry in table.breakdown.values())


def test_the_order_is_fixed_with_volatility_and_filter_last() -> None:
    names = [group.name for group in GROUPS] + [VOLATILITY_GROUP, VOLUME_FILTER]
    assert list(score(walk(1, 300)).breakdown) == names
    assert names[:3] == ["ema_alignment", "sma_trend_filter", "momentum_rsi_stoch_cci_wr_mfi"]
    assert names[15:19] == ["vwma_cross", "kaufman_ama_cross", "dema_crossover", "volume_delta_signal"]


def test_the_filter_takes_exactly_half_or_nothing() -> None:
    table = score(walk(2, 600))
    before = table.score - table.breakdown[VOLUME_FILTER]
    halved = table.breakdown[VOLUME_FILTER] != 0.0
    np.testing.assert_allclose(table.breakdown[VOLUME_FILTER][halved], -before[halved] / 2, rtol=1e-12)
    assert 0.1 < halved.mean() < 1.0
    unfiltered = score(walk(2, 600), scoring=ScoringSettings(volume_confirmation_multiplier=1.0))
    assert VOLUME_FILTER not in unfiltered.breakdown
    np.testing.assert_allclose(unfiltered.score, before, atol=1e-12)


def test_switched_off_and_weightless_groups_are_not_in_the_breakdown() -> None:
    scoring = ScoringSettings(switches={"vwap": False}, weights={"psar": 0.0, VOLATILITY_GROUP: 0.0})
    assert set(score(walk(1, 300), scoring=scoring).breakdown) == (set(DEFAULT_WEIGHTS) | {VOLUME_FILTER}) - {
        "vwap",
        "psar",
        VOLATILITY_GROUP,
    }
    assert "mtf_trend_confluence" not in score(walk(1, 300), mtf=MtfSettings(enabled=False)).breakdown


def test_equal_input_gives_equal_bits() -> None:
    one, two = score(walk(8, 500)), score(walk(8, 500))
    assert one.score.tobytes() == two.score.tobytes()
    assert one.signal.tobytes() == two.signal.tobytes()


# --- causality --------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 420))
def test_a_prefix_has_the_same_scores(seed: int, count: int) -> None:
    bars = without(walk(seed, 420), 205, 205 + seed % 14)
    prefix = bars.part(0, min(count, len(bars)))
    assert_same_rows(score(bars), slice(0, len(prefix)), score(prefix), slice(None))


def test_a_changed_future_changes_no_past_row() -> None:
    bars = walk(5, 400)
    changed = Bars(*(getattr(bars, name).copy() for name in Bars.__slots__))
    for name in ("open", "high", "low", "close"):
        getattr(changed, name)[300:] *= 2
    one, other = score(bars), score(changed)
    assert_same_rows(one, slice(0, 300), other, slice(0, 300))
    assert np.abs(one.score[300:] - other.score[300:]).max() > 0.1


# --- warm-up ----------------------------------------------------------------------------------------------


def test_trading_starts_on_the_second_bar_without_a_nan() -> None:
    table = score(walk(1, 300, start=MIDNIGHT))
    needed = max(mask.argmin() for mask in table.warming.values())
    assert table.may_enter.argmax() == needed + 1
    assert table.may_enter[needed + 1 :].all()


def test_a_later_nan_does_not_stop_trading_nor_does_an_unknown_trend() -> None:
    bars = walk(1, 400, start=MIDNIGHT)
    bars.volume[250:300] = 0.0
    table = score(bars, mtf=MTF)
    assert table.warming["relative_volume_confirmation"][275]
    assert table.may_enter[275]
    assert np.isnan(table.trends["240", "ema"]).all()


def test_the_anchored_vwap_waits_for_midnight_and_a_switched_off_group_does_not() -> None:
    bars = walk(1, 300, start=MIDNIGHT + 15 * 60_000)
    assert score(bars).may_enter.argmax() == 96
    assert score(bars, scoring=ScoringSettings(switches={"vwap": False})).may_enter.argmax() == 56


def test_signals_are_hold_while_warming() -> None:
    table = score(walk(1, 300), scoring=ScoringSettings(threshold=0.01))
    assert not table.signal[~table.may_enter].any()
    assert (np.abs(table.score[~table.may_enter]) > 0.01).any()
    assert table.signal[table.may_enter].any()


@pytest.mark.parametrize("interval", ["15", "D"])
def test_the_declared_warm_up_of_every_column_is_true(interval: str) -> None:
    bars = walk(1, 400, minutes=15 if interval == "15" else 1440, start=MIDNIGHT)
    bars.volume[bars.volume == 0] = 1.0
    columns = compute_columns(bars, interval, INDICATORS)
    declared = column_warm_up(interval, INDICATORS)
    for name, column in columns.arrays():
        if name in ("orderbook_imbalance", "mtf_balance", "mean_atr"):
            continue
        found = int(np.isnan(column).argmin())
        if name == "vwap" and interval == "15":
            assert found == 0  # these bars begin at midnight
            assert declared[name] == 95
        else:
            assert found == declared.get(name, 0), name


def test_a_backfill_of_the_bars_needed_is_enough() -> None:
    needed = bars_needed("15", SCORING, INDICATORS)
    assert needed == 97
    worst = walk(4, 200, start=MIDNIGHT + 15 * 60_000)
    worst.volume[worst.volume == 0] = 1.0
    assert score(worst, indicators=INDICATORS).may_enter.argmax() + 1 == needed
    assert bars_needed("D", SCORING, INDICATORS) == 79
    assert trend_bars_needed(MTF, INDICATORS) == 50


# --- gaps -------------------------------------------------------------------------------------------------


def test_nothing_learnt_before_a_gap_is_used_after_it() -> None:
    bars = without(walk(6, 800), 400, 411)
    table = score(bars)
    assert table.data_sets == (0, 400)
    assert_same_rows(table, slice(0, 400), score(bars.part(0, 400)), slice(None))
    assert_same_rows(table, slice(400, None), score(bars.part(400, len(bars))), slice(None))
    assert not table.may_enter[400:450].any()


def test_a_hole_of_ten_bars_is_no_gap() -> None:
    bars = without(walk(6, 800), 400, 410)
    table = score(bars)
    assert table.data_sets == (0,)
    assert table.may_enter[400]


def test_higher_bars_given_are_cut_at_the_gap_too() -> None:
    whole = walk(6, 800)
    bars = without(whole, 402, 414)
    hours = resample(whole, "15", "60")
    table = score(bars, higher={"60": hours, "240": resample(whole, "15", "240")})
    resumed = bars.open_ms[402]
    after = hours.part(int(np.searchsorted(hours.open_ms, resumed)), len(hours))
    alone = score(
        bars.part(402, len(bars)), higher={"60": after, "240": resample(bars.part(0, 0), "15", "240")}
    )
    np.testing.assert_array_equal(table.trends["60", "ema"][402:], alone.trends["60", "ema"])


def test_gaps_found_in_finer_data_can_be_given() -> None:
    table = score(walk(6, 600), starts=np.array([0, 300]))
    assert_same_rows(table, slice(300, None), score(walk(6, 600).part(300, 600)), slice(None))


# --- higher timeframes ------------------------------------------------------------------------------------


def test_higher_history_from_before_the_start_counts() -> None:
    bars = walk(9, 900)
    late = bars.part(500, 900)
    hours = {name: resample(bars, "15", name) for name in ("60", "240")}
    table = score(late, higher=hours, mtf=MTF)
    assert not np.isnan(table.trends["60", "ema"]).any()
    assert np.isnan(score(late, mtf=MTF).trends["60", "ema"][:100]).all()


def test_a_timeframe_not_longer_than_the_primary_is_left_out_with_one_notice() -> None:
    table = score(walk(1, 300), mtf=MtfSettings(higher_timeframes=("15", "5", "60")))
    assert {interval for interval, _ in table.trends} == {"60"}
    assert len(table.notices) == 2
    assert "timeframe 15" in table.notices[0]


def test_a_timeframe_that_bars_cannot_fill_is_unknown_with_a_notice() -> None:
    table = score(walk(1, 300, minutes=3), "3", mtf=MtfSettings(higher_timeframes=("5",)))
    assert np.isnan(table.trends["5", "ema"]).all()
    assert "cannot be made" in table.notices[0]


# --- the rest ---------------------------------------------------------------------------------------------


def test_days_have_the_rolling_vwap() -> None:
    bars = walk(1, 300, minutes=1440, start=MIDNIGHT - 300 * DAY)
    table = score(bars, "D", mtf=MtfSettings(higher_timeframes=("W",), trend_period=4))
    assert np.isnan(table.columns.vwap[:19]).all()
    assert not np.isnan(table.columns.vwap[19:]).any()
    assert not np.asarray(table.columns.vwap_session_start).any()


def test_a_book_that_was_recorded_counts_and_a_missing_one_is_named() -> None:
    imbalance = np.full(300, 0.5)
    imbalance[250:] = np.nan
    table = score(walk(1, 300), imbalance=imbalance)
    np.testing.assert_allclose(table.breakdown["orderbook_imbalance"][:250], 0.07 * 0.5)
    assert not table.breakdown["orderbook_imbalance"][250:].any()
    assert "orderbook_imbalance" not in table.without_input
    assert score(walk(1, 300)).without_input == ("orderbook_imbalance",)


def test_the_threshold_can_follow_the_volatility() -> None:
    scoring = ScoringSettings(dynamic_threshold=DynamicThreshold(enabled=True))
    table = score(walk(1, 400), scoring=scoring)
    atr, mean = np.asarray(table.columns.atr), np.asarray(table.columns.mean_atr)
    known = ~np.isnan(mean)
    assert (table.threshold[~known] == 2.0).all()
    np.testing.assert_allclose(table.threshold[known], 2.0 * np.clip(atr[known] / mean[known], 0.9, 1.5))
    assert len(set(table.threshold)) > 50


def test_trades_as_source_of_the_volume_delta_are_refused() -> None:
    with pytest.raises(ConfigError, match="volume_delta_source"):
        score(walk(1, 50), scoring=ScoringSettings(volume_delta_source="trades"))


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_histories_too_short_for_anything_are_no_error(count: int) -> None:
    table = score(walk(1, 10).part(0, count))
    assert len(table) == len(table.score) == count
    assert not table.may_enter.any()


def test_a_row_reads_as_the_analysis_of_its_candle() -> None:
    bars = walk(3, 300)
    table = score(bars)
    analysis = table.analysis(299, candles(bars)[299])
    assert analysis.close_ms == bars.open_ms[299] + HOUR // 4
    assert sum(value for _, value in analysis.breakdown) == pytest.approx(analysis.score)
    assert analysis.may_enter
    assert analysis.threshold == 2.0
    assert analysis.atr == np.asarray(table.columns.atr)[299]
    early = table.analysis(5, candles(bars)[5])
    assert early.atr == 0.0
    assert "sma_trend_filter" in early.warming
    assert "orderbook_imbalance" in early.without_input


def test_a_frame_has_a_column_for_everything() -> None:
    table = score(walk(3, 120))
    frame = table.to_frame()
    assert len(frame) == 120
    assert frame.index[0].value // 1_000_000 == table.bars.open_ms[0]
    assert {*COLUMN_NAMES, "score", "group.vwap", "trend.60.ema", "may_enter"} <= set(frame.columns)
    np.testing.assert_array_equal(frame["score"], table.score)


def test_chunks_meet_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = score(walk(7, 700))
    monkeypatch.setattr("whalebot.decisions.analysis.scoring._CHUNK", 17)
    chunked = score(walk(7, 700))
    for (name, one), (_, other) in zip(whole.breakdown.items(), chunked.breakdown.items(), strict=True):
        assert one.tobytes() == other.tobytes(), name


def test_groups_that_cross_are_zero_most_of_the_time_and_sides_are_not() -> None:
    table = score(recorded("BTCUSDT-5m-bybit_linear-20250924_20260430.csv.gz", 20_000), "5", mtf=MTF)
    share = {name: float((entry != 0.0).mean()) for name, entry in table.breakdown.items()}
    for name in ("vwma_cross", "kaufman_ama_cross", "dema_crossover", "macd_alignment"):
        assert 0.02 < share[name] < 0.3
    for name in ("ema_alignment", "sma_trend_filter", "psar"):
        assert share[name] > 0.95
    reached = float((np.abs(table.score) >= 2.0).mean())
    assert 0.004 < reached < 0.03
    for first, second in pairwise(sorted(table.data_sets)):
        assert first < second
