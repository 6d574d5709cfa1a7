"""Figures as a daemon with one position would have them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sample_views import some_position, some_symbol, some_view

from whalebot.adapters.metrics.snapshot import (
    BuildFacts,
    LoopFigures,
    MetricsSnapshot,
    ProcessFigures,
    StreamFigures,
)
from whalebot.domain.tally import Histogram, Slippage, SymbolResult, Tallied

NOW_MS = 1_700_000_000_000

POSITION = some_position(
    qty=Decimal("0.5"),
    entry_price=Decimal(30_000),
    stop_loss=Decimal(30_300),
    initial_stop=Decimal(30_600),
    best_price=Decimal(29_900),
    unrealised_pnl=Decimal("-12.5"),
    fees=Decimal(1),
    opened_ms=NOW_MS - 60_000,
    entry_score=-2.5,
    last_price=Decimal(30_000),
)
SYMBOL = some_symbol(
    last_price=Decimal(30_000),
    mark_price=Decimal(30_001),
    spread_bps=0.3,
    ticker_age_ms=250,
    position=POSITION,
    in_flight=("a-1",),
)
VIEW = some_view(
    SYMBOL,
    replace(SYMBOL, symbol="ETHUSDT", position=None, last_price=None, ticker_age_ms=None),
    now_ms=NOW_MS,
    streams=(("public", True, ""), ("private", False, "closed")),
    wallet_balance=Decimal(10_000),
    equity=Decimal("9987.5"),
    day_pnl=Decimal("-12.5"),
    consecutive_losses=2,
    trades_closed=3,
    session_pnl=Decimal("-40.25"),
    clock_offset_ms=-120,
    entries=4,
    refusals=(("spread", 2), ("max_data_age_s", 1)),
    reconciled_ms=NOW_MS - 30_000,
)
TALLIED = Tallied(
    events=(("CandleClosed", 12), ("TickerChanged", 900)),
    orders=(("accepted", 4), ("filled", 3), ("insufficient", 1)),
    order_latency=Histogram((0.01, 0.1, 1.0), (2, 1, 1, 0), 0.75),
    slippage=(Slippage("entry", Histogram((0.0, 1.0, 5.0), (1, 1, 1, 0), 3.5), 0.5),),
    signals=(("BUY", 1), ("HOLD", 11)),
    bar_delay=Histogram((0.5, 2.0), (12, 0, 0), 1.2),
    alerts=(("kill", 1),),
    trades=((("BTCUSDT", "stop_loss"), 2), (("ETHUSDT", "take_profit"), 1)),
    results=(SymbolResult("BTCUSDT", Decimal("-41.25"), Decimal(2), Decimal("-0.5")),),
    unprotected_s=0.25,
    foreign_unprotected_s=0.0,
)
SNAPSHOT = MetricsSnapshot(
    build=BuildFacts("0.1.0", "demo", "3.12.1", "groups"),
    now_ms=NOW_MS,
    view=VIEW,
    tallied=TALLIED,
    loop=LoopFigures(Histogram((0.001, 0.05), (900, 12, 1), 1.5), 1, 0.125),
    streams=(
        StreamFigures("public", True, 0.5, 1_000, 1, 2),
        StreamFigures("private", False),
    ),
    queues=(("inbox", 3), ("orders", 0)),
    losses=(("log_records", 0), ("inbox_overflows", 1)),
    api_errors=(("10006", 2), ("timeout", 1)),
    deliveries=(("delivered", 5), ("failed", 0)),
    process=ProcessFigures(1_699_999_000.0, 12.5, 14, 120_000_000, 40),
)
