"""An event as plain values: the record that goes to files, channels and the history."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, TypeAlias

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

Number: TypeAlias = int | float


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """What is kept and told of an event; names and order are those of its JSON.

    Numbers are finite, prices quote per base, None where there is none. `signal_type`, `confidence`, `event`:
    values of Direction, Confidence, EventKind. `timestamp`, `bar_start`: ISO-8601 UTC. `votes`, `weights`: by
    indicator. `agreement`: a share; `imbalance`: -1 to 1; `funding_rate`: a fraction; `turnover24h`: quote.
    """

    signal_type: str
    entry_price: Number | None
    stop_loss: Number | None
    take_profit: Number | None
    confidence: str
    rationale: str
    normalized_score: Number | None
    timestamp: str
    id: str
    event: str
    symbol: str
    interval: str
    bar_start: str
    weight_set: str
    votes: Mapping[str, int | None]
    weights: Mapping[str, Number | None]
    agreement: Number | None
    atr: Number | None
    levels: Mapping[str, Number | None]
    spread_bps: Number | None
    imbalance: Number | None
    turnover24h: Number | None
    funding_rate: Number | None
    notes: tuple[str, ...]
    config_hash: str
    version: str

    @property
    def score(self) -> float:
        """The score, NaN where there is none."""
        return math.nan if self.normalized_score is None else self.normalized_score

    def as_json(self) -> dict[str, Any]:
        """Return the fields in their order, as JSON has them."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return {
            **fields,
            "votes": dict(self.votes),
            "weights": dict(self.weights),
            "levels": dict(self.levels),
            "notes": list(self.notes),
        }


def record_of(event: ScanEvent, facts: MarketFacts, version: str) -> SignalRecord:
    """Return the record of an event; numbers are floats, NaN is None.

    An event that ends a signal has the price as its entry, and neither stop nor target.
    """
    e, levels = event.evaluation, event.evaluation.levels
    same = levels is not None and e.signal is event.signal
    return SignalRecord(
        signal_type=event.signal.value,
        entry_price=_plain(e.price),
        stop_loss=_plain(levels.stop) if same and levels else None,
        take_profit=_plain(levels.target) if same and levels else None,
        confidence=event.confidence.value,
        rationale=rationale(e),
        normalized_score=_plain(e.score),
        timestamp=iso_utc(e.ts_ms),
        id=event.id,
        event=event.kind.value,
        symbol=e.symbol,
        interval=e.interval,
        bar_start=iso_utc(e.bar_start),
        weight_set=e.weight_set,
        votes=dict(e.votes),
        weights={name: _plain(weight) for name, weight in e.weights.items()},
        agreement=_plain(e.agreement),
        atr=_plain(e.bar.atr),
        levels={name: _plain(getattr(e.bar, name)) for name in ("pivot", "r1", "s1", "r2", "s2")},
        spread_bps=_plain(facts.spread_bps),
        imbalance=_plain(facts.imbalance),
        turnover24h=_plain(facts.turnover24h),
        funding_rate=_plain(facts.funding / 100.0),
        notes=tuple(e.notes),
        config_hash=e.config_hash,
        version=version,
    )


def _plain(value: Decimal | Number) -> Number | None:
    if isinstance(value, Decimal):
        value = float(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
