"""An event as plain values: the record that goes to files, channels and the history."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any, Final

from whalebot.decisions.scan.evaluation import ScanEvent
from whalebot.decisions.scan.ranking import MarketFacts
from whalebot.decisions.scan.wording import rationale
from whalebot.domain.intervals import iso_utc

FIRST_FIELDS: Final = (
    "signal_type",
    "entry_price",
    "stop_loss",
    "take_profit",
    "confidence",
    "rationale",
    "normalized_score",
    "timestamp",
)
CSV_FIELDS: Final = (*FIRST_FIELDS, "symbol", "interval", "event", "id")


def record_of(event: ScanEvent, facts: MarketFacts, version: str) -> dict[str, Any]:
    """Return the record of an event, its fields in their fixed order; numbers are floats, NaN is None.

    An event that ends a signal has the price as its entry, and neither stop nor target.
    """
    e, levels = event.evaluation, event.evaluation.levels
    same = levels is not None and e.signal is event.signal
    record: dict[str, Any] = {
        "signal_type": event.signal.value,
        "entry_price": e.price,
        "stop_loss": levels.stop if same and levels else None,
        "take_profit": levels.target if same and levels else None,
        "confidence": event.confidence.value,
        "rationale": rationale(e),
        "normalized_score": e.score,
        "timestamp": iso_utc(e.ts_ms),
        "id": event.id,
        "event": event.kind.value,
        "symbol": e.symbol,
        "interval": e.interval,
        "bar_start": iso_utc(e.bar_start),
        "weight_set": e.weight_set,
        "votes": dict(e.votes),
        "weights": dict(e.weights),
        "agreement": e.agreement,
        "atr": e.bar.atr,
        "levels": {name: getattr(e.bar, name) for name in ("pivot", "r1", "s1", "r2", "s2")},
        "spread_bps": facts.spread_bps,
        "imbalance": facts.imbalance,
        "turnover24h": facts.turnover24h,
        "funding_rate": facts.funding / 100.0,
        "notes": list(e.notes),
        "config_hash": e.config_hash,
        "version": version,
    }
    return {name: _plain(value) for name, value in record.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
