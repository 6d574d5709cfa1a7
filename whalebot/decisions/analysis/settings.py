"""Settings of the indicators, the scoring groups and the higher timeframes, in the spelling of the file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Final

from whalebot.domain.intervals import INTERVALS

TREND_INDICATORS: Final = ("sma", "ema", "ehlers_supertrend")
VOLUME_DELTA_SOURCES: Final = ("klines", "trades")

DEFAULT_WEIGHTS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "ema_alignment": 0.22,
        "sma_trend_filter": 0.28,
        "momentum_rsi_stoch_cci_wr_mfi": 0.18,
        "bollinger_bands": 0.22,
        "vwap": 0.22,
        "psar": 0.22,
        "sma_10": 0.07,
        "orderbook_imbalance": 0.07,
        "fibonacci_levels": 0.10,
        "ehlers_supertrend_alignment": 0.55,
        "macd_alignment": 0.28,
        "adx_strength": 0.18,
        "ichimoku_confluence": 0.38,
        "obv_momentum": 0.18,
        "cmf_flow": 0.12,
        "mtf_trend_confluence": 0.32,
        "volatility_index_signal": 0.15,
        "vwma_cross": 0.15,
        "volume_delta_signal": 0.10,
        "kaufman_ama_cross": 0.20,
        "relative_volume_confirmation": 0.10,
        "market_structure_confluence": 0.25,
        "dema_crossover": 0.18,
        "keltner_breakout": 0.20,
        "roc_signal": 0.12,
    }
)
"""The weight set `default_scalping`; its keys are the names of all scoring groups."""

_LONGEST_PERIOD = 100_000
_SHORTEST = {
    "stoch_k_period": 1,
    "stoch_d_period": 1,
    "vwap_period": 1,
    "volume_delta_period": 1,
    "relative_volume_period": 1,
    "ichimoku_chikou_span_offset": 1,
    "macd_signal_period": 1,
}
_ABOVE_ZERO = (
    "bollinger_bands_std_dev",
    "ehlers_fast_multiplier",
    "ehlers_slow_multiplier",
    "keltner_atr_multiplier",
    "psar_acceleration",
    "psar_max_acceleration",
    "relative_volume_threshold",
)


@dataclass(frozen=True, slots=True)
class IndicatorSettings:
    """Periods in bars, multipliers, and the thresholds of the oscillators.

    Raises ValueError with one line per key that is out of range.
    """

    atr_period: int = 14
    ema_short_period: int = 9
    ema_long_period: int = 21
    rsi_period: int = 14
    rsi_oversold: float = 30.0
    rsi_overbought: float = 70.0
    stoch_rsi_period: int = 14
    stoch_k_period: int = 3
    stoch_d_period: int = 3
    stoch_rsi_oversold: float = 20.0
    stoch_rsi_overbought: float = 80.0
    bollinger_bands_period: int = 20
    bollinger_bands_std_dev: float = 2.0
    cci_period: int = 20
    cci_oversold: float = -100.0
    cci_overbought: float = 100.0
    williams_r_period: int = 14
    williams_r_oversold: float = -80.0
    williams_r_overbought: float = -20.0
    mfi_period: int = 14
    mfi_oversold: float = 20.0
    mfi_overbought: float = 80.0
    psar_acceleration: float = 0.02
    psar_max_acceleration: float = 0.2
    sma_short_period: int = 10
    sma_long_period: int = 50
    fibonacci_window: int = 60
    ehlers_fast_period: int = 10
    ehlers_fast_multiplier: float = 2.0
    ehlers_slow_period: int = 20
    ehlers_slow_multiplier: float = 3.0
    macd_fast_period: int = 12
    macd_slow_period: int = 26
    macd_signal_period: int = 9
    adx_period: int = 14
    ichimoku_tenkan_period: int = 9
    ichimoku_kijun_period: int = 26
    ichimoku_senkou_span_b_period: int = 52
    ichimoku_chikou_span_offset: int = 26
    obv_ema_period: int = 20
    cmf_period: int = 20
    volatility_index_period: int = 20
    vwma_period: int = 20
    volume_delta_period: int = 5
    volume_delta_threshold: float = 0.2
    vwap_daily_reset: bool = True
    vwap_period: int = 20
    kama_period: int = 10
    kama_fast_period: int = 2
    kama_slow_period: int = 30
    relative_volume_period: int = 20
    relative_volume_threshold: float = 1.5
    market_structure_lookback_period: int = 20
    dema_period: int = 14
    keltner_period: int = 20
    keltner_atr_multiplier: float = 2.0
    roc_period: int = 12
    roc_oversold: float = -5.0
    roc_overbought: float = 5.0

    def __post_init__(self) -> None:
        faults = [
            *self._faulty_periods(),
            *self._faulty_multipliers(),
            *self._faulty_zones(),
        ]
        if self.macd_fast_period >= self.macd_slow_period:
            faults.append(
                f"indicator_settings.macd_fast_period: {self.macd_fast_period} must be below "
                f"macd_slow_period {self.macd_slow_period}"
            )
        if faults:
            raise ValueError("\n".join(faults))

    def _faulty_periods(self) -> list[str]:
        faults = []
        for name in (f.name for f in fields(self)):
            if not name.endswith(("_period", "_window", "_offset")):
                continue
            value, least = getattr(self, name), _SHORTEST.get(name, 2)
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _LONGEST_PERIOD:
                faults.append(
                    f"indicator_settings.{name}: {value!r} must be a whole number from {least} "
                    f"to {_LONGEST_PERIOD}"
                )
        return faults

    def _faulty_multipliers(self) -> list[str]:
        faults = [
            f"indicator_settings.{name}: {getattr(self, name)!r} must be above 0"
            for name in _ABOVE_ZERO
            if not 0.0 < getattr(self, name) < math.inf
        ]
        if not 0.0 <= self.volume_delta_threshold < 1.0:
            faults.append(
                f"indicator_settings.volume_delta_threshold: {self.volume_delta_threshold!r} "
                "must be from 0 to below 1"
            )
        return faults

    def _faulty_zones(self) -> list[str]:
        return [
            f"indicator_settings.{name}_oversold: {getattr(self, f'{name}_oversold')!r} must be below "
            f"{name}_overbought {getattr(self, f'{name}_overbought')!r}"
            for name in ("rsi", "stoch_rsi", "cci", "williams_r", "mfi", "roc")
            if not getattr(self, f"{name}_oversold") < getattr(self, f"{name}_overbought")
        ]


@dataclass(frozen=True, slots=True)
class DynamicThreshold:
    """Scale the threshold by ATR over its own mean, between two factors; off by default.

    The factor is 1 while the mean of ATR over `mean_period` bars is not known.
    """

    enabled: bool = False
    min_factor: float = 0.9
    max_factor: float = 1.5
    mean_period: int = 50

    def __post_init__(self) -> None:
        if not 0.0 < self.min_factor <= self.max_factor < math.inf:
            raise ValueError(
                f"dynamic_threshold: min_factor {self.min_factor!r} must be above 0 and at most "
                f"max_factor {self.max_factor!r}"
            )
        if self.mean_period < 2:
            raise ValueError(f"dynamic_threshold.mean_period: {self.mean_period!r} must be at least 2")


@dataclass(frozen=True, slots=True)
class ScoringSettings:
    """Threshold, filter, and the switch and weight of every scoring group.

    A group missing in `switches` is on; one missing in `weights` has its default weight. `orderbook_depth`
    is the number of levels of each side that the imbalance is taken over. Raises ValueError naming the key.
    """

    threshold: float = 2.0
    hysteresis_ratio: float = 0.85
    volume_confirmation_multiplier: float = 1.5
    volume_delta_source: str = "klines"
    switches: Mapping[str, bool] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    orderbook_depth: int = 50
    dynamic_threshold: DynamicThreshold = DynamicThreshold()

    def __post_init__(self) -> None:
        if not 0.0 < self.threshold < math.inf:
            raise ValueError(f"signal_score_threshold: {self.threshold!r} must be above 0")
        if not 0.0 < self.hysteresis_ratio <= 1.0:
            raise ValueError(f"hysteresis_ratio: {self.hysteresis_ratio!r} must be above 0 and at most 1")
        if not 0.0 <= self.volume_confirmation_multiplier < math.inf:
            raise ValueError(
                f"volume_confirmation_multiplier: {self.volume_confirmation_multiplier!r} "
                "must not be negative"
            )
        if self.volume_delta_source not in VOLUME_DELTA_SOURCES:
            raise ValueError(
                f"volume_delta_source: {self.volume_delta_source!r} is not one of "
                f"{', '.join(VOLUME_DELTA_SOURCES)}"
            )
        _check_names("indicators", self.switches)
        _check_names("weight_sets", self.weights)
        for name, weight in self.weights.items():
            if not 0.0 <= weight < math.inf:
                raise ValueError(f"weight_sets: {name}: {weight!r} must not be negative")

    def weight(self, group: str) -> float:
        """Return the weight of a group, 0.0 when it is switched off."""
        if not self.switches.get(group, True):
            return 0.0
        return float(self.weights.get(group, DEFAULT_WEIGHTS[group]))

    @property
    def confirms_volume(self) -> bool:
        """True when the volume filter is on."""
        return self.volume_confirmation_multiplier > 1.0


@dataclass(frozen=True, slots=True)
class MtfSettings:
    """Higher timeframes and the indicators that tell their trend.

    `trend_period` is that of SMA and EMA in bars. Raises ValueError naming the key.
    """

    enabled: bool = True
    higher_timeframes: tuple[str, ...] = ("60", "240")
    trend_indicators: tuple[str, ...] = ("ema", "ehlers_supertrend")
    trend_period: int = 50

    def __post_init__(self) -> None:
        _check_list("higher_timeframes", self.higher_timeframes, INTERVALS)
        _check_list("trend_indicators", self.trend_indicators, TREND_INDICATORS)
        if not 2 <= self.trend_period <= _LONGEST_PERIOD:
            raise ValueError(
                f"mtf_analysis.trend_period: {self.trend_period!r} must be from 2 to {_LONGEST_PERIOD}"
            )


def _check_names(key: str, names: Mapping[str, object]) -> None:
    unknown = sorted(names.keys() - DEFAULT_WEIGHTS.keys())
    if unknown:
        raise ValueError(
            f"{key}: unknown groups {', '.join(unknown)}; known are {', '.join(DEFAULT_WEIGHTS)}"
        )


def _check_list(key: str, values: tuple[str, ...], known: tuple[str, ...]) -> None:
    unknown = [value for value in values if value not in known]
    if unknown:
        raise ValueError(
            f"mtf_analysis.{key}: {', '.join(map(repr, unknown))} not known; known are {', '.join(known)}"
        )
    if len(set(values)) < len(values):
        raise ValueError(f"mtf_analysis.{key}: {', '.join(values)} names one twice")
