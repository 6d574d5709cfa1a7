"""The position endpoints: list, leverage, trading stop, mode, closed PnL."""

from __future__ import annotations

from typing import Final

from whalebot.adapters.exchange.core.commands import FULL, PARTIAL, SetLeverage, SetTradingStop, SwitchMode
from whalebot.adapters.exchange.server.paging import page, window
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import (
    BAD_PARAMETER,
    MODE_NOT_MODIFIED,
    NOT_FOR_UNIFIED,
    Refused,
    bad_parameter,
)
from whalebot.adapters.exchange.server.rest_market import CATEGORIES, LINEAR, Result
from whalebot.adapters.exchange.server.rest_orders import accepted, order_type, require_linear, trigger_by
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.adapters.exchange.server.wire_positions import closed_pnl_row, position_row
from whalebot.domain.intervals import WEEK_MS

DEFAULT_ROWS: Final = 20
MAX_ROWS: Final = 200
MAX_CLOSED_ROWS: Final = 100


def positions(venue: Venue, params: Params) -> Result:
    """position/list: by symbol flat ones too, by settleCoin only open ones; 20 by default."""
    category = params.choice("category", CATEGORIES)
    symbol, coin = params.text("symbol"), params.text("settleCoin")
    if category == LINEAR and not symbol and not coin:
        raise Refused(BAD_PARAMETER, "params error: symbol or settleCoin is required")
    rows = []
    if category == LINEAR and symbol:
        venue.tradable(symbol)
        rows = venue.books.positions(symbol)
    elif category == LINEAR and coin == "USDT":
        rows = [position for position in venue.books.positions(None) if position.side is not None]
    limit = params.limit(DEFAULT_ROWS, MAX_ROWS)
    chosen, cursor = page(rows, params, limit, lambda row: f"{row.symbol},{row.position_idx}")
    return {"list": [position_row(row) for row in chosen], "nextPageCursor": cursor, "category": category}


def set_leverage(venue: Venue, params: Params) -> Result:
    """position/set-leverage; 110043 when nothing changes."""
    require_linear(params)
    symbol = params.required("symbol")
    buy, sell = params.decimal("buyLeverage"), params.decimal("sellLeverage")
    if buy is None or sell is None:
        raise bad_parameter("buyLeverage and sellLeverage are required")
    accepted(venue.submit(SetLeverage(symbol, buy, sell)))
    return {}


def trading_stop(venue: Venue, params: Params) -> Result:
    """position/trading-stop; `tpSlMode` is not the name of a parameter and is ignored."""
    require_linear(params)
    command = SetTradingStop(
        symbol=params.required("symbol"),
        position_idx=params.integer("positionIdx", 0, 0, 2),
        tpsl_mode=params.choice("tpslMode", (FULL, PARTIAL), FULL),
        stop_loss=params.decimal("stopLoss"),
        take_profit=params.decimal("takeProfit"),
        trailing_stop=params.decimal("trailingStop"),
        active_price=params.decimal("activePrice"),
        sl_trigger_by=trigger_by(params, "slTriggerBy"),
        tp_trigger_by=trigger_by(params, "tpTriggerBy"),
        sl_size=params.decimal("slSize"),
        tp_size=params.decimal("tpSize"),
        sl_order_type=order_type(params, "slOrderType"),
        tp_order_type=order_type(params, "tpOrderType"),
        sl_limit_price=params.decimal("slLimitPrice"),
        tp_limit_price=params.decimal("tpLimitPrice"),
    )
    accepted(venue.submit(command))
    return {}


def switch_mode(venue: Venue, params: Params) -> Result:
    """position/switch-mode: 0 one-way, 3 hedge, for a symbol or a coin."""
    require_linear(params)
    mode = params.integer("mode", -1)
    if mode not in (0, 3):
        raise bad_parameter("mode invalid: expected 0 (one-way) or 3 (hedge)")
    symbol, coin = params.text("symbol") or None, params.text("coin")
    if symbol is None and coin != "USDT":
        raise bad_parameter("symbol or coin is required")
    answer = venue.submit(SwitchMode(mode == 3, symbol))
    if answer.ret_code == MODE_NOT_MODIFIED and symbol is None:
        return {}
    accepted(answer)
    return {}


def switch_isolated(venue: Venue, params: Params) -> Result:
    """position/switch-isolated: for classic accounts only; a unified one has account/set-margin-mode."""
    raise Refused(NOT_FOR_UNIFIED, "unified account is forbidden")


def closed_pnl(venue: Venue, params: Params) -> Result:
    """position/closed-pnl: one row per closing order, newest first, windows of 7 days."""
    require_linear(params)
    symbol = params.text("symbol")
    start, end = window(params, WEEK_MS, venue.market.now_ms)
    rows = [row for row in venue.books.closed_pnl(symbol or None) if start <= row.updated_ms <= end]
    limit = params.limit(50, MAX_CLOSED_ROWS)
    chosen, cursor = page(rows, params, limit, lambda row: row.order_id)
    return {"nextPageCursor": cursor, "category": LINEAR, "list": [closed_pnl_row(row) for row in chosen]}
