"""The endpoints of the account: wallet, fees, ledger, coins, keys."""

from __future__ import annotations

from typing import Any, Final

from whalebot.adapters.exchange.core.commands import SetMarginMode
from whalebot.adapters.exchange.server.paging import page, window
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import BAD_PARAMETER, MARGIN_MODE_FAILED, Refused
from whalebot.adapters.exchange.server.rest_market import CATEGORIES, LINEAR, Result
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.adapters.exchange.server.wire import plain, rounded
from whalebot.adapters.exchange.server.wire_positions import transaction_row, wallet_row
from whalebot.domain.intervals import WEEK_MS

DEFAULT_ROWS: Final = 20
MAX_ROWS: Final = 50
_MARGIN_MODES: Final = ("ISOLATED_MARGIN", "REGULAR_MARGIN", "PORTFOLIO_MARGIN")


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
    """account/info: a unified account."""
    return {
        "marginMode": "ISOLATED_MARGIN" if venue.books.wallet().is_isolated else "REGULAR_MARGIN",
        "updatedTime": str(venue.market.start_ms),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF" if venue.dcp_window_s is None else "ON",
        "timeWindow": venue.dcp_window_s or 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def set_margin_mode(venue: Venue, params: Params) -> Result:
    """account/set-margin-mode: isolated or cross, for the whole account; unchanged is fine."""
    mode = params.choice("setMarginMode", _MARGIN_MODES)
    if mode == "PORTFOLIO_MARGIN":
        raise _margin_mode_failed("3400000", "Portfolio margin is not served here")
    if venue.submit(SetMarginMode(mode == "ISOLATED_MARGIN")).ret_code:
        raise _margin_mode_failed("3400071", "The net asset is not satisfied")
    return {"reasons": []}


def _margin_mode_failed(code: str, reason: str) -> Refused:
    reasons = [{"reasonCode": code, "reasonMsg": reason}]
    return Refused(MARGIN_MODE_FAILED, "Set margin mode failed", {"reasons": reasons})


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
    """user/query-api: what the key may do; it may trade, or only read, and nothing else."""
    is_read_only = params.key is not None and params.key.is_read_only
    return {
        "id": "100000001",
        "note": "local exchange",
        "apiKey": venue.api_key if params.key is None else params.key.key,
        "readOnly": int(is_read_only),
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
