"""What the table `scanner` of config.json says, checked: what decides, and what runs and shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from whalebot.decisions.scan.settings import ScanSettings

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """Where signals are written. Folders are relative to the folder of the run unless absolute."""

    save_to_json: bool
    json_output_dir: str
    alert_file: str
    save_to_csv: bool
    csv_output_dir: str


@dataclass(frozen=True, slots=True)
class AlertOptions:
    """Who is told of which events. `quiet_hours`: pairs of UTC times "HH:MM" in which nobody is told."""

    enabled: bool
    channels: tuple[str, ...]
    events: tuple[str, ...]
    min_confidence: str
    min_abs_score: float
    symbols: tuple[str, ...]
    quiet_hours: tuple[tuple[str, str], ...]
    cooldown_seconds: float
    max_per_minute: int
    template: str
    webhook_secret: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """Horizons in bars, cost of a round trip in basis points."""

    horizons: tuple[int, ...]
    cost_bps: float


@dataclass(frozen=True, slots=True)
class PresetOptions:
    """A named filter with its order and columns; "" and () mean the default."""

    filter: str
    sort: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScannerOptions:
    """The whole table. Times in seconds; `min_turnover24h` in USDT. `scan` decides votes and signals."""

    scan: ScanSettings
    analysis_interval: float
    retry_delay: float
    orderbook_limit: int
    cache_ttl_seconds: float
    log_directory: str
    timezone: str
    max_api_retries: int
    api_timeout_seconds: float
    per_symbol_log_limit: int
    log_retention_days: int
    min_turnover24h: float
    watchlists: Mapping[str, tuple[str, ...]]
    presets: Mapping[str, PresetOptions]
    output: OutputOptions
    alerts: AlertOptions
    judge: JudgeOptions
