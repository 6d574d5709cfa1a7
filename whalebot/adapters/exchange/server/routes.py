"""The table of REST endpoints and of the trade socket's commands, with the venue's limits per second."""

from __future__ import annotations

from typing import Final

from whalebot.adapters.exchange.server import rest_account as account
from whalebot.adapters.exchange.server import rest_market as market
from whalebot.adapters.exchange.server import rest_orders as orders
from whalebot.adapters.exchange.server import rest_positions as positions
from whalebot.adapters.exchange.server import rest_reports as reports
from whalebot.adapters.exchange.server.rest import Route

_GET: Final = "GET"
_POST: Final = "POST"

ROUTES: Final = (
    Route(_GET, "/v5/market/time", market.server_time),
    Route(_GET, "/v5/market/instruments-info", market.instruments_info),
    Route(_GET, "/v5/market/kline", market.kline),
    Route(_GET, "/v5/market/mark-price-kline", market.mark_price_kline),
    Route(_GET, "/v5/market/index-price-kline", market.index_price_kline),
    Route(_GET, "/v5/market/premium-index-price-kline", market.premium_index_price_kline),
    Route(_GET, "/v5/market/tickers", market.tickers),
    Route(_GET, "/v5/market/orderbook", market.orderbook),
    Route(_GET, "/v5/market/recent-trade", market.recent_trade),
    Route(_GET, "/v5/market/funding/history", market.funding_history),
    Route(_GET, "/v5/market/open-interest", market.open_interest),
    Route(_GET, "/v5/market/account-ratio", market.account_ratio),
    Route(_GET, "/v5/market/risk-limit", market.risk_limit),
    Route(_GET, "/v5/system/status", market.system_status),
    Route(_GET, "/v5/account/wallet-balance", account.wallet_balance, 50),
    Route(_GET, "/v5/account/info", account.account_info, 50),
    Route(_POST, "/v5/account/set-margin-mode", account.set_margin_mode, 5, "", "Request accepted"),
    Route(_GET, "/v5/account/fee-rate", account.fee_rate, 10),
    Route(_GET, "/v5/account/transaction-log", account.transaction_log, 30),
    Route(_GET, "/v5/position/list", positions.positions, 50),
    Route(_POST, "/v5/position/set-leverage", positions.set_leverage, 10),
    Route(_POST, "/v5/position/trading-stop", positions.trading_stop, 10),
    Route(_POST, "/v5/position/switch-mode", positions.switch_mode, 10),
    Route(_POST, "/v5/position/switch-isolated", positions.switch_isolated, 10),
    Route(_GET, "/v5/position/closed-pnl", positions.closed_pnl, 50),
    Route(_POST, "/v5/order/create", orders.create, 10),
    Route(_POST, "/v5/order/amend", orders.amend, 10),
    Route(_POST, "/v5/order/cancel", orders.cancel, 10),
    Route(_POST, "/v5/order/cancel-all", orders.cancel_all, 10),
    Route(_POST, "/v5/order/create-batch", orders.create_batch, 20, "request"),
    Route(_POST, "/v5/order/amend-batch", orders.amend_batch, 20, "request"),
    Route(_POST, "/v5/order/cancel-batch", orders.cancel_batch, 20, "request"),
    Route(_POST, "/v5/order/disconnected-cancel-all", orders.disconnected_cancel_all, 5, "", "success"),
    Route(_GET, "/v5/order/realtime", reports.realtime, 50),
    Route(_GET, "/v5/order/history", reports.history, 50),
    Route(_GET, "/v5/execution/list", reports.executions, 50),
    Route(_GET, "/v5/asset/transfer/query-account-coins-balance", account.coin_balances, 5),
    Route(_GET, "/v5/asset/transfer/query-account-coin-balance", account.coin_balance, 5),
    Route(_GET, "/v5/asset/coin/query-info", account.coin_info, 5),
    Route(_GET, "/v5/user/query-api", account.query_api, 10),
)

COMMANDS: Final = {
    "order.create": Route(_POST, "/v5/order/create", orders.create, 10),
    "order.amend": Route(_POST, "/v5/order/amend", orders.amend, 10),
    "order.cancel": Route(_POST, "/v5/order/cancel", orders.cancel, 10),
    "order.create-batch": Route(_POST, "/v5/order/create-batch", orders.create_batch, 20, "request"),
    "order.amend-batch": Route(_POST, "/v5/order/amend-batch", orders.amend_batch, 20, "request"),
    "order.cancel-batch": Route(_POST, "/v5/order/cancel-batch", orders.cancel_batch, 20, "request"),
}
