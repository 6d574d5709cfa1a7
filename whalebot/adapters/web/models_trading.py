"""The shapes of what the API says of trading: positions, orders, trades, signals, bars, performance."""

from __future__ import annotations

from typing import Any, Literal

from whalebot.adapters.web.models import EquityPoint, Money, Shape, Time


class Part(Shape):
    """One contribution to a score."""

    name: str
    value: float | None


class StopPoint(Shape):
    """Where the stop stood from this moment on."""

    time: Time
    stop: Money | None


class Position(Shape):
    """An open position. Amounts in quote; `entry_breakdown` and `entry_words` say why it was entered."""

    symbol: str
    side: Literal["Buy", "Sell"]
    direction: Literal["long", "short"]
    qty: Money
    entry_price: Money
    last_price: Money | None
    mark_price: Money | None
    stop_loss: Money | None
    take_profit: Money | None
    initial_stop: Money | None
    best_price: Money | None
    unrealised_pnl: Money | None
    unrealised_r: float | None
    fees: Money
    funding: Money
    opened: Time
    age_s: float
    entry_score: float | None
    entry_breakdown: list[Part]
    entry_words: str
    foreign: bool
    stop_moved: bool
    bars_held: int | None
    value: Money | None
    leverage: Money | None
    liquidation_price: Money | None
    risk_to_stop: Money | None
    distance_to_stop_pct: float | None
    distance_to_target_pct: float | None
    distance_to_liquidation_pct: float | None
    stop_path: list[StopPoint]


class OrderSeen(Shape):
    """An order of this run."""

    order_link_id: str
    symbol: str
    side: Literal["Buy", "Sell"]
    purpose: Literal["entry", "exit"]
    order_type: str
    qty: Money
    price: Money | None
    stop_loss: Money | None
    take_profit: Money | None
    reduce_only: bool
    created: Time
    status: Literal[
        "in_flight", "unknown", "accepted", "filled", "partially_filled", "cancelled", "rejected", "ended"
    ]
    filled_qty: Money
    average_price: Money | None
    fee: Money
    closes_as: str | None
    updated: Time
    detail: str


class Trade(Shape):
    """A closed trade: pnl = gross_pnl - fees - funding."""

    trade_id: str
    mode: str
    symbol: str
    side: Literal["Buy", "Sell"]
    direction: Literal["long", "short"]
    entry_time: Time
    exit_time: Time
    duration_s: float
    entry_price: Money
    exit_price: Money
    qty: Money
    gross_pnl: Money
    fees: Money
    funding: Money
    pnl: Money
    pnl_percent: Money
    r_multiple: Money | None
    mae: Money
    mfe: Money
    bars_held: int
    closed_by: str
    entry_score: float | None
    breakdown: list[Part]
    initial_stop: Money | None
    order_link_ids: list[str]
    reconciled: bool
    words: str


class TrendState(Shape):
    """A higher timeframe's direction by one indicator."""

    interval: str
    indicator: str
    trend: Literal["UP", "DOWN", "SIDEWAYS", "UNKNOWN"]


class Signal(Shape):
    """What is thought of one symbol. `time` is the close of the bar that was judged."""

    symbol: str
    time: Time | None
    score: float | None
    threshold: float | None
    signal: Literal["BUY", "SELL", "HOLD"] | None
    may_enter: bool
    warming: list[str]
    without_input: list[str]
    atr: float | None
    last_price: Money | None
    mark_price: Money | None
    spread_bps: float | None
    ticker_age_ms: int | None
    book_stale: bool
    stale: bool
    trends: list[TrendState]
    breakdown: list[Part]
    position: Literal["long", "short"] | None
    in_flight: list[str]
    unknown_orders: list[str]
    blocked_by: list[str]
    words: str


class SignalPoint(Shape):
    """One judged bar, in short."""

    time: Time
    score: float | None
    signal: Literal["BUY", "SELL", "HOLD"]
    threshold: float | None
    close: Money


class SignalHistory(Shape):
    """The present signal and the bars before it, oldest first."""

    current: Signal
    history: list[SignalPoint]


class AnalysisPoint(SignalPoint):
    """One judged bar with everything that made its score."""

    breakdown: list[Part]
    trends: list[TrendState]
    atr: float | None


class AnalysisHistory(Shape):
    """The present signal and the judged bars, oldest first."""

    current: Signal
    history: list[AnalysisPoint]


class Bar(Shape):
    """One bar; score, threshold and signal where this run judged it."""

    time: Time
    open: Money
    high: Money
    low: Money
    close: Money
    volume: Money
    score: float | None
    threshold: float | None
    signal: Literal["BUY", "SELL", "HOLD"] | None


class Marker(Shape):
    """An entry or an exit on the chart; `bar_time` is the open of the bar it lies in."""

    time: Time
    bar_time: Time
    kind: Literal["entry", "exit"]
    side: Literal["Buy", "Sell"]
    price: Money
    qty: Money
    text: str
    trade_id: str | None


class PathPoint(Shape):
    """Stop and target from this moment on."""

    time: Time
    stop: Money | None
    target: Money | None


class StopPath(Shape):
    """Where stop and target of one position stood; `closed` null while it is open."""

    symbol: str
    side: Literal["Buy", "Sell"]
    entry_price: Money
    opened: Time
    closed: Time | None
    points: list[PathPoint]


class Bars(Shape):
    """Candles of one symbol, oldest first, and what happened on them. Holes stay holes."""

    symbol: str
    timeframe: str
    timeframes: list[str]
    source: str
    last_bar_close: Time | None
    bars: list[Bar]
    forming: Bar | None
    markers: list[Marker]
    stop_path: list[StopPath]


class Group(Shape):
    """Trades that have something in common."""

    name: str
    trades: int
    wins: int
    losses: int
    pnl: Money
    fees: Money
    funding: Money
    win_rate: float | None
    profit_factor: float | None
    expectancy_r: float | None


class DayResult(Shape):
    """What the trades that ended on a UTC day brought, net."""

    day: str
    pnl: Money
    trades: int


class Report(Shape):
    """Figures of the trades; ratios as fractions, money as text."""

    totals: dict[str, Any]
    risk: dict[str, Any]
    pace: dict[str, Any]


class Performance(Shape):
    """What the trades of one mode brought in a window. `report` null: no trade."""

    window: Literal["all", "today", "7d", "30d", "90d", "month"]
    symbol: str | None
    mode: str
    trades: int
    start_equity: Money
    end_equity: Money
    report: Report | None
    equity: list[EquityPoint]
    by_day: list[DayResult]
    by_symbol: list[Group]
    by_side: list[Group]
    by_month: list[Group]
    by_exit: list[Group]
    by_hour: list[Group]
    notes: list[str]
