"""The shapes of what the API says of a scan."""

from __future__ import annotations

from typing import Literal, TypeAlias

from whalebot.adapters.web.models import Money, Page, Shape, Time

Direction: TypeAlias = Literal["Long", "Short", "none"]
Confidence: TypeAlias = Literal["Low", "Medium", "High"]


class ScanRun(Shape):
    """Which scan, and how old its table is. `written`, `started`: real time; `event_time`: of the venue.

    `age_s`: of the table. `stale`: older than 15 seconds. `simulated`: over a local exchange.
    """

    run_id: str
    version: str
    state: Literal["running", "silent", "ended"]
    source: str
    simulated: bool
    interval: str
    intervals: list[str]
    threshold: float
    started: Time
    written: Time
    event_time: Time | None
    age_s: int
    stale: bool


class ScanBreadthShown(Shape):
    """Counts of signals, share of symbols above their average (0 to 1), median RSI."""

    long: int
    short: int
    none: int
    above_ema: float | None
    median_rsi: float | None


class StatusCount(Shape):
    """How many symbols have a status."""

    name: str
    count: int


class ScanRow(Shape):
    """One symbol. Percent: change24h, natr, oi_change1h, funding. `age`: of the signal in bars.

    `judged`, `bar_start`: market time. `confluence`: only where several intervals are scanned.
    """

    rank: int
    symbol: str
    status: str
    price: Money | None
    change24h: float | None
    signal: Direction
    score: float | None
    confidence: Confidence | None
    agreement: float | None
    age: int | None
    rsi: float | None
    natr: float | None
    relative_volume: float | None
    spread_bps: float | None
    imbalance: float | None
    turnover24h: float | None
    oi_change1h: float | None
    funding: float | None
    confluence: float | None
    weight_set: str | None
    rationale: str | None
    reason: str
    judged: Time | None
    bar_start: Time | None


class ScanSignalEvent(Shape):
    """What happened to a signal: new, flip, upgrade, repeat or end. `time`: market time."""

    id: str
    time: Time
    event: str
    symbol: str
    interval: str
    signal: Direction
    confidence: Confidence
    score: float | None
    entry_price: Money | None
    stop_loss: Money | None
    take_profit: Money | None
    rationale: str


class ScanEvents(Page[ScanSignalEvent]):
    """Events, the last kept first. `left_out`: damaged records of this part, which are not shown."""

    left_out: int


class ScanTableShown(Shape):
    """The ranked table. `left_out`: symbols for which it had no room. `events`: the last, newest first;
    `events_left_out`: damaged ones, which are not shown.
    """

    run: ScanRun
    breadth: ScanBreadthShown
    statuses: list[StatusCount]
    rows: list[ScanRow]
    left_out: int
    events: list[ScanSignalEvent]
    events_left_out: int


class ScanVote(Shape):
    """How one rule voted (null: not ready) and what its vote weighs."""

    name: str
    vote: Literal[-1, 0, 1] | None
    weight: float


class FrameScore(Shape):
    """The score on one of several intervals."""

    interval: str
    score: float | None


class ScanDetail(Shape):
    """One symbol with its votes in the order of the weights, and the levels of its signal."""

    run: ScanRun
    row: ScanRow
    entry: Money | None
    stop: Money | None
    target: Money | None
    votes: list[ScanVote]
    scores: list[FrameScore]
    notes: list[str]
    events: list[ScanSignalEvent]
    events_left_out: int
