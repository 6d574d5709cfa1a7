"""Trades with the few fields that figures depend on."""

from __future__ import annotations

from decimal import Decimal as D

from hypothesis import strategies as st

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade

DAY = 86_400_000
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def made(
    number: int,
    pnl: str | D,
    *,
    r: str | None = None,
    entry_ms: int | None = None,
    exit_ms: int | None = None,
    mode: str = "demo",
    symbol: str = "BTCUSDT",
    side: Side = Side.BUY,
    fees: str | D = "0",
    funding: str | D = "0",
    closed_by: ClosedBy = ClosedBy.STOP_LOSS,
    bars: int = 1,
    reconciled: bool = False,
) -> ClosedTrade:
    """Return trade `number` with net `pnl`; by default one hour long, one a day."""
    entry = START + number * DAY if entry_ms is None else entry_ms
    net, paid, funded = D(pnl), D(fees), D(funding)
    return ClosedTrade(
        trade_id=f"{symbol}-{number}",
        mode=mode,
        symbol=symbol,
        side=side,
        entry_ms=entry,
        exit_ms=entry + 3_600_000 if exit_ms is None else exit_ms,
        entry_price=D(100),
        exit_price=D(101),
        qty=D(2),
        gross_pnl=net + paid + funded,
        fees=paid,
        funding=funded,
        pnl=net,
        pnl_percent=D(0),
        r_multiple=None if r is None else D(r),
        mae=D(1),
        mfe=D(3),
        bars_held=bars,
        closed_by=closed_by,
        entry_score=None,
        breakdown=(),
        initial_stop=None,
        order_link_ids=(),
        config_hash="",
        reconciled=reconciled,
    )


_amounts = st.decimals(D("-1e9"), D("1e9"), places=18)
some_trades = st.lists(
    st.builds(
        made,
        number=st.integers(0, 400),
        pnl=_amounts,
        fees=_amounts,
        funding=_amounts,
        r=st.none() | st.decimals(D(-5), D(9), places=12).map(str),
        side=st.sampled_from(Side),
        symbol=st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        closed_by=st.sampled_from(ClosedBy),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda trade: trade.trade_id,
)
