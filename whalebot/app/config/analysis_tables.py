"""Tables about analysis: timeframes, indicators, switches, weights, threshold."""

from __future__ import annotations

from typing import Literal, TypeAlias

from whalebot.app.config.fields import BARS, PERCENT, Table, key

Interval: TypeAlias = Literal["1", "3", "5", "15", "30", "60", "120", "240", "360", "720", "D", "W", "M"]
TrendIndicator: TypeAlias = Literal["sma", "ema", "ehlers_supertrend"]


class MtfTable(Table):
    """Trends of higher timeframes."""

    enabled: bool = key(True, "read the trends of higher timeframes")
    higher_timeframes: tuple[Interval, ...] = key(
        ("60", "240"), "timeframes above the primary one; one that is not above it is dropped with a warning"
    )
    trend_indicators: tuple[TrendIndicator, ...] = key(
        ("ema", "ehlers_supertrend"), "what tells the trend of each of them"
    )
    trend_period: int = key(50, "period of the trend's SMA or EMA", BARS, ge=2, le=500)


def _period(default: int, meaning: str, least: int = 2) -> int:
    period: int = key(default, meaning, BARS, ge=least, le=500)
    return period


def _multiplier(default: float, meaning: str) -> float:
    multiplier: float = key(default, meaning, gt=0, le=20)
    return multiplier


def _level(default: float, meaning: str, low: float, high: float) -> float:
    level: float = key(default, meaning, ge=low, le=high)
    return level


class IndicatorTable(Table):
    """Periods, multipliers and thresholds of the indicators."""

    atr_period: int = _period(14, "ATR, which sizes stops and targets")
    ema_short_period: int = _period(9, "short EMA of ema_alignment")
    ema_long_period: int = _period(21, "long EMA of ema_alignment")
    rsi_period: int = _period(14, "RSI")
    rsi_oversold: float = _level(30.0, "RSI below this counts as oversold", 0, 100)
    rsi_overbought: float = _level(70.0, "RSI above this counts as overbought", 0, 100)
    stoch_rsi_period: int = _period(14, "RSI and window of StochRSI")
    stoch_k_period: int = _period(3, "smoothing of K", 1)
    stoch_d_period: int = _period(3, "smoothing of D", 1)
    stoch_rsi_oversold: float = _level(20.0, "K below this counts as oversold", 0, 100)
    stoch_rsi_overbought: float = _level(80.0, "K above this counts as overbought", 0, 100)
    bollinger_bands_period: int = _period(20, "Bollinger bands")
    bollinger_bands_std_dev: float = _multiplier(2.0, "width of the bands in standard deviations")
    cci_period: int = _period(20, "CCI")
    cci_oversold: float = _level(-100.0, "CCI below this counts as oversold", -1000, 1000)
    cci_overbought: float = _level(100.0, "CCI above this counts as overbought", -1000, 1000)
    williams_r_period: int = _period(14, "Williams %R")
    williams_r_oversold: float = _level(-80.0, "%R below this counts as oversold", -100, 0)
    williams_r_overbought: float = _level(-20.0, "%R above this counts as overbought", -100, 0)
    mfi_period: int = _period(14, "money flow index")
    mfi_oversold: float = _level(20.0, "MFI below this counts as oversold", 0, 100)
    mfi_overbought: float = _level(80.0, "MFI above this counts as overbought", 0, 100)
    psar_acceleration: float = key(0.02, "parabolic SAR: step of the acceleration", gt=0, le=1)
    psar_max_acceleration: float = key(0.2, "parabolic SAR: its ceiling", gt=0, le=1)
    sma_short_period: int = _period(10, "SMA of sma_10")
    sma_long_period: int = _period(50, "SMA of sma_trend_filter")
    fibonacci_window: int = _period(60, "bars whose range is retraced")
    ehlers_fast_period: int = _period(10, "fast Ehlers SuperTrend")
    ehlers_fast_multiplier: float = _multiplier(2.0, "its band width in smoothed ranges")
    ehlers_slow_period: int = _period(20, "slow Ehlers SuperTrend")
    ehlers_slow_multiplier: float = _multiplier(3.0, "its band width in smoothed ranges")
    macd_fast_period: int = _period(12, "MACD: fast EMA")
    macd_slow_period: int = _period(26, "MACD: slow EMA")
    macd_signal_period: int = _period(9, "MACD: signal line", 1)
    adx_period: int = _period(14, "ADX and the directional indicators")
    ichimoku_tenkan_period: int = _period(9, "Ichimoku: conversion line")
    ichimoku_kijun_period: int = _period(26, "Ichimoku: base line")
    ichimoku_senkou_span_b_period: int = _period(52, "Ichimoku: span B")
    ichimoku_chikou_span_offset: int = _period(26, "Ichimoku: how far cloud and chikou look back", 1)
    obv_ema_period: int = _period(20, "EMA over OBV")
    cmf_period: int = _period(20, "Chaikin money flow")
    volatility_index_period: int = _period(20, "mean of ATR / close")
    vwma_period: int = _period(20, "volume-weighted moving average")
    volume_delta_period: int = _period(5, "bars of the volume delta", 1)
    volume_delta_threshold: float = key(
        0.2, "share of the volume that counts as one-sided (a fraction)", ge=0, lt=1
    )
    vwap_daily_reset: bool = key(True, "VWAP starts anew at 00:00 UTC; false: it rolls over vwap_period")
    vwap_period: int = _period(20, "window of the rolling VWAP", 1)
    kama_period: int = _period(10, "Kaufman's adaptive average: efficiency ratio")
    kama_fast_period: int = _period(2, "its fastest EMA")
    kama_slow_period: int = _period(30, "its slowest EMA")
    relative_volume_period: int = _period(20, "bars before this one that volume is compared with", 1)
    relative_volume_threshold: float = key(1.5, "multiple of their mean volume that counts", gt=0, le=100)
    market_structure_lookback_period: int = _period(20, "bars of each of the two windows compared")
    dema_period: int = _period(14, "double EMA")
    keltner_period: int = _period(20, "Keltner channel: EMA")
    keltner_atr_multiplier: float = _multiplier(2.0, "Keltner channel: width in ATR")
    roc_period: int = _period(12, "rate of change")
    roc_oversold: float = key(-5.0, "rate of change below this counts", PERCENT, ge=-100, le=0)
    roc_overbought: float = key(5.0, "rate of change above this counts", PERCENT, ge=0, le=1000)


