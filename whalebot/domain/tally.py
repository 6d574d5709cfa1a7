"""What a running daemon has counted, frozen for those who show it: orders, fills, delays, trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of values in buckets.

    `edges` are the upper edges (inclusive), rising; `counts` holds one number more, the last for what lies
    above every edge. `total` is the sum of all values, in the unit of the edges.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    total: float


@dataclass(frozen=True, slots=True)
class SymbolResult:
    """Closed trades of one symbol since the start, in quote; costs above zero are paid."""

    symbol: str
    pnl: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    funding: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Slippage:
    """Fills of one purpose against the last price at which their order was decided, in basis points.

    `adverse` counts a fill at that price or better as 0; `improvement_bps` is the sum of what was better.
    """

    purpose: str
    adverse: Histogram
    improvement_bps: float


@dataclass(frozen=True, slots=True)
class Tallied:
    """Everything counted since the start. Pairs are (name, count), by name; durations are in seconds.

    `orders` by what became of them, `signals` by action, `trades` by (symbol, why they ended). `alerts`
    counts what the engine told its owner, by kind. `unprotected_s` is the time positions of ours were seen
    without a stop at the venue, `foreign_unprotected_s` the same of positions that are not ours.
    """

    events: tuple[tuple[str, int], ...]
    orders: tuple[tuple[str, int], ...]
    order_latency: Histogram
    slippage: tuple[Slippage, ...]
    signals: tuple[tuple[str, int], ...]
    bar_delay: Histogram
    alerts: tuple[tuple[str, int], ...]
    trades: tuple[tuple[tuple[str, str], int], ...]
    results: tuple[SymbolResult, ...]
    unprotected_s: float
    foreign_unprotected_s: float
