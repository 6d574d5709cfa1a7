"""Finding the open order that a request names."""

from __future__ import annotations

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.codes import ORDER_NOT_FOUND, PARAMETER, Refusal
from whalebot.adapters.exchange.core.orders import Order


def open_order_named(account: Account, symbol: str, order_id: str, order_link_id: str, purpose: str) -> Order:
    """Return an open order by id or, where that is "", by link id. Raises Refusal where there is none.

    `purpose` is the venue's verb in "order not exists or too late to …".
    """
    if not order_id and not order_link_id:
        raise Refusal(PARAMETER, "params error: OrderId or OrderLinkId is required")
    wanted = order_id or account.memory.links.get(order_link_id, "")
    order = account.orders.get(wanted)
    if order is None or order.symbol != symbol:
        raise Refusal(ORDER_NOT_FOUND, f"order not exists or too late to {purpose}")
    return order