def _switch() -> bool:
    switch: bool = key(True, "whether this group scores")
    return switch


class SwitchTable(Table):
    """One switch per scoring group, by the name of its weight."""

    ema_alignment: bool = _switch()
    sma_trend_filter: bool = _switch()
    momentum_rsi_stoch_cci_wr_mfi: bool = _switch()
    bollinger_bands: bool = _switch()
    vwap: bool = _switch()
    psar: bool = _switch()
    sma_10: bool = _switch()
    orderbook_imbalance: bool = _switch()
    fibonacci_levels: bool = _switch()
    ehlers_supertrend_alignment: bool = _switch()
    macd_alignment: bool = _switch()
    adx_strength: bool = _switch()
    ichimoku_confluence: bool = _switch()
    obv_momentum: bool = _switch()
    cmf_flow: bool = _switch()
    mtf_trend_confluence: bool = _switch()
    volatility_index_signal: bool = _switch()
    vwma_cross: bool = _switch()
    volume_delta_signal: bool = _switch()
    kaufman_ama_cross: bool = _switch()
    relative_volume_confirmation: bool = _switch()
    market_structure_confluence: bool = _switch()
    dema_crossover: bool = _switch()
    keltner_breakout: bool = _switch()
    roc_signal: bool = _switch()


def _weight(default: float) -> float:
    weight: float = key(default, "weight of this group; 0 silences it", ge=0, le=1000)
    return weight


class WeightTable(Table):
    """One set of weights. In default_scalping a missing weight takes this default, in any other set 0."""

    ema_alignment: float = _weight(0.22)
    sma_trend_filter: float = _weight(0.28)
    momentum_rsi_stoch_cci_wr_mfi: float = _weight(0.18)
    bollinger_bands: float = _weight(0.22)
    vwap: float = _weight(0.22)
    psar: float = _weight(0.22)
    sma_10: float = _weight(0.07)
    orderbook_imbalance: float = _weight(0.07)
    fibonacci_levels: float = _weight(0.10)
    ehlers_supertrend_alignment: float = _weight(0.55)
    macd_alignment: float = _weight(0.28)
    adx_strength: float = _weight(0.18)
    ichimoku_confluence: float = _weight(0.38)
    obv_momentum: float = _weight(0.18)
    cmf_flow: float = _weight(0.12)
    mtf_trend_confluence: float = _weight(0.32)
    volatility_index_signal: float = _weight(0.15)
    vwma_cross: float = _weight(0.15)
    volume_delta_signal: float = _weight(0.10)
    kaufman_ama_cross: float = _weight(0.20)
    relative_volume_confirmation: float = _weight(0.10)
    market_structure_confluence: float = _weight(0.25)
    dema_crossover: float = _weight(0.18)
    keltner_breakout: float = _weight(0.20)
    roc_signal: float = _weight(0.12)


class DynamicThresholdTable(Table):
    """Raise the threshold when volatility is above its mean, lower it when below."""

    enabled: bool = key(
        False, "multiply the threshold by ATR / mean ATR of the last 50 bars, kept between 0.9 and 1.5"
    )


class ScoringTable(Table):
    """Which model makes the score."""

    model: Literal["groups", "prism", "both"] = key("groups", "the weighted groups, or another model")
