"""How the simulated side of a comparison trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Fees are fractions of notional. `latency_ms`: market time from a decision to the exchange.

    `walks_book`: takers get the levels of the recorded book; else the newest price and what
    `slippage_percent` says (None: half the spread plus one basis point). `book_at_orders`: the book that a
    stop meets is that of the last order, shifted to the price, as the local exchange keeps it; else the
    newest recorded one.
    """

    balance: Decimal
    maker_fee: Decimal
    taker_fee: Decimal
    latency_ms: int = 0
    walks_book: bool = True
    book_at_orders: bool = False
    slippage_percent: Decimal | None = None
