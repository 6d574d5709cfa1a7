"""The reports on orders and fills: order/realtime, order/history, execution/list."""

from __future__ import annotations

from typing import Final

from whalebot.adapters.exchange.core.records import OrderRecord
from whalebot.adapters.exchange.server.paging import page, window
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import bad_parameter
from whalebot.adapters.exchange.server.rest_market import LINEAR, Result
from whalebot.adapters.exchange.server.rest_orders import link_id, require_linear
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.adapters.exchange.server.wire_orders import execution_row, order_row
from whalebot.domain.enums import OrderStatus
from whalebot.domain.intervals import WEEK_MS

DEFAULT_ROWS: Final = 20
MAX_ROWS: Final = 50


def realtime(venue: Venue, params: Params) -> Result:
    """order/realtime: open orders, newest first; by id, or with openOnly 1, also some that have ended."""
    require_linear(params)
    symbol, order_id, name = params.text("symbol"), params.text("orderId"), link_id(params)
    if not (symbol or order_id or name or params.text("settleCoin") or params.text("baseCoin")):
        raise bad_parameter("symbol, settleCoin, baseCoin, orderId or orderLinkId is required")
    if symbol:
        venue.tradable(symbol)
    limit = min(params.limit(DEFAULT_ROWS, 50), 50)
    if order_id or name:
        rows = _named(venue, order_id, name)
        rows = [row for row in rows if not row.status.is_final or row.updated_ms > venue.forgotten_ms]
    elif params.integer("openOnly", 0, 0, 2) == 1:
        rows = [row for row in venue.books.closed_orders(None)[:500] if row.updated_ms > venue.forgotten_ms]
    else:
        rows = venue.books.open_orders(symbol or None)
    rows = _filtered(rows, params)
    chosen, cursor = page(rows, params, limit, lambda order: order.order_id)
    return {"list": [order_row(order) for order in chosen], "nextPageCursor": cursor, "category": LINEAR}


def history(venue: Venue, params: Params) -> Result:
    """order/history: orders that have ended, newest first, 20 by default and 50 at most."""
    require_linear(params)
    order_id, name = params.text("orderId"), link_id(params)
    if order_id or name:
        rows = [order for order in _named(venue, order_id, name) if order.status.is_final]
    else:
        start, end = window(params, WEEK_MS, venue.market.now_ms)
        closed = venue.books.closed_orders(params.text("symbol") or None)
        rows = [order for order in closed if start <= order.created_ms <= end]
    rows = _filtered(rows, params)
    wanted = params.text("orderStatus")
    if wanted:
        rows = [order for order in rows if order.status.value == wanted]
    chosen, cursor = page(rows, params, params.limit(DEFAULT_ROWS, 50), lambda order: order.order_id)
    return {"list": [order_row(order) for order in chosen], "nextPageCursor": cursor, "category": LINEAR}


def _named(venue: Venue, order_id: str, name: str) -> list[OrderRecord]:
    found = venue.books.order(order_id, name)
    return [] if found is None else [found]


def _filtered(rows: list[OrderRecord], params: Params) -> list[OrderRecord]:
    symbol, base = params.text("symbol"), params.text("baseCoin")
    if symbol:
        rows = [order for order in rows if order.symbol == symbol]
    elif base:
        rows = [order for order in rows if order.symbol == f"{base}USDT"]
    chosen = params.text("orderFilter")
    if chosen == "Order":
        rows = [order for order in rows if order.status is not OrderStatus.UNTRIGGERED]
    elif chosen:
        rows = [order for order in rows if order.trigger_price is not None]
    return rows


def executions(venue: Venue, params: Params) -> Result:
    """execution/list: fills and funding, newest first, 50 by default and 100 at most."""
    require_linear(params)
    order_id, name, kind = params.text("orderId"), link_id(params), params.text("execType")
    symbol, base = params.text("symbol"), params.text("baseCoin")
    rows = venue.books.executions(symbol or None)
    if not order_id and not name:
        start, end = window(params, WEEK_MS, venue.market.now_ms)
        rows = [row for row in rows if start <= row.ts_ms <= end]
    if order_id or name:
        rows = [row for row in rows if order_id == row.order_id or (name and name == row.order_link_id)]
    if base and not symbol:
        rows = [row for row in rows if row.symbol == f"{base}USDT"]
    if kind:
        rows = [row for row in rows if row.exec_type.value == kind]
    chosen, cursor = page(rows, params, params.limit(50, 100), lambda row: row.exec_id)
    return {"nextPageCursor": cursor, "category": LINEAR, "list": [execution_row(row) for row in chosen]}
