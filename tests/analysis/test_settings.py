"""Settings: defaults, and a clear word on what is out of range."""

from __future__ import annotations

import pytest

from whalebot.decisions.analysis.groups import GROUPS, VOLATILITY_GROUP
from whalebot.decisions.analysis.scoring import least_threshold, score_range
from whalebot.decisions.analysis.settings import (
    DEFAULT_WEIGHTS,
    DynamicThreshold,
    IndicatorSettings,
    MtfSettings,
    ScoringSettings,
)


def test_every_group_has_a_weight_and_every_weight_a_group() -> None:
    assert {group.name for group in GROUPS} | {VOLATILITY_GROUP} == set(DEFAULT_WEIGHTS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rsi_period": 1}, "indicator_settings.rsi_period: 1 must be a whole number from 2"),
        ({"rsi_period": 14.0}, "rsi_period: 14.0"),
        ({"keltner_atr_multiplier": 0}, "keltner_atr_multiplier: 0 must be above 0"),
        ({"rsi_oversold": 70}, "rsi_oversold: 70 must be below rsi_overbought 70"),
        ({"macd_fast_period": 26}, "macd_fast_period: 26 must be below macd_slow_period 26"),
        ({"volume_delta_threshold": 1.0}, "volume_delta_threshold: 1.0"),
    ],
)
def test_indicator_settings_name_the_key(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        IndicatorSettings(**change)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ValueError, match="rsi_period") as caught:
        IndicatorSettings(rsi_period=0, cci_period=0)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"threshold": 0.0}, "signal_score_threshold"),
        ({"hysteresis_ratio": 1.1}, "hysteresis_ratio"),
        ({"volume_confirmation_multiplier": -1}, "volume_confirmation_multiplier"),
        ({"volume_delta_source": "tape"}, "'tape' is not one of klines, trades"),
        ({"weights": {"emma": 1.0}}, "unknown groups emma"),
        ({"switches": {"emma": True}}, "unknown groups emma"),
        ({"weights": {"vwap": -0.1}}, "vwap: -0.1"),
    ],
)
def test_scoring_settings_name_the_key(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ScoringSettings(**change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"higher_timeframes": ("45",)}, "higher_timeframes: '45'"),
        ({"trend_indicators": ("wma",)}, "trend_indicators: 'wma'"),
        ({"higher_timeframes": ("60", "60")}, "twice"),
        ({"trend_period": 1}, "trend_period"),
    ],
)
def test_mtf_settings_name_the_key(change: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        MtfSettings(**change)


def test_dynamic_threshold_is_checked() -> None:
    with pytest.raises(ValueError, match="min_factor"):
        DynamicThreshold(min_factor=2.0)
    with pytest.raises(ValueError, match="mean_period"):
        DynamicThreshold(mean_period=1)


def test_a_switched_off_group_weighs_nothing_and_a_missing_weight_is_the_default() -> None:
    scoring = ScoringSettings(switches={"vwap": False}, weights={"psar": 0.5})
    assert scoring.weight("vwap") == 0.0
    assert scoring.weight("psar") == 0.5
    assert scoring.weight("macd_alignment") == DEFAULT_WEIGHTS["macd_alignment"]


def test_the_range_is_the_sum_of_the_groups_maxima() -> None:
    least, most = score_range(ScoringSettings())
    assert most == -least == pytest.approx(4.974)
    assert score_range(ScoringSettings(), MtfSettings(enabled=False))[1] == pytest.approx(4.974 - 0.32)
    none = dict.fromkeys(DEFAULT_WEIGHTS, 0.0)
    assert score_range(ScoringSettings(weights={**none, "sma_10": 0.4})) == (-0.4, 0.4)
    assert score_range(ScoringSettings(weights={**none, VOLATILITY_GROUP: 1.0}))[1] == pytest.approx(0.2)


def test_the_least_threshold_knows_of_the_dynamic_one() -> None:
    assert least_threshold(ScoringSettings()) == 2.0
    dynamic = DynamicThreshold(enabled=True, min_factor=0.5)
    assert least_threshold(ScoringSettings(dynamic_threshold=dynamic)) == 1.0
