"""Trades to write down, made by number or by chance."""

from __future__ import annotations

from decimal import Decimal as D
from functools import cache

from hypothesis import strategies as st

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade

START_MS = 1_767_225_600_000  # 2026-01-01


@cache
def trade(number: int, *, mode: str = "demo", pnl: D | None = None) -> ClosedTrade:
    """Return trade `number`: one quarter of an hour each, net 1.5 or -1 alternating unless given."""
    gross = D("2.5") if number % 2 else D(0)
    net = gross - 1 if pnl is None else pnl
    return ClosedTrade(
        trade_id=f"BTCUSDT-exec-{number}",
        mode=mode,
        symbol="BTCUSDT",
        side=Side.BUY if number % 3 else Side.SELL,
        entry_ms=START_MS + number * 900_000,
        exit_ms=START_MS + number * 900_000 + 600_123,
        entry_price=D("104312.1"),
        exit_price=D("104412.333333333333"),
        qty=D("0.001"),
        gross_pnl=net + D("1"),
        fees=D("1.0000000000000000000000000001"),
        funding=D("-0.0000000000000000000000000001"),
        pnl=net,
        pnl_percent=D("0.71"),
        r_multiple=None if number % 5 == 0 else D("1.25"),
        mae=D("0.4"),
        mfe=D("3.1"),
        bars_held=4,
        closed_by=ClosedBy.TRAILING_STOP,
        entry_score=2.0625 if number % 7 else None,
        breakdown=(("ema_alignment", 0.22), ("vwap", -0.11)),
        initial_stop=D("104000"),
        order_link_ids=(f"wb-r1-BTCUSDT-{number}", "wb-r1-BTCUSDT-x"),
        config_hash="0123456789abcdef",
    )


_money = st.decimals(allow_nan=False, allow_infinity=False)
_maybe_money = st.none() | _money
_times = st.integers(0, 4_102_444_800_000)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)

any_trade = st.builds(
    ClosedTrade,
    trade_id=_text.filter(bool),
    mode=_text,
    symbol=_text,
    side=st.sampled_from(Side),
    entry_ms=_times,
    exit_ms=_times,
    entry_price=_money,
    exit_price=_money,
    qty=_money,
    gross_pnl=_money,
    fees=_money,
    funding=_money,
    pnl=_money,
    pnl_percent=_money,
    r_multiple=_maybe_money,
    mae=_money,
    mfe=_money,
    bars_held=st.integers(0, 10_000),
    closed_by=st.sampled_from(ClosedBy),
    entry_score=st.none() | _floats,
    breakdown=st.lists(st.tuples(_text, _floats), max_size=5, unique_by=lambda pair: pair[0]).map(tuple),
    initial_stop=_maybe_money,
    order_link_ids=st.lists(_text, max_size=3).map(tuple),
    config_hash=_text,
    reconciled=st.booleans(),
)
