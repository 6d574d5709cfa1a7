"""Every key of the table `scanner`: its default and what it may be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from whalebot.adapters.bybit.topics import BOOK_DEPTHS
from whalebot.decisions.scan.evaluation import Confidence, EventKind
from whalebot.decisions.scan.settings import (
    DEFAULT_WEIGHT_SETS,
    EMA_MODES,
    HIDDEN,
    INDICATORS,
    MACD_MODES,
    NORMALISERS,
    OSCILLATOR_MODES,
    PIVOT_SOURCES,
    SMOOTHING_METHODS,
    VOLUME_MODES,
    VWAP_MODES,
    ScanSettings,
    SignalConfig,
)
from whalebot.scanner.key_kinds import (
    Kind,
    boolean,
    choice,
    file_name,
    folder,
    hours,
    interval,
    list_of,
    number,
    or_none,
    symbol,
    text,
    text_or_none,
    whole,
    zone,
)

MOST_HISTORY: Final = 1000
BOOKS: Final = (0, *(depth for depth in BOOK_DEPTHS if depth != 500))
"""Depths of the book, 0 for none; 500 is an older one that the venue no longer offers."""

TOP: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "interval": interval(),
        "analysis_interval": number(0),
        "retry_delay": number(0.1, 300),
        "kline_history": whole(2, MOST_HISTORY, clamp=True),
        "orderbook_limit": choice(*BOOKS),
        "momentum_period": whole(1),
        "momentum_ma_short": whole(1),
        "momentum_ma_long": whole(1),
        "trend_strength_threshold": number(0),
        "volume_ma_period": whole(2),
        "atr_period": whole(2),
        "rsi_period": whole(2),
        "bollinger_bands_period": whole(2),
        "bollinger_bands_std_dev": number(0, above=True),
        "active_weight_set": text("the name of a weight set, or auto"),
        "output_throttle_seconds": number(0),
        "cache_ttl_seconds": number(0, above=True),
        "log_directory": folder(),
        "timezone": zone(),
        "max_api_retries": whole(1, 10),
        "api_timeout_seconds": number(0, above=True),
        "per_symbol_log_limit": whole(0),
        "log_retention_days": whole(1),
        "min_turnover24h": number(0),
    }
)
"""Keys of the table itself that hold one value."""

SIGNAL: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "signal_threshold": number(0, 1, below=True),
        "stop_loss_atr_multiplier": number(0, above=True),
        "take_profit_risk_reward_ratio": number(0, above=True),
        "ema_period": whole(2),
        "macd_fast": whole(1),
        "macd_slow": whole(1),
        "macd_signal": whole(1),
        "stoch_rsi_period": whole(2),
        "stoch_rsi_rsi_period": or_none(whole(2)),
        "stoch_rsi_k": whole(1),
        "stoch_rsi_d": whole(1),
        "bb_squeeze_percentile": number(0, 100, above=True, below=True),
        "bb_squeeze_lookback": whole(5),
        "bb_squeeze_release_bars": whole(1),
        "divergence_lookback": whole(4),
        "divergence_pivot_bars": whole(1),
        "divergence_valid_bars": whole(1),
        "ema_mode": choice(*EMA_MODES),
        "rsi_mode": choice(*OSCILLATOR_MODES),
        "stoch_rsi_mode": choice(*OSCILLATOR_MODES),
        "rsi_lower": number(0, 100),
        "rsi_upper": number(0, 100),
        "stoch_rsi_lower": number(0, 1),
        "stoch_rsi_upper": number(0, 1),
        "rsi_method": choice(*SMOOTHING_METHODS),
        "atr_method": choice(*SMOOTHING_METHODS),
        "macd_mode": choice(*MACD_MODES),
        "volume_mode": choice(*VOLUME_MODES),
        "vwap_mode": choice(*VWAP_MODES),
        "vwap_period": whole(1),
        "pivot_source": choice(*PIVOT_SOURCES),
        "normalise_by": choice(*NORMALISERS),
        "confidence_medium": number(0, 1, above=True),
        "confidence_high": number(0, 1, above=True),
        "signal_hysteresis_ratio": number(0, 1, above=True),
        "signal_repeat_seconds": number(0),
    }
)
OUTPUT: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "save_to_json": boolean(),
        "json_output_dir": folder(),
        "alert_file": file_name(),
        "save_to_csv": boolean(),
        "csv_output_dir": folder(),
    }
)
ALERTS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "enabled": boolean(),
        "channels": list_of(text("a name")),
        "events": list_of(choice(*(kind.value for kind in EventKind))),
        "min_confidence": choice(*(confidence.value for confidence in Confidence)),
        "min_abs_score": number(0, 1),
        "symbols": list_of(symbol()),
        "quiet_hours": list_of(hours()),
        "cooldown_seconds": number(0),
        "max_per_minute": whole(1),
        "template": text(),
        "webhook_secret": text_or_none('"${NAME}", where NAME is set in the environment or in .env, or null'),
    }
)
JUDGE: Final[Mapping[str, Kind]] = MappingProxyType(
    {"horizons": list_of(whole(1), least=1), "cost_bps": number(0)}
)

ORDERED: Final[tuple[tuple[tuple[tuple[str, ...], ...], str], ...]] = (
    (
        (("momentum_ma_short",), ("momentum_ma_long",), ("momentum_period",)),
        "momentum_ma_short < momentum_ma_long",
    ),
    (
        (("signal_config", "macd_fast"), ("signal_config", "macd_slow"), ("signal_config", "macd_signal")),
        "macd_fast < macd_slow",
    ),
    ((("signal_config", "rsi_lower"), ("signal_config", "rsi_upper")), "rsi_lower < rsi_upper"),
    (
        (("signal_config", "stoch_rsi_lower"), ("signal_config", "stoch_rsi_upper")),
        "stoch_rsi_lower < stoch_rsi_upper",
    ),
    (
        (("signal_config", "confidence_medium"), ("signal_config", "confidence_high")),
        "confidence_medium < confidence_high",
    ),
)
"""Keys that must fit together: the first below the second; if one is wrong, all take their defaults."""


def default_table() -> dict[str, Any]:
    """Return the complete default table, in the order in which it is written."""
    settings, signal = ScanSettings(), SignalConfig()
    top = {
        "analysis_interval": 30,
        "retry_delay": 5,
        "orderbook_limit": 50,
        "cache_ttl_seconds": 60,
        "log_directory": "bot_logs",
        "timezone": "America/Chicago",
        "max_api_retries": 3,
        "api_timeout_seconds": 10,
        "per_symbol_log_limit": 50,
        "log_retention_days": 30,
        "min_turnover24h": 1_000_000,
    }
    return {
        **{name: top[name] if name in top else _tidy(getattr(settings, name)) for name in TOP},
        "indicators": {name: {"enabled": True, "display": name not in HIDDEN} for name in INDICATORS},
        "weight_sets": {name: dict(weights) for name, weights in DEFAULT_WEIGHT_SETS.items()},
        "signal_config": {name: _tidy(getattr(signal, name)) for name in SIGNAL},
        "output": {
            "save_to_json": True,
            "json_output_dir": "output",
            "alert_file": "signals.log",
            "save_to_csv": False,
            "csv_output_dir": "csv_output",
        },
        "watchlists": {},
        "presets": {},
        "frame_weights": {},
        "alerts": {
            "enabled": False,
            "channels": [],
            "events": ["new", "flip", "upgrade"],
            "min_confidence": "Medium",
            "min_abs_score": 0,
            "symbols": [],
            "quiet_hours": [],
            "cooldown_seconds": 900,
            "max_per_minute": 10,
            "template": "",
            "webhook_secret": None,
        },
        "judge": {"horizons": [1, 4, 16, 96], "cost_bps": 11},
    }


def _tidy(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
