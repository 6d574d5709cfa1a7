"""Settlements that were told before the fill of the position they belong to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from whalebot.domain.orders import FundingPayment

# Settlements come hours apart and a lost fill is found within minutes.
_KEPT: Final = 4


class EarlyFunding:
    """Keeps the newest few of each symbol; they must survive a restart, since they are never told again."""

    def __init__(self) -> None:
        self._payments: dict[str, deque[FundingPayment]] = {}

    def keep(self, payments: Iterable[FundingPayment]) -> None:
        """Let them wait for their position."""
        for payment in payments:
            self._payments.setdefault(payment.symbol, deque(maxlen=_KEPT)).append(payment)

    def take(self, symbol: str, opened_ms: int) -> Decimal:
        """Return what was settled on a position since it was opened, in quote, paid above zero; forget it."""
        waiting = self._payments.pop(symbol, ())
        return sum((p.amount for p in waiting if p.ts_ms >= opened_ms), Decimal(0))

    def memories(self) -> tuple[FundingPayment, ...]:
        """Return what must survive a restart."""
        return tuple(payment for waiting in self._payments.values() for payment in waiting)
