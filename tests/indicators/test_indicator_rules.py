"""Values computed by hand and the edges where an indicator must not follow the formula blindly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_bars import random_market

from whalebot.indicators import averages, oscillators, structure, trend, volatility, volume
from whalebot.indicators.arrays import lagged, rolling_sum
from whalebot.indicators.streaming.averages import super_smoother_coefficients

NAN = math.nan
DAY = 86_400_000


def floats(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


# --- flat windows -----------------------------------------------------------------------------------------


def test_rsi_is_50_only_where_period_plus_one_closes_are_equal() -> None:
    close = np.concatenate((np.linspace(100, 90, 11), np.full(6, 90.0), [89.0]))
    out = oscillators.rsi(close, 5)
    assert out[14] == 0.0  # closes 10 to 14 hold five equal ones, one too few
    assert out[15] == 50.0
    assert out[16] == 50.0
    assert out[17] == 0.0  # the recursion went on beneath the override


def test_williams_r_is_minus_50_without_a_range() -> None:
    flat = np.full(20, 7.0)
    assert oscillators.williams_r(flat, flat, flat, 14)[13:].tolist() == [-50.0] * 7


def test_stochastics_are_50_without_a_range() -> None:
    flat = np.full(60, 7.0)
    for out in (*oscillators.stochastic(flat, flat, flat, 14, 3, 3), *oscillators.stoch_rsi(flat, 14, 3, 3)):
        assert set(out[~np.isnan(out)]) == {50.0}


def test_mfi_is_50_where_no_money_moved() -> None:
    price = np.concatenate((np.arange(100.0, 110.0), np.full(10, 109.0)))
    still_price = oscillators.mfi(price, price, price, np.full(20, 5.0), 5)
    assert still_price[13] == 100.0
    assert still_price[14:].tolist() == [50.0] * 6
    no_volume = oscillators.mfi(price, price, price, np.zeros(20), 5)
    assert no_volume[5:].tolist() == [50.0] * 15


def test_mfi_of_tiny_money_is_not_flat() -> None:
    price = np.arange(1.0, 21.0) * 1e-6
    assert oscillators.mfi(price, price, price, np.full(20, 1e-3), 5)[5:].tolist() == [100.0] * 15


# --- averages ---------------------------------------------------------------------------------------------


@given(st.integers(2, 60), st.floats(1e-6, 1e6))
def test_super_smoother_keeps_a_constant(period: int, level: float) -> None:
    np.testing.assert_allclose(averages.super_smoother(np.full(200, level), period), level, rtol=1e-9)


def test_super_smoother_by_hand() -> None:
    c1, c2, c3 = super_smoother_coefficients(10)
    a = math.exp(-1.414213562373095 * math.pi / 10)
    assert c2 == pytest.approx(2 * a * math.cos(1.414213562373095 * math.pi / 10), rel=1e-12)
    assert c3 == pytest.approx(-a * a, rel=1e-12)
    assert c1 + c2 + c3 == pytest.approx(1.0, abs=1e-15)
    out = averages.super_smoother(floats(NAN, 1.0, 2.0, 4.0, 3.0), 10)
    third = c1 * (4.0 + 2.0) / 2 + c2 * 2.0 + c3 * 1.0
    fourth = c1 * (3.0 + 4.0) / 2 + c2 * third + c3 * 2.0
    np.testing.assert_allclose(out, [NAN, 1.0, 2.0, third, fourth], rtol=1e-12)


def test_super_smoother_refuses_a_period_below_two() -> None:
    with pytest.raises(ValueError, match="period 1"):
        averages.super_smoother(floats(1.0, 2.0), 1)


def test_vwma_has_no_value_without_volume() -> None:
    close, traded = floats(1, 2, 3, 4, 5), floats(9, 0, 0, 0, 2)
    assert np.isnan(averages.vwma(close, traded, 3)).tolist() == [True, True, False, True, False]


# --- volume -----------------------------------------------------------------------------------------------


def test_a_window_without_volume_has_cmf_and_delta_zero_even_after_huge_volume() -> None:
    traded = np.concatenate((np.full(5, 1e17), [0.1] * 3, np.zeros(6)))
    close = np.linspace(10, 11, 14)
    out = volume.cmf(close + 1, close - 1, close + 0.5, traded, 4)
    assert out[11:].tolist() == [0.0] * 3
    assert volume.volume_delta(close - 1, close, traded, 4)[11:].tolist() == [0.0] * 3


def test_volume_delta_counts_dojis_only_in_the_whole() -> None:
    out = volume.volume_delta(floats(1, 2, 2), floats(2, 1, 2), floats(5, 2, 3), 3)
    np.testing.assert_allclose(out, [NAN, NAN, (5 - 2) / 10])


def test_relative_volume_leaves_the_bar_itself_out() -> None:
    out = volume.relative_volume(floats(1, 3, 8, 0, 0, 5), 2)
    np.testing.assert_allclose(out, [NAN, NAN, 4.0, 0.0, 0.0, NAN])


def test_vwap_starts_at_the_first_midnight_and_anew_each_day() -> None:
    open_ms = np.array([DAY - 2, DAY - 1, DAY, DAY + 1, 2 * DAY + 5, 2 * DAY + 6])
    price, traded = floats(1, 2, 3, 6, 10, 20), floats(1, 1, 2, 1, 0, 4)
    out = volume.anchored_vwap(open_ms, price, price, price, traded)
    np.testing.assert_allclose(out, [NAN, NAN, 3.0, 4.0, 10.0, 20.0])
    assert volume.session_starts(open_ms).tolist() == [False, False, True, False, True, False]


def test_vwap_that_begins_at_midnight_has_no_warm_up() -> None:
    one = floats(5.0)
    assert volume.anchored_vwap(np.array([DAY]), one, one, one, one).tolist() == [5.0]


def test_rolling_vwap_without_volume_is_the_close() -> None:
    price, traded = floats(1, 2, 3, 4), floats(1, 3, 0, 0)
    out = volume.rolling_vwap(price, price, price, traded, 2)
    np.testing.assert_allclose(out, [NAN, 1.75, 2.0, 4.0])


# --- trend ------------------------------------------------------------------------------------------------


def test_ehlers_supertrend_starts_up_and_flips_on_the_current_band() -> None:
    bars = random_market(11, 300)
    lines = trend.ehlers_supertrend(bars.high, bars.low, bars.close, 10, 2.0)
    price = averages.super_smoother((bars.high + bars.low) / 2, 10)
    spread = 2.0 * averages.super_smoother(volatility.true_range(bars.high, bars.low, bars.close), 10)
    upper, lower, direction = price[10] + spread[10], price[10] - spread[10], 1.0
    assert lines.direction[10] == 1.0
    for i in range(11, 300):
        basic_upper, basic_lower = price[i] + spread[i], price[i] - spread[i]
        if basic_upper < upper or bars.close[i - 1] > upper:
            upper = basic_upper
        if basic_lower > lower or bars.close[i - 1] < lower:
            lower = basic_lower
        if direction < 0 and bars.close[i] > upper:
            direction = 1.0
        elif direction > 0 and bars.close[i] < lower:
            direction = -1.0
        assert lines.direction[i] == direction
        assert lines.line[i] == (lower if direction > 0 else upper)


def test_the_cloud_is_that_of_26_bars_ago() -> None:
    bars = random_market(4, 120)
    lines = trend.ichimoku(bars.high, bars.low, 9, 26, 52)
    at, then = 100, 74

    def middle(period: int) -> float:
        window = slice(then - period + 1, then + 1)
        return (bars.high[window].max() + bars.low[window].min()) / 2

    spans = sorted(((middle(9) + middle(26)) / 2, middle(52)))
    np.testing.assert_allclose([lines.cloud_bottom[at], lines.cloud_top[at]], spans, rtol=1e-12)


# --- structure --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("high", "low", "expected"),
    [
        ((5, 6, 7, 6), (1, 2, 3, 2), 1.0),
        ((7, 6, 5, 6), (3, 2, 1, 1), -1.0),
        ((5, 6, 6, 6), (1, 2, 3, 2), 0.0),  # an equal high is not a higher one
        ((5, 6, 7, 8), (2, 3, 2, 3), 0.0),  # nor an equal low
        ((5, 6, 7, 8), (2, 3, 1, 3), 0.0),
    ],
)
def test_market_structure_is_strict(high: tuple, low: tuple, expected: float) -> None:
    out = structure.market_structure(floats(*high), floats(*low), 2)
    assert np.isnan(out[:3]).all()
    assert out[3] == expected


def test_fibonacci_levels_hang_from_the_high() -> None:
    levels = dict(structure.fibonacci_levels(200.0, 100.0))
    assert levels[0.0] == 200.0
    assert levels[0.236] == pytest.approx(176.4)
    assert levels[0.618] == pytest.approx(138.2)
    assert levels[1.0] == 100.0


def test_candlestick_patterns_go_by_name() -> None:
    open_, close = floats(*[10.0, 9.0] * 10, 8.0), floats(*[9.0, 10.0] * 10, 11.5)
    out = structure.pattern("CDLENGULFING", open_, np.maximum(open_, close), np.minimum(open_, close), close)
    assert set(out.tolist()) <= {-200, -100, 0, 100, 200}
    assert len(structure.pattern_names()) > 50
    with pytest.raises(ValueError, match="CDLNONSENSE"):
        structure.pattern("CDLNONSENSE", open_, open_, open_, open_)


# --- arrays -----------------------------------------------------------------------------------------------


def test_a_rolling_sum_forgets_what_left_the_window() -> None:
    values = floats(1e17, 1.0, 2.0, 3.0)
    assert rolling_sum(values, 2).tolist()[2:] == [3.0, 5.0]
    assert rolling_sum(values[2:], 2).tolist()[1] == 5.0


def test_lagged_further_than_the_history_is_all_nan() -> None:
    assert np.isnan(lagged(floats(1, 2), 5)).all()
