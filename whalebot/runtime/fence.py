"""A gateway that sends nothing once the right to trade has run out."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from whalebot.domain.effects import AmendStop
from whalebot.domain.orders import OrderIntent
from whalebot.ports import OrderGateway


class FencedGateway:
    """An `OrderGateway` that asks `fence` before every request. `fence` raises NotSent to hold it back."""

    def __init__(self, gateway: OrderGateway, fence: Callable[[], None]) -> None:
        self._gateway = gateway
        self._fence = fence

    def submit(self, intent: OrderIntent) -> str:
        """Place an order; return the venue's order id. Raises NotSent."""
        self._fence()
        return self._gateway.submit(intent)

    def cancel(self, symbol: str, order_link_id: str) -> None:
        """Cancel an order. Raises NotSent."""
        self._fence()
        self._gateway.cancel(symbol, order_link_id)

    def amend_stop(self, change: AmendStop) -> None:
        """Set stop and target of a position. Raises NotSent."""
        self._fence()
        self._gateway.amend_stop(change)

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        """Set leverage. Raises NotSent."""
        self._fence()
        self._gateway.set_leverage(symbol, leverage)
