"""The ranked table that a scan publishes for other programs to show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

TABLE_VERSION: Final = 1
"""Of the file; a reader refuses every other one."""


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One symbol. Percent: change24h, natr, oi_change1h, funding. `age`: of the signal, in bars.

    Times are event time, ms UTC; what is not known is None. `signal`: "Long", "Short" or "none". `votes`: by
    rule, -1, 0, 1 or None (not ready). `scores`: by interval, where several are scanned.
    """

    rank: int
    symbol: str
    status: str
    signal: str
    interval: str
    price: Decimal | None = None
    change24h: float | None = None
    score: float | None = None
    confidence: str | None = None
    agreement: float | None = None
    age: int | None = None
    rsi: float | None = None
    natr: float | None = None
    relative_volume: float | None = None
    spread_bps: float | None = None
    imbalance: float | None = None
    turnover24h: float | None = None
    oi_change1h: float | None = None
    funding: float | None = None
    confluence: float | None = None
    weight_set: str | None = None
    rationale: str | None = None
    reason: str = ""
    judged_ms: int | None = None
    bar_start_ms: int | None = None
    entry: Decimal | None = None
    stop: Decimal | None = None
    target: Decimal | None = None
    votes: Mapping[str, int | None] | None = None
    scores: Mapping[str, float | None] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScanBreadth:
    """Counts of signals, share of symbols above their average (0 to 1), median RSI."""

    long: int
    short: int
    none: int
    above_ema: float | None
    median_rsi: float | None


@dataclass(frozen=True, slots=True)
class ScanTable:
    """What a scan knows at one moment. `written_ms`, `started_ms`: real time; `event_ms`: of the venue.

    `source`: the address asked. `simulated`: a local exchange. `ended`: the scan is over. `left_out`: symbols
    for which there was no room, the last by rank. `weights`: by weight set, the weight of each rule.
    `events`: the last records (see `decisions.scan.record`), newest first.
    """

    version: int
    program: str
    run_id: str
    source: str
    simulated: bool
    started_ms: int
    written_ms: int
    event_ms: int | None
    ended: bool
    interval: str
    intervals: tuple[str, ...]
    threshold: float
    breadth: ScanBreadth
    left_out: int
    lines: tuple[ScanLine, ...]
    weights: Mapping[str, Mapping[str, float]]
    events: tuple[Mapping[str, Any], ...] = ()
