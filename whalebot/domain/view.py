"""The frozen picture of the daemon that other threads read: terminal, status, web, metrics."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.domain.analysis import Analysis
from whalebot.domain.enums import Side


@dataclass(frozen=True, slots=True)
class PositionView:
    """One open position. Quote currency; `unrealised_pnl` is by price alone: no fee, no funding."""

    symbol: str
    side: Side
    qty: Decimal
    entry_price: Decimal
    stop_loss: Decimal | None
    take_profit: Decimal | None
    initial_stop: Decimal | None
    best_price: Decimal | None
    unrealised_pnl: Decimal
    fees: Decimal
    funding: Decimal
    opened_ms: int
    entry_score: float | None
    foreign: bool
    stop_moved: bool
    last_price: Decimal | None


@dataclass(frozen=True, slots=True)
class SymbolView:
    """One symbol: prices, freshness and the last analysis."""

    symbol: str
    last_price: Decimal | None
    mark_price: Decimal | None
    spread_bps: float | None
    ticker_age_ms: int | None
    book_stale: bool
    analysis: Analysis | None
    position: PositionView | None
    in_flight: tuple[str, ...]
    unknown_orders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """The whole daemon at one moment. `now_ms` is market time, `real_ms` local time, both ms UTC.

    `books_difference` is what the venue's log of the last compared day says beyond our own net result;
    `books_checked_ms` the end of that day. None before the first comparison.
    """

    now_ms: int
    real_ms: int
    tradable: bool
    blocked_by: tuple[str, ...]
    streams: tuple[tuple[str, bool, str], ...]
    symbols: tuple[SymbolView, ...]
    wallet_balance: Decimal | None
    equity: Decimal | None
    day_pnl: Decimal | None
    drawdown: float
    consecutive_losses: int
    trades_closed: int
    session_pnl: Decimal
    clock_offset_ms: int | None
    entries: int
    refusals: tuple[tuple[str, int], ...]
    reconciled_ms: int | None
    paused_until_ms: int | None
    manual_pause: bool
    books_difference: Decimal | None = None
    books_checked_ms: int | None = None
