"""A small history of two modes for the reports."""

from __future__ import annotations

import random
from decimal import Decimal as D

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade

HOUR = 3_600_000
START = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def history(mode: str = "demo", count: int = 40, seed: int = 1, symbol: str = "BTCUSDT") -> list[ClosedTrade]:
    """Return `count` trades, one every twenty hours, net results by chance."""
    chance = random.Random(seed)
    trades = []
    for number in range(count):
        r = D(chance.randint(-110, 140)) / 100
        fees = D("1.000000000000000001")
        entry_ms = START + number * 20 * HOUR
        trades.append(
            ClosedTrade(
                trade_id=f"{symbol}-{number}",
                mode=mode,
                symbol=symbol,
                side=chance.choice(list(Side)),
                entry_ms=entry_ms,
                exit_ms=entry_ms + 3 * HOUR,
                entry_price=D("104312.1"),
                exit_price=D("104412.333333333333"),
                qty=D("0.001"),
                gross_pnl=10 * r + fees,
                fees=fees,
                funding=D(0),
                pnl=10 * r,
                pnl_percent=r,
                r_multiple=r,
                mae=D(3),
                mfe=D(4),
                bars_held=12,
                closed_by=ClosedBy.TAKE_PROFIT if r > 0 else ClosedBy.STOP_LOSS,
                entry_score=2.5,
                breakdown=(("vwap", 0.22), ("psar", -0.1)),
                initial_stop=D("104000"),
                order_link_ids=("wb-1", "wb-2"),
                config_hash="0123",
                reconciled=number == 3,
            )
        )
    return trades
