"""What the exchange serves, and which call of which client asks for it."""

from __future__ import annotations

from typing import Any, Final

from whalebot.adapters.exchange.server.routes import COMMANDS, ROUTES

LINEAR: Final = {"category": "linear", "symbol": "BTCUSDT"}
SYMBOL: Final = "BTC/USDT:USDT"
OTHER: Final = "ETH/USDT:USDT"
RESTING: Final = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "58000"}
ENDPOINTS: Final = {f"{route.method} {route.path}" for route in ROUTES}
# For classic accounts only: always refused, so that it never counts as carried out.
REFUSED: Final = "POST /v5/position/switch-isolated"
SERVED: Final = ENDPOINTS - {REFUSED}
COMMANDS_SERVED: Final = set(COMMANDS)
PUBLIC_TOPICS: Final = {
    *(f"orderbook.{depth}.BTCUSDT" for depth in (1, 50, 200, 1000)),
    *(f"{name}.BTCUSDT" for name in ("publicTrade", "tickers", "kline.1", "allLiquidation")),
}
PRIVATE_TOPICS: Final = {"order", "execution", "execution.fast", "position", "wallet"}

Calls = list[tuple[str, str, tuple[Any, ...], dict[str, Any]]]
"""(endpoint, method of the client, positional and named arguments), in the order in which to call."""


def _get(path: str, method: str, **named: Any) -> tuple[str, str, tuple[Any, ...], dict[str, Any]]:
    return f"GET /v5/{path}", method, (), named


def _post(path: str, method: str, **named: Any) -> tuple[str, str, tuple[Any, ...], dict[str, Any]]:
    return f"POST /v5/{path}", method, (), named


PYBIT: Final[Calls] = [
    _get("market/time", "get_server_time"),
    _get("market/instruments-info", "get_instruments_info", category="linear"),
    _get("market/kline", "get_kline", **LINEAR, interval=5),
    _get("market/mark-price-kline", "get_mark_price_kline", **LINEAR, interval=5),
    _get("market/index-price-kline", "get_index_price_kline", **LINEAR, interval=5),
    _get("market/premium-index-price-kline", "get_premium_index_price_kline", **LINEAR, interval=5),
    _get("market/tickers", "get_tickers", category="linear"),
    _get("market/orderbook", "get_orderbook", **LINEAR, limit=50),
    _get("market/recent-trade", "get_public_trade_history", **LINEAR),
    _get("market/funding/history", "get_funding_rate_history", **LINEAR),
    _get("market/open-interest", "get_open_interest", **LINEAR, intervalTime="5min"),
    _get("market/account-ratio", "get_long_short_ratio", **LINEAR, period="5min"),
    _get("market/risk-limit", "get_risk_limit", **LINEAR),
    _get("system/status", "get_system_status"),
    _get("account/wallet-balance", "get_wallet_balance", accountType="UNIFIED"),
    _get("account/info", "get_account_info"),
    _post("account/set-margin-mode", "set_margin_mode", setMarginMode="ISOLATED_MARGIN"),
    _get("account/fee-rate", "get_fee_rates", **LINEAR),
    _get("account/transaction-log", "get_transaction_log", accountType="UNIFIED"),
    _post("position/switch-mode", "switch_position_mode", **LINEAR, mode=3),
    _post("position/switch-mode", "switch_position_mode", **LINEAR, mode=0),
    _post("position/set-leverage", "set_leverage", **LINEAR, buyLeverage="7", sellLeverage="7"),
    _post("order/create", "place_order", **{**RESTING, "price": "61000"}, orderLinkId="in"),
    _get("position/list", "get_positions", **LINEAR),
    _post("position/trading-stop", "set_trading_stop", **LINEAR, stopLoss="59000", positionIdx=0),
    _post("order/create", "place_order", **RESTING, orderLinkId="rest"),
    _post("order/amend", "amend_order", **LINEAR, orderLinkId="rest", price="58100"),
    _get("order/realtime", "get_open_orders", **LINEAR),
    _post("order/cancel", "cancel_order", **LINEAR, orderLinkId="rest"),
    _post(
        "order/create-batch",
        "place_batch_order",
        category="linear",
        request=[{**RESTING, "orderLinkId": "b"}],
    ),
    _post(
        "order/amend-batch",
        "amend_batch_order",
        category="linear",
        request=[{"symbol": "BTCUSDT", "orderLinkId": "b", "price": "58100"}],
    ),
    _post(
        "order/cancel-batch",
        "cancel_batch_order",
        category="linear",
        request=[{"symbol": "BTCUSDT", "orderLinkId": "b"}],
    ),
    _post("order/cancel-all", "cancel_all_orders", **LINEAR),
    _post("order/disconnected-cancel-all", "set_dcp", timeWindow=40),
    _get("order/history", "get_order_history", **LINEAR),
    _get("execution/list", "get_executions", **LINEAR),
    _get("position/closed-pnl", "get_closed_pnl", **LINEAR),
    _get("asset/transfer/query-account-coins-balance", "get_coins_balance", accountType="UNIFIED"),
    _get("asset/transfer/query-account-coin-balance", "get_coin_balance", accountType="UNIFIED", coin="USDT"),
    _get("asset/coin/query-info", "get_coin_info"),
    _get("user/query-api", "get_api_key_information"),
]


def _call(endpoint: str, method: str, *values: Any) -> tuple[str, str, tuple[Any, ...], dict[str, Any]]:
    return endpoint, method, values, {}


