"""The golden vector: indicators, votes, score, stop and target worked out by hand elsewhere."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from golden_bars import DEFAULT, evaluate_last, golden_history, history_of, with_config

from whalebot.decisions.scan.compute import compute, compute_history
from whalebot.decisions.scan.evaluation import Confidence, Direction
from whalebot.decisions.scan.series import fixed_series

EXPECTED = {
    "ema": 107.950528,
    "atr": 2.268886,
    "rsi": 85.982579,
    "stoch_rsi": 1.0,
    "stoch_k": 1.0,
    "stoch_d": 1.0,
    "macd": 3.409872,
    "macd_signal": 2.387250,
    "macd_histogram": 1.022622,
    "band_lower": 98.916315,
    "band_middle": 107.2725,
    "band_upper": 115.628685,
    "bandwidth": 0.155794,
    "bandwidth_limit": 0.090203,
    "momentum_short": 6.298333,
    "momentum_long": 4.475769,
    "strength": 0.803286,
    "obv": 16640.0,
    "vwap": 103.106160,
    "pivot": 105.873333,
    "r1": 120.276667,
    "s1": 97.506667,
    "r2": 128.643333,
    "s2": 83.103333,
    "divergence": 0.0,
}
SMA = {"atr": 2.114286, "rsi": 93.181818, "stoch_rsi": 0.852706, "stoch_k": 0.894320, "stoch_d": 0.918388}


@pytest.mark.parametrize(
    ("settings", "expected"), [(DEFAULT, EXPECTED), (with_config(rsi_method="sma", atr_method="sma"), SMA)]
)
def test_indicators_of_the_golden_vector(settings, expected) -> None:
    bar = compute(golden_history().window(239, 200), settings)
    assert {name: getattr(bar, name) for name in expected} == pytest.approx(expected, abs=1e-6)
    assert bar.obv - bar.obv_before == 1560.0
    assert bar.bars == 200


def test_previous_day_of_the_golden_vector() -> None:
    before = golden_history().previous[239]
    assert (before.high, before.low, before.close) == (114.24, 91.47, 111.91)


def test_squeezes_of_the_golden_vector() -> None:
    window = golden_history().window(239, 200)
    series = fixed_series(window.high, window.low, window.close, window.volume, DEFAULT)
    squeezed = np.flatnonzero(series.bandwidth < series.bandwidth_limit) - 200
    assert {*range(-23, -19), *range(-51, -44)} <= set(squeezed.tolist())
    assert not {*range(-10, 0)} & set(squeezed.tolist())


def test_divergences_of_the_golden_vector() -> None:
    history = golden_history()
    bars = {row - 240: bar for row, bar in enumerate(compute_history(history, DEFAULT), 1)}
    assert [bars[offset].divergence for offset in (-23, -22, -21, -20, -19)] == [0, 1, 1, 1, 0]
    assert [bars[offset].divergence for offset in (-109, -108, -107, -106, -105)] == [0, -1, -1, -1, 0]
    assert (bars[-22].swing_earlier, bars[-22].swing_later) == (16.0, 3.0)


def test_votes_and_score_of_the_golden_vector() -> None:
    found = evaluate_last(golden_history())
    assert list(found.votes.values()) == [1, 1, 1, 0, -1, -1, 1, 0, 0, 0, 0]
    assert found.score == pytest.approx(0.1 / 4.1, abs=1e-9)
    assert found.signal is Direction.NONE
    assert found.levels is None
    assert found.reason == ""


@pytest.mark.parametrize(
    ("tick", "stop", "target"),
    [
        ("0.01", "111.08", "124.69"),
        ("0.1", "111.0", "124.6"),
        ("0.0000001", "111.0822281", "124.6955436"),
        ("5", "110", "120"),
    ],
)
def test_momentum_modes_make_the_golden_vector_long(tick, stop, target) -> None:
    settings = with_config(rsi_mode="momentum", stoch_rsi_mode="momentum")
    found = evaluate_last(golden_history(), settings, tick=tick)
    assert found.score == pytest.approx(0.6585366, abs=1e-7)
    assert (found.signal, found.confidence) == (Direction.LONG, Confidence.MEDIUM)
    assert found.agreement == pytest.approx(2.7 / 4.1)
    assert (found.levels.entry, found.levels.stop) == (Decimal("115.62"), Decimal(stop))
    # TA-Lib and this page agree on the ATR to nine digits: the seventh decimal of a level may differ by one.
    assert abs(found.levels.target - Decimal(target)) <= Decimal("0.0000002")


@pytest.mark.parametrize("price", [100.0, 0.1, 3.3, 1e-6, 65432.1])
def test_flat_bars_vote_nothing(price) -> None:
    found = evaluate_last(history_of(np.full(240, price)), tick="0.0000001", price=Decimal(repr(price)))
    bar = found.bar
    assert set(found.votes.values()) == {0}
    assert (bar.rsi, bar.stoch_rsi, bar.stoch_k) == (50.0, 0.5, 0.5)
    assert bar.macd == pytest.approx(0.0, abs=1e-12 * price)
    assert bar.band_upper == pytest.approx(bar.band_lower, rel=1e-12)
    assert found.reason == "no ATR"


def test_rising_closes() -> None:
    bar = compute(history_of(1000.0 + np.arange(1000)).window(999, 1000), DEFAULT)
    assert bar.rsi == 100.0
    assert bar.macd == pytest.approx(7.0, abs=1e-6)


def test_deviation_of_twenty_integers() -> None:
    bar = compute(history_of(np.arange(1.0, 201.0)).window(199, 200), DEFAULT)
    assert (bar.band_upper - bar.band_middle) / 2.0 == pytest.approx(5.766281, abs=1e-6)


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_scaling_prices_changes_no_vote(factor) -> None:
    history = golden_history()
    scaled = history_of(history.close * factor, history.high * factor, history.low * factor, history.volume)
    plain, big = compute(history.window(239, 200), DEFAULT), compute(scaled.window(239, 200), DEFAULT)
    for name in ("ema", "macd", "macd_signal", "band_upper", "vwap", "atr", "r1", "s2", "momentum_long"):
        assert getattr(big, name) == pytest.approx(factor * getattr(plain, name), rel=1e-9), name
    for name in ("rsi", "stoch_k", "strength", "bandwidth", "natr", "obv", "relative_volume"):
        assert getattr(big, name) == pytest.approx(getattr(plain, name), rel=1e-9), name
    assert evaluate_last(history).votes == evaluate_last(scaled, tick="0.0001").votes


def test_too_few_bars_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match="BTCUSDT: insufficient data"):
        compute(history_of([1.0]).window(0, 200), DEFAULT)


def test_warming_up_is_not_ready_and_never_filled() -> None:
    history = golden_history()
    settings = replace(DEFAULT, kline_history=200)
    for bars in range(2, 60):
        bar = compute(history.window(bars - 1, 200), settings)
        assert math.isnan(bar.rsi) == (bars < 15)
        assert math.isnan(bar.atr) == (bars < 15)
        assert math.isnan(bar.ema) == (bars < 20)
        assert math.isnan(bar.macd_signal) == (bars < 34)
        assert math.isnan(bar.stoch_d) == (bars < 32)
        assert math.isnan(bar.strength) == (bars < 36)
        assert math.isnan(bar.armed) == (bars < 44)
        assert math.isnan(bar.divergence) == (bars < 56)
