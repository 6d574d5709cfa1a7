"""Whether the account has anything at stake: a position, or an order that is still open."""

from __future__ import annotations

from collections.abc import Iterable

from whalebot.adapters.exchange.core.events import Event, OrderUpdated, PositionUpdated
from whalebot.adapters.exchange.server.account_books import AccountBooks


class Exposure:
    """Follows the core's events, so that asking costs nothing."""

    def __init__(self, books: AccountBooks) -> None:
        self._orders = {order.order_id for order in books.open_orders(None)}
        self._positions = {(held.symbol, held.position_idx) for held in books.positions(None)}

    @property
    def is_open(self) -> bool:
        """True while there is a position or an open order."""
        return bool(self._orders or self._positions)

    def follow(self, events: Iterable[Event]) -> None:
        """Take what one call of the core brought."""
        for event in events:
            if isinstance(event, OrderUpdated):
                order = event.order
                (self._orders.discard if order.status.is_final else self._orders.add)(order.order_id)
            elif isinstance(event, PositionUpdated):
                held = event.position
                key = (held.symbol, held.position_idx)
                (self._positions.discard if held.side is None else self._positions.add)(key)