def _limit(price: float, **more: Any) -> dict[str, Any]:
    return {"symbol": SYMBOL, "type": "limit", "side": "buy", "amount": 0.01, "price": price, **more}


# "{resting}" stands for the id of the order that the last creation made.
CCXT: Final[Calls] = [
    _call("GET /v5/market/time", "fetch_time"),
    _call("GET /v5/market/instruments-info", "load_markets"),
    _call("GET /v5/market/kline", "fetch_ohlcv", SYMBOL, "5m"),
    _call("GET /v5/market/mark-price-kline", "fetch_mark_ohlcv", SYMBOL, "5m"),
    _call("GET /v5/market/index-price-kline", "fetch_index_ohlcv", SYMBOL, "5m"),
    _call("GET /v5/market/premium-index-price-kline", "fetch_premium_index_ohlcv", SYMBOL, "5m"),
    _call("GET /v5/market/tickers", "fetch_ticker", SYMBOL),
    _call("GET /v5/market/tickers", "fetch_tickers", [SYMBOL, OTHER]),
    _call("GET /v5/market/tickers", "fetch_funding_rate", SYMBOL),
    _call("GET /v5/market/orderbook", "fetch_order_book", SYMBOL, 50),
    _call("GET /v5/market/recent-trade", "fetch_trades", SYMBOL),
    _call("GET /v5/market/funding/history", "fetch_funding_rate_history", SYMBOL),
    _call("GET /v5/market/open-interest", "fetch_open_interest", SYMBOL),
    _call("GET /v5/market/open-interest", "fetch_open_interest_history", SYMBOL, "5m"),
    _call("GET /v5/market/account-ratio", "fetch_long_short_ratio_history", SYMBOL, "1h"),
    _call("GET /v5/market/risk-limit", "fetch_market_leverage_tiers", SYMBOL),
    _call("GET /v5/market/risk-limit", "fetch_leverage_tiers", [SYMBOL]),
    _call("GET /v5/system/status", "fetch_status"),
    _call("GET /v5/user/query-api", "is_unified_enabled"),
    _call("GET /v5/account/wallet-balance", "fetch_balance"),
    _call("GET /v5/account/info", "fetch_margin_mode", SYMBOL),
    _call("POST /v5/account/set-margin-mode", "set_margin_mode", "isolated", SYMBOL),
    _call("GET /v5/account/fee-rate", "fetch_trading_fee", SYMBOL),
    _call("GET /v5/account/fee-rate", "fetch_trading_fees"),
    _call("GET /v5/account/transaction-log", "fetch_ledger", "USDT"),
    _call("POST /v5/position/switch-mode", "set_position_mode", True, SYMBOL),
    _call("POST /v5/position/switch-mode", "set_position_mode", False, SYMBOL),
    _call("POST /v5/position/set-leverage", "set_leverage", 7, SYMBOL),
    _call("POST /v5/order/create", "create_order", SYMBOL, "limit", "buy", 0.01, 61_000),
    _call("GET /v5/position/list", "fetch_positions", [SYMBOL]),
    _call("GET /v5/position/list", "fetch_position", SYMBOL),
    _call("GET /v5/position/list", "fetch_leverage", SYMBOL),
    _call(
        "POST /v5/position/trading-stop",
        "create_order",
        SYMBOL,
        "market",
        "sell",
        0.01,
        None,
        {"stopLossPrice": 59_000, "reduceOnly": True, "tradingStopEndpoint": True},
    ),
    _call("POST /v5/order/create", "create_order", SYMBOL, "limit", "buy", 0.01, 58_000),
    _call("POST /v5/order/amend", "edit_order", "{resting}", SYMBOL, "limit", "buy", 0.01, 58_100),
    _call("GET /v5/order/realtime", "fetch_open_orders", SYMBOL),
    _call("GET /v5/order/realtime", "fetch_open_order", "{resting}", SYMBOL),
    _call("GET /v5/order/realtime", "fetch_order", "{resting}", SYMBOL, {"acknowledged": True}),
    _call("POST /v5/order/cancel", "cancel_order", "{resting}", SYMBOL),
    _call("POST /v5/order/create-batch", "create_orders", [_limit(58_000)]),
    _call("POST /v5/order/amend-batch", "edit_orders", [_limit(58_100, id="{resting}")]),
    _call("POST /v5/order/cancel-batch", "cancel_orders", ["{resting}"], SYMBOL),
    _call("POST /v5/order/cancel-all", "cancel_all_orders", SYMBOL),
    _call("POST /v5/order/disconnected-cancel-all", "cancel_all_orders_after", 40_000),
    _call("GET /v5/order/history", "fetch_closed_orders", SYMBOL),
    _call("GET /v5/order/history", "fetch_canceled_orders", SYMBOL),
    _call("GET /v5/order/history", "fetch_canceled_and_closed_orders", SYMBOL),
    _call("GET /v5/execution/list", "fetch_my_trades", SYMBOL),
    _call("GET /v5/execution/list", "fetch_funding_history", SYMBOL),
    _call("GET /v5/position/closed-pnl", "fetch_positions_history", [SYMBOL]),
    _call(
        "GET /v5/asset/transfer/query-account-coins-balance",
        "fetch_balance",
        {"type": "funding"},
    ),
    _call(
        "GET /v5/asset/transfer/query-account-coin-balance",
        "private_get_v5_asset_transfer_query_account_coin_balance",
        {"accountType": "UNIFIED", "coin": "USDT"},
    ),
    _call("GET /v5/asset/coin/query-info", "fetch_currencies"),
]
