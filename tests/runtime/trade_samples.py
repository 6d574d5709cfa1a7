"""A closed trade for tests that only pass it on."""

from __future__ import annotations

from decimal import Decimal

from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.trade import ClosedTrade


def closed_trade(trade_id: str = "t-1") -> ClosedTrade:
    one = Decimal(1)
    return ClosedTrade(
        trade_id, "test", "A", Side.BUY, 0, 1, one, one, one, one, one, one, one, one, None, one, one, 1,
        ClosedBy.STOP_LOSS, None, (), None, (), "hash",
    )  # fmt: skip
