"""The shapes of what the API says of the run: the envelope, status, account, health, the program itself."""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

Money: TypeAlias = Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$", examples=["61234.50"])]
Time: TypeAlias = Annotated[
    str,
    Field(pattern=r"^\d{4,}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$", examples=["2026-01-31T08:15:00.000Z"]),
]


class Shape(BaseModel):
    """A JSON object whose keys are always all there."""

    model_config = ConfigDict(extra="forbid")


class Envelope(Shape, Generic[T]):
    """Every good answer. `ts` is the real time of the answer."""

    ok: Literal[True]
    ts: Time
    data: T


class Page(Shape, Generic[T]):
    """A part of a list, newest first. `next` is the cursor of the following part, null at the end."""

    items: list[T]
    next: str | None
    total: int


class FieldProblem(Shape):
    """One fault of a configuration."""

    path: str
    text: str
    value: str | None


class ProblemDocument(Shape):
    """An error (RFC 9457). `code` is stable; `field` names the input that is wrong."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None
    nearest: list[str]
    problems: list[FieldProblem]


class StreamState(Shape):
    """One connection to the venue."""

    name: str
    up: bool
    detail: str


class Refusals(Shape):
    """How often a rule kept an entry from being made."""

    rule: str
    count: int


class Status(Shape):
    """What runs and whether it may trade. `paused_until` and `market_time` are market time."""

    mode: str
    kind: Literal["daemon", "backtest", "folder"]
    read_only: bool
    version: str
    interval: str
    symbols: list[str]
    simulated_prices: bool
    timezone: str
    state: Literal["starting", "trading", "paused", "blocked", "ended", "stalled"]
    tradable: bool
    blocked_by: list[str]
    manual_pause: bool
    paused_until: Time | None
    market_time: Time | None
    real_time: Time | None
    uptime_s: float | None
    started: Time | None
    streams: list[StreamState]
    reconciled: Time | None
    reconciled_age_s: float | None
    clock_offset_ms: int | None
    entries: int
    refusals: list[Refusals]
    books_difference: Money | None
    books_checked: Time | None
    config_refused: bool
    allow_orders: bool
    token_needed_for_reads: bool
    loop_age_s: float | None
    folder: str


class Limit(Shape):
    """A guardrail and where it stands. `value` null: not known."""

    name: str
    label: str
    value: float | None
    limit: float
    unit: str
    state: Literal["ok", "near", "reached", "unknown"]


class EquityPoint(Shape):
    """Equity at one moment."""

    time: Time
    equity: Money


class Account(Shape):
    """Money. `drawdown` is a fraction of peak equity; `open_risk` what is lost if every stop fills there."""

    time: Time | None
    wallet_balance: Money | None
    equity: Money | None
    available_balance: Money | None
    day_pnl: Money | None
    month_pnl: Money
    session_pnl: Money
    unrealised_pnl: Money | None
    drawdown: float | None
    consecutive_losses: int
    trades_closed: int
    open_risk: Money | None
    open_risk_pct: float | None
    exposure: Money | None
    limits: list[Limit]
    equity_curve: list[EquityPoint]


class Check(Shape):
    """One thing that must be well. `ms`: how long looking took."""

    name: str
    healthy: bool
    required: bool
    detail: str
    ms: float


class Health(Shape):
    """Is it well, and if not why."""

    status: Literal["ok", "degraded", "down"]
    mode: str
    version: str
    uptime_s: float | None
    last_event_age_ms: int | None
    reasons: list[str]
    streams: list[StreamState]
    checks: list[Check]


class Machine(Shape):
    """What the process uses."""

    cpu_pct: float | None
    rss_bytes: int | None
    threads: int
    fds: int | None
    disk_free_bytes: int | None


class LoopFigures(Shape):
    """How quick the trading loop is: real µs an event, quantiles rounded up to powers of two."""

    events: int
    mean_us: float
    p50_us: float
    p99_us: float
    max_us: float
    slow: int
    slowest: str


class QueueFigures(Shape):
    """What waits."""

    name: str
    depth: int
    high_water: int | None
    dropped: int | None


class EndpointFigures(Shape):
    """How quick the API answers: real ms since the start."""

    endpoint: str
    count: int
    errors: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


class SystemFigures(Shape):
    """The program itself. `feed_lost`: happenings the dashboard missed because it could not keep up."""

    health: Machine
    loop: LoopFigures | None
    queues: list[QueueFigures]
    api: list[EndpointFigures]
    stream_clients: int
    feed_lost: int
    streams: list[StreamState]


class Alert(Shape):
    """Something a person was told. `count`: how often since it was first said."""

    id: str
    time: Time
    last_time: Time
    level: str
    kind: str
    title: str
    text: str
    count: int
    acknowledged: bool
    acknowledged_at: Time | None
    acknowledged_by: str


class Decision(Shape):
    """What the engine did or refused to do, in words. `fields` are its facts."""

    id: str
    time: Time
    level: str
    kind: str
    symbol: str
    text: str
    fields: dict[str, str]


class AuditEntry(Shape):
    """One line of the audit trail."""

    id: str
    time: str
    kind: str
    actor: str
    fields: dict[str, str]
    hash: str | None


class CommandTaken(Shape):
    """A command that was handed to the engine; its effect shows in status and positions."""

    command: Literal["pause", "resume", "flatten", "panic"]
    accepted: Literal[True]
    effect: str
