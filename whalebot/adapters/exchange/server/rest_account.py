"""The endpoints of the account: wallet, fees, ledger, positions, executions, keys, coins."""

from __future__ import annotations

from typing import Any, Final

from whalebot.adapters.exchange.core.commands import FULL, PARTIAL, SetLeverage, SetTradingStop, SwitchMode
from whalebot.adapters.exchange.core.records import OrderRecord
from whalebot.adapters.exchange.server.paging import WEEK_MS, page, window
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import (
    BAD_PARAMETER,
    MODE_NOT_MODIFIED,
    Refused,
    bad_parameter,
)
from whalebot.adapters.exchange.server.rest_market import CATEGORIES, LINEAR, Result
from whalebot.adapters.exchange.server.rest_orders import (
    accepted,
    link_id,
    order_type,
    require_linear,
    trigger_by,
)
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.adapters.exchange.server.wire import plain, rounded
from whalebot.adapters.exchange.server.wire_orders import execution_row, order_row
from whalebot.adapters.exchange.server.wire_positions import (
    closed_pnl_row,
    position_row,
    transaction_row,
    wallet_row,
)
from whalebot.domain.enums import OrderStatus

MAX_ROWS: Final = 200
DEFAULT_ROWS: Final = 20
MAX_CLOSED_ROWS: Final = 100
DAY_MS: Final = 86_400_000


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


def closed_pnl(venue: Venue, params: Params) -> Result:
    """position/closed-pnl: one row per closing order, newest first, windows of 7 days."""
    require_linear(params)
    symbol = params.text("symbol")
    start, end = window(params, WEEK_MS, venue.market.now_ms)
    rows = [row for row in venue.books.closed_pnl(symbol or None) if start <= row.updated_ms <= end]
    limit = params.limit(50, MAX_CLOSED_ROWS)
    chosen, cursor = page(rows, params, limit, lambda row: row.order_id)
    return {"nextPageCursor": cursor, "category": LINEAR, "list": [closed_pnl_row(row) for row in chosen]}


def wallet_balance(venue: Venue, params: Params) -> Result:
    """account/wallet-balance of the unified account."""
    params.choice("accountType", ("UNIFIED", "CONTRACT", "SPOT"))
    if params.text("accountType") != "UNIFIED":
        raise Refused(BAD_PARAMETER, "accountType only support UNIFIED.")
    row = wallet_row(venue.books.wallet())
    coins = params.text("coin").upper().split(",")
    if coins != [""] and "USDT" not in coins:
        row["coin"] = []
    return {"list": [row]}


def account_info(venue: Venue, params: Params) -> Result:
    """account/info: a unified account with cross margin."""
    return {
        "marginMode": "REGULAR_MARGIN",
        "updatedTime": str(venue.market.start_ms),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF" if venue.dcp_window_s is None else "ON",
        "timeWindow": venue.dcp_window_s or 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def fee_rate(venue: Venue, params: Params) -> Result:
    """account/fee-rate per symbol."""
    category = params.choice("category", CATEGORIES, LINEAR)
    symbol = params.text("symbol")
    if symbol:
        venue.tradable(symbol)
    listed = []
    for name in venue.instruments if category == LINEAR else ():
        if symbol in ("", name):
            maker, taker = venue.books.fee_rates()
            listed.append({"symbol": name, "takerFeeRate": plain(taker), "makerFeeRate": plain(maker)})
    return {"category": category, "list": listed}


def transaction_log(venue: Venue, params: Params) -> Result:
    """account/transaction-log: changes of the cash balance, newest first, windows of 7 days."""
    currency, kind = params.text("currency"), params.text("type")
    start, end = window(params, WEEK_MS, venue.market.now_ms)
    rows = [row for row in venue.books.transactions() if start <= row.ts_ms <= end]
    if kind:
        rows = [row for row in rows if row.kind == kind]
    base = params.text("baseCoin")
    if base:
        rows = [row for row in rows if row.symbol == f"{base}USDT"]
    if currency not in ("", "USDT"):
        rows = []
    chosen, cursor = page(rows, params, params.limit(DEFAULT_ROWS, 50), lambda row: row.transaction_id)
    return {"list": [transaction_row(row) for row in chosen], "nextPageCursor": cursor}


def coin_balances(venue: Venue, params: Params) -> Result:
    """asset/transfer/query-account-coins-balance: the unified account's USDT; a funding account is empty."""
    account_type = params.required("accountType")
    return {
        "memberId": "100000001",
        "accountType": account_type,
        "balance": [_coin_balance(venue, account_type)],
    }


def coin_balance(venue: Venue, params: Params) -> Result:
    """asset/transfer/query-account-coin-balance."""
    account_type = params.required("accountType")
    return {
        "accountId": "100000001",
        "bizType": 1,
        "accountType": account_type,
        "memberId": "100000001",
        "balance": _coin_balance(venue, account_type),
    }


def _coin_balance(venue: Venue, account_type: str) -> dict[str, Any]:
    wallet = venue.books.wallet()
    is_unified = account_type == "UNIFIED"
    return {
        "coin": "USDT",
        "transferBalance": rounded(wallet.available_balance) if is_unified else "0",
        "walletBalance": plain(wallet.wallet_balance) if is_unified else "0",
        "bonus": "",
    }


def coin_info(venue: Venue, params: Params) -> Result:
    """asset/coin/query-info: USDT and the base coins, without any chain to withdraw by."""
    wanted = params.text("coin").upper()
    coins = ["USDT", *(symbol.removesuffix("USDT") for symbol in venue.instruments)]
    rows = [
        {"name": coin, "coin": coin, "remainAmount": "0", "chains": []}
        for coin in coins
        if wanted in ("", coin)
    ]
    return {"rows": rows}


def query_api(venue: Venue, params: Params) -> Result:
    """user/query-api: what the key may do; it may trade and nothing else."""
    return {
        "id": "100000001",
        "note": "local exchange",
        "apiKey": venue.api_key,
        "readOnly": 0,
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"],
            "Spot": [],
            "Wallet": [],
            "Options": [],
            "Derivatives": ["DerivativesTrade"],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
            "Earn": [],
        },
        "ips": ["*"],
        "type": 1,
        "deadlineDay": 365,
        "expiredAt": "2099-01-01T00:00:00Z",
        "createdAt": "2020-01-01T00:00:00Z",
        "unified": 0,
        "uta": 1,
        "userID": 100000001,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }
