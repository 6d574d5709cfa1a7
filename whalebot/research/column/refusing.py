"""What the column tier cannot express, refused by name."""

from __future__ import annotations

from whalebot.domain.enums import TriggerBy
from whalebot.domain.errors import ConfigError
from whalebot.research.dataset import Dataset
from whalebot.research.settings import BacktestSettings

_ELSE = "; choose --tier event"
_GREATEST = 1 << 61


def check_expressible(settings: BacktestSettings, data: Dataset) -> None:
    """Raise ConfigError, naming everything that a pass over columns cannot do for this run."""
    found = [*_of_settings(settings), *_of_data(data)]
    if found:
        raise ConfigError("the column tier cannot run this: " + "; ".join(found) + _ELSE)


def _of_settings(settings: BacktestSettings) -> list[str]:
    engine, trade = settings.engine, settings.engine.trade
    faults = {
        f"latency_ms {settings.latency_ms} (it fills at the next open, latency_ms 0)": settings.latency_ms,
        "volume_delta_source trades (it has bars only)": engine.scoring.volume_delta_source != "klines",
        "intrabar (it decides on closed bars)": engine.intrabar,
        "native_trailing (the stop follows the four points of a bar)": trade.native_trailing,
        f"trigger_by {trade.trigger_by.value}": trade.trigger_by is not TriggerBy.LAST_PRICE,
        "avoid_funding_min": engine.guardrails.avoid_funding_ms,
    }
    return [text for text, is_so in faults.items() if is_so]


def _of_data(data: Dataset) -> list[str]:
    found = []
    intervals = {symbol.fine.interval for symbol in data.symbols}
    if len(intervals) > 1:
        found.append(f"bars of different intervals ({', '.join(sorted(intervals))}) on one account")
    if "M" in intervals:
        found.append("monthly bars as the finest data")
    return found
