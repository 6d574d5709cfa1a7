"""Views of a daemon that never ran: whole ones, of which a test names what it looks at."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from whalebot.domain.enums import Side
from whalebot.domain.view import PositionView, SymbolView, View


def some_position(**changes: Any) -> PositionView:
    """A short position in BTCUSDT whose stop has moved."""
    known = PositionView(
        symbol="BTCUSDT",
        side=Side.SELL,
        qty=Decimal("0.02"),
        entry_price=Decimal("43000.5"),
        stop_loss=Decimal("43200"),
        take_profit=None,
        initial_stop=Decimal("43300"),
        best_price=Decimal("42800"),
        unrealised_pnl=Decimal("3.51"),
        fees=Decimal("0.5"),
        funding=Decimal(0),
        opened_ms=0,
        entry_score=-2.1,
        foreign=False,
        stop_moved=True,
        last_price=Decimal("42825"),
    )
    return replace(known, **changes)


def some_symbol(symbol: str = "BTCUSDT", **changes: Any) -> SymbolView:
    """A flat symbol with prices, no bar analysed yet."""
    known = SymbolView(
        symbol=symbol,
        last_price=Decimal("42825"),
        mark_price=Decimal("42826"),
        spread_bps=0.2,
        ticker_age_ms=150,
        book_stale=False,
        analysis=None,
        position=None,
        in_flight=(),
        unknown_orders=(),
    )
    return replace(known, **changes)


def some_view(*symbols: SymbolView, now_ms: int, **changes: Any) -> View:
    """A daemon that trades, both streams up. now_ms: market time, and real time unless changed."""
    known = View(
        now_ms=now_ms,
        real_ms=now_ms,
        tradable=True,
        blocked_by=(),
        streams=(("public", True, ""), ("private", True, "")),
        symbols=symbols,
        wallet_balance=Decimal(1000),
        equity=Decimal("1003.5"),
        day_pnl=Decimal("-2.5"),
        drawdown=0.0125,
        consecutive_losses=1,
        trades_closed=2,
        session_pnl=Decimal("4.5"),
        clock_offset_ms=-3,
        entries=3,
        refusals=(("spread", 4),),
        reconciled_ms=now_ms,
        paused_until_ms=None,
        manual_pause=False,
    )
    return replace(known, **changes)
