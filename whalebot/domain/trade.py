"""A finished trade: from flat to flat."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.domain.enums import ClosedBy, Side


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """One position from its first fill to zero. Quote currency, ms UTC; costs above zero are paid.

    `trade_id` is the link id of the order that opened it, of a position that is not ours its symbol and first
    execution, so recording it twice is recognised. `pnl` = gross_pnl - fees - funding. `pnl_percent` is in
    percent of margin (entry notional / leverage). `r_multiple` is None where the initial stop is unknown.
    `mae` and `mfe` are amounts, never negative. `reconciled` marks numbers that were rebuilt from the venue
    rather than seen live.
    """

    trade_id: str
    mode: str
    symbol: str
    side: Side
    entry_ms: int
    exit_ms: int
    entry_price: Decimal
    exit_price: Decimal
    qty: Decimal
    gross_pnl: Decimal
    fees: Decimal
    funding: Decimal
    pnl: Decimal
    pnl_percent: Decimal
    r_multiple: Decimal | None
    mae: Decimal
    mfe: Decimal
    bars_held: int
    closed_by: ClosedBy
    entry_score: float | None
    breakdown: tuple[tuple[str, float], ...]
    initial_stop: Decimal | None
    order_link_ids: tuple[str, ...]
    config_hash: str
    reconciled: bool = False
