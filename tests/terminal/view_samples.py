"""Views of a daemon that never ran."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from sample_views import some_position, some_symbol, some_view

from whalebot.domain.analysis import VOLUME_FILTER, Analysis, TrendReading
from whalebot.domain.enums import Side, Signal, Trend
from whalebot.domain.view import PositionView, SymbolView, View

T0_MS = 1_760_000_400_000
"""2025-10-09 09:00 UTC."""
BAR_MS = 900_000


def analysis(
    symbol: str = "BTCUSDT", bar: int = 0, score: float = 0.4, signal: Signal = Signal.HOLD
) -> Analysis:
    return Analysis(
        symbol=symbol,
        interval="15",
        open_ms=T0_MS + bar * BAR_MS,
        close_ms=T0_MS + (bar + 1) * BAR_MS,
        close=Decimal("64250.10"),
        volume=12.5,
        score=score,
        breakdown=(
            ("ema_alignment", 0.22),
            ("sma_trend_filter", -0.28),
            ("vwap", 0.04),
            ("roc_signal", 0.0),
            ("ichimoku_confluence", 0.266),
            (VOLUME_FILTER, -0.4),
        ),
        signal=signal,
        trends=(
            TrendReading("60", "ema", Trend.UP),
            TrendReading("60", "ehlers_supertrend", Trend.DOWN),
            TrendReading("240", "ema", Trend.UNKNOWN),
        ),
        atr=320.5,
        warming=(),
        without_input=(),
        may_enter=True,
        threshold=2.0,
    )


def position(stop: str | None = "63980.50", pnl: str = "1.804") -> PositionView:
    return some_position(
        side=Side.BUY,
        qty=Decimal("0.012"),
        entry_price=Decimal("64100.033333333333"),
        stop_loss=None if stop is None else Decimal(stop),
        take_profit=Decimal("64900.00"),
        initial_stop=Decimal("63620.00"),
        best_price=Decimal("64300.00"),
        unrealised_pnl=Decimal(pnl),
        fees=Decimal("0.42"),
        opened_ms=T0_MS,
        entry_score=2.1,
        last_price=Decimal("64250.10"),
    )


def symbol(
    name: str = "BTCUSDT", found: Analysis | None = None, held: PositionView | None = None
) -> SymbolView:
    return some_symbol(
        name,
        last_price=Decimal("64250.10"),
        mark_price=Decimal("64250.0"),
        spread_bps=0.4,
        ticker_age_ms=240,
        analysis=found,
        position=held,
    )


def view(*symbols: SymbolView) -> View:
    return some_view(
        *symbols,
        now_ms=T0_MS,
        wallet_balance=Decimal("1010.50"),
        equity=Decimal("1012.304"),
        day_pnl=Decimal("12.30"),
        drawdown=0.013,
        consecutive_losses=0,
        trades_closed=4,
        session_pnl=Decimal("-7.211"),
        clock_offset_ms=12,
        entries=4,
        refusals=(("spread", 2),),
    )


def warming(found: Analysis) -> Analysis:
    return replace(found, warming=("ichimoku_confluence", "sma_trend_filter"), may_enter=False)
