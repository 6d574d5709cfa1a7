"""Settings of the scanner that decide something, in the spelling of the file, with their defaults."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from types import MappingProxyType
from typing import Any, Final

INDICATORS: Final = (
    "ema_alignment",
    "momentum",
    "volume_confirmation",
    "divergence",
    "stoch_rsi",
    "rsi",
    "macd",
    "bollinger_bands",
    "bb_squeeze",
    "vwap_bounce",
    "pivot_breakout",
)
"""The eleven votes, in the order in which they are summed."""
HIDDEN: Final = frozenset({"divergence", "bb_squeeze", "pivot_breakout"})
"""Votes whose row is not shown unless asked for."""

EMA_MODES: Final = ("trend", "reversion")
OSCILLATOR_MODES: Final = ("reversion", "momentum")
SMOOTHING_METHODS: Final = ("wilder", "sma")
MACD_MODES: Final = ("state", "cross")
VOLUME_MODES: Final = ("obv_slope", "obv_ma")
VWAP_MODES: Final = ("session", "rolling")
PIVOT_SOURCES: Final = ("previous_session", "window")
NORMALISERS: Final = ("ready", "voting")
AUTO: Final = "auto"
"""Value of `active_weight_set` that chooses a set by volatility at each bar close."""
LOW_VOLATILITY: Final = "low_volatility"
HIGH_VOLATILITY: Final = "high_volatility"


def _weights(*values: float) -> Mapping[str, float]:
    return MappingProxyType(dict(zip(INDICATORS, values, strict=True)))


DEFAULT_WEIGHT_SETS: Final[Mapping[str, Mapping[str, float]]] = MappingProxyType(
    {
        LOW_VOLATILITY: _weights(0.4, 0.3, 0.2, 0.1, 0.7, 0.6, 0.5, 0.4, 0.3, 0.3, 0.3),
        HIGH_VOLATILITY: _weights(0.3, 0.5, 0.4, 0.2, 0.4, 0.3, 0.6, 0.3, 0.5, 0.2, 0.5),
    }
)


@dataclass(frozen=True, slots=True)
class IndicatorSwitch:
    """`enabled`: its vote counts. `display`: it has a row in the indicator table."""

    enabled: bool = True
    display: bool = True


def default_switches() -> Mapping[str, IndicatorSwitch]:
    """Return every indicator enabled, the rarely needed rows hidden, in the order of INDICATORS."""
    return MappingProxyType({name: IndicatorSwitch(True, name not in HIDDEN) for name in INDICATORS})


@dataclass(frozen=True, slots=True)
class SignalConfig:
    """The table `signal_config`: thresholds, periods in bars, and the modes of the rules."""

    signal_threshold: float = 0.3
    stop_loss_atr_multiplier: float = 2.0
    take_profit_risk_reward_ratio: float = 2.0
    ema_period: int = 20
    macd_fast: int = 12
    macd_slow: int = 26
    macd_signal: int = 9
    stoch_rsi_period: int = 14
    stoch_rsi_rsi_period: int | None = None
    stoch_rsi_k: int = 3
    stoch_rsi_d: int = 3
    bb_squeeze_percentile: float = 10.0
    bb_squeeze_lookback: int = 20
    bb_squeeze_release_bars: int = 5
    divergence_lookback: int = 20
    divergence_pivot_bars: int = 3
    divergence_valid_bars: int = 3
    ema_mode: str = "trend"
    rsi_mode: str = "reversion"
    stoch_rsi_mode: str = "reversion"
    rsi_lower: float = 30.0
    rsi_upper: float = 70.0
    stoch_rsi_lower: float = 0.2
    stoch_rsi_upper: float = 0.8
    rsi_method: str = "wilder"
    atr_method: str = "wilder"
    macd_mode: str = "state"
    volume_mode: str = "obv_slope"
    vwap_mode: str = "session"
    vwap_period: int = 20
    pivot_source: str = "previous_session"
    normalise_by: str = "ready"
    confidence_medium: float = 0.3
    confidence_high: float = 0.7
    signal_hysteresis_ratio: float = 0.85
    signal_repeat_seconds: float = 0.0

    @property
    def inner_rsi_period(self) -> int:
        """Bars of the RSI inside StochRSI: `stoch_rsi_period` unless it has its own."""
        return self.stoch_rsi_rsi_period or self.stoch_rsi_period


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Everything that decides a vote, a score, a level or an announcement.

    `interval`: the venue's name of the bars. `kline_history`: closed bars in a window. Periods in bars.
    """

    interval: str = "15"
    kline_history: int = 200
    momentum_period: int = 10
    momentum_ma_short: int = 12
    momentum_ma_long: int = 26
    trend_strength_threshold: float = 0.4
    volume_ma_period: int = 20
    atr_period: int = 14
    rsi_period: int = 14
    bollinger_bands_period: int = 20
    bollinger_bands_std_dev: float = 2.0
    indicators: Mapping[str, IndicatorSwitch] = field(default_factory=default_switches)
    weight_sets: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: DEFAULT_WEIGHT_SETS)
    active_weight_set: str = LOW_VOLATILITY
    signal_config: SignalConfig = SignalConfig()
    output_throttle_seconds: float = 60.0
    frame_weights: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))

    def switch(self, name: str) -> IndicatorSwitch:
        """Return the switch of an indicator; one that is not named has its default."""
        return self.indicators.get(name) or IndicatorSwitch(True, name not in HIDDEN)


def config_hash(settings: ScanSettings) -> str:
    """Return 12 hexadecimal digits that change whenever a setting that decides changes.

    What only shows (`display`, the throttle) is left out: the signals are the same without it.
    """
    plain = _plain(settings)
    plain.pop("output_throttle_seconds")
    plain["indicators"] = {name: settings.switch(name).enabled for name in INDICATORS}
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def warm_up_bars(settings: ScanSettings) -> dict[str, int]:
    """Return how many closed bars each vote needs before its first value, by name, and "atr" besides."""
    s = settings.signal_config
    macd = s.macd_slow + s.macd_signal - 1
    atr = settings.atr_period + 1
    trend = settings.momentum_period + settings.momentum_ma_long
    bands = settings.bollinger_bands_period
    return {
        "ema_alignment": s.ema_period,
        "momentum": max(trend, atr),
        "volume_confirmation": 2 if s.volume_mode == "obv_slope" else settings.volume_ma_period,
        "divergence": macd + s.divergence_lookback + s.divergence_valid_bars - 1,
        "stoch_rsi": s.inner_rsi_period + s.stoch_rsi_period + s.stoch_rsi_k + s.stoch_rsi_d - 2,
        "rsi": settings.rsi_period + 1,
        "macd": macd + (1 if s.macd_mode == "cross" else 0),
        "bollinger_bands": bands,
        "bb_squeeze": bands + s.bb_squeeze_lookback + s.bb_squeeze_release_bars - 1,
        "vwap_bounce": 1 if s.vwap_mode == "session" else s.vwap_period,
        "pivot_breakout": 1,
        "atr": atr,
    }


def longest_warm_up(settings: ScanSettings) -> int:
    """Return the least `kline_history` with which every vote can be ready."""
    return max(warm_up_bars(settings).values())
