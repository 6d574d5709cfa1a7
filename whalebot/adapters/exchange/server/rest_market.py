"""The public market endpoints. Candles, trades and books carry simulated time, market/time the machine's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from whalebot.adapters.exchange.market.events import Kline
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.adapters.exchange.server.paging import before_cursor, page, time_cursor
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import bad_parameter
from whalebot.adapters.exchange.server.venue import Venue
from whalebot.adapters.exchange.server.wire import plain
from whalebot.adapters.exchange.server.wire_market import (
    instrument_row,
    kline_row,
    level_rows,
    price_kline_row,
    recent_trade_row,
    ticker_row,
)
from whalebot.domain.intervals import DAY_MS, INTERVALS, MINUTE_MS

CATEGORIES: Final = ("linear", "inverse", "spot", "option")
LINEAR: Final = "linear"
_PERIODS: Final = {
    "5min": 5 * MINUTE_MS,
    "15min": 15 * MINUTE_MS,
    "30min": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "1d": DAY_MS,
}
Result = dict[str, Any]


def server_time(venue: Venue, params: Params) -> Result:
    """market/time: the machine's clock, skew included."""
    now_ns = venue.clock.now_ns()
    return {"timeSecond": str(now_ns // 1_000_000_000), "timeNano": str(now_ns)}


def instruments_info(venue: Venue, params: Params) -> Result:
    """market/instruments-info, 500 a page by default and 1000 at most."""
    category = params.choice("category", CATEGORIES)
    limit = params.limit(500, 1000)
    symbol, base = params.text("symbol"), params.text("baseCoin")
    status = params.text("status", "Trading")
    rows = []
    for number, instrument in enumerate(venue.instruments.values(), 1):
        is_wanted = category == LINEAR and symbol in ("", instrument.symbol)
        if base and instrument.symbol != f"{base}USDT":
            is_wanted = False
        if is_wanted and (symbol or status == instrument.status):
            rows.append(instrument_row(instrument, venue.rules_of(instrument.symbol), number))
    if symbol and category == LINEAR and symbol not in venue.instruments:
        raise bad_parameter(f"symbol invalid {symbol}")
    chosen, cursor = page(rows, params, limit, lambda row: str(row["symbol"]))
    return {"category": category, "list": chosen, "nextPageCursor": cursor}


def kline(venue: Venue, params: Params) -> Result:
    """market/kline: rows of seven texts, newest first, the forming bar included."""
    return _klines(venue, params, PriceKind.LAST, kline_row)


def mark_price_kline(venue: Venue, params: Params) -> Result:
    """market/mark-price-kline: rows of five texts."""
    return _klines(venue, params, PriceKind.MARK, price_kline_row)


def index_price_kline(venue: Venue, params: Params) -> Result:
    """market/index-price-kline: rows of five texts."""
    return _klines(venue, params, PriceKind.INDEX, price_kline_row)


def premium_index_price_kline(venue: Venue, params: Params) -> Result:
    """market/premium-index-price-kline: rows of five texts, ratios."""
    return _klines(venue, params, PriceKind.PREMIUM, price_kline_row)


def _klines(venue: Venue, params: Params, kind: PriceKind, row: Callable[[Kline], list[str]]) -> Result:
    symbol = _symbol(venue, params)
    interval = params.choice("interval", INTERVALS)
    limit = params.limit(200, 1000)
    start, end = _bounds(params, "start", "end")
    try:
        bars = venue.market.klines(symbol, interval, kind, start, end, limit)
    except ValueError as error:
        raise bad_parameter(f"interval invalid: {error}") from None
    return {"symbol": symbol, "category": LINEAR, "list": [row(bar) for bar in bars]}


def tickers(venue: Venue, params: Params) -> Result:
    """market/tickers, of one symbol or of all."""
    category = params.choice("category", CATEGORIES)
    symbol, base = params.text("symbol"), params.text("baseCoin")
    if symbol:
        venue.require_symbol(symbol)
    rows = []
    for instrument in venue.instruments.values() if category == LINEAR else ():
        if symbol not in ("", instrument.symbol) or (base and instrument.symbol != f"{base}USDT"):
            continue
        quote = venue.market.quote(instrument.symbol)
        if quote is not None:
            rows.append(ticker_row(quote, instrument.funding_interval_min))
    return {"category": category, "list": rows}


def orderbook(venue: Venue, params: Params) -> Result:
    """market/orderbook: 25 levels a side by default, 1000 at most."""
    symbol = _symbol(venue, params)
    book = venue.market.book(symbol, params.limit(25, 1000))
    now_ms = venue.market.now_ms
    return {
        "s": symbol,
        "b": level_rows(book.bids) if book is not None else [],
        "a": level_rows(book.asks) if book is not None else [],
        "ts": now_ms,
        "u": venue.feed.book_update_id(symbol),
        "seq": venue.feed.next_seq(),
        "cts": book.ts_ms if book is not None else now_ms,
    }


def recent_trade(venue: Venue, params: Params) -> Result:
    """market/recent-trade, newest first."""
    symbol = _symbol(venue, params)
    points = venue.market.recent_trades(symbol, params.limit(500, 1000))
    return {"category": LINEAR, "list": [recent_trade_row(point) for point in points]}


def funding_history(venue: Venue, params: Params) -> Result:
    """market/funding/history; a start without an end is refused, as the venue does."""
    symbol = _symbol(venue, params)
    start, end = _bounds(params, "startTime", "endTime")
    if start is not None and end is None:
        raise bad_parameter("endTime is required with startTime")
    rows = venue.market.funding_history(symbol, start, end, params.limit(200, 200))
    return {
        "category": LINEAR,
        "list": [
            {"symbol": symbol, "fundingRate": plain(row.rate), "fundingRateTimestamp": str(row.ts_ms)}
            for row in rows
        ],
    }


def open_interest(venue: Venue, params: Params) -> Result:
    """market/open-interest on the grid of intervalTime, newest first, paged."""
    symbol = _symbol(venue, params)
    period_ms = _PERIODS[params.choice("intervalTime", tuple(_PERIODS))]
    limit = params.limit(50, 200)
    start, end = _page_bounds(params)
    rows = venue.market.open_interest(symbol, period_ms, start, end, limit)
    listed = [
        {
            "openInterest": plain(row.open_interest),
            "singleOpenInterest": plain(row.open_interest),
            "timestamp": str(row.ts_ms),
        }
        for row in rows
    ]
    cursor = time_cursor(rows[-1].ts_ms) if len(rows) == limit else ""
    return {"symbol": symbol, "category": LINEAR, "list": listed, "nextPageCursor": cursor}


def account_ratio(venue: Venue, params: Params) -> Result:
    """market/account-ratio on the grid of period, newest first, paged."""
    symbol = _symbol(venue, params)
    period_ms = _PERIODS[params.choice("period", tuple(_PERIODS))]
    limit = params.limit(50, 500)
    start, end = _page_bounds(params)
    rows = venue.market.account_ratio(symbol, period_ms, start, end, limit)
    listed = [
        {
            "symbol": symbol,
            "buyRatio": plain(row.buy_ratio),
            "sellRatio": plain(row.sell_ratio),
            "timestamp": str(row.ts_ms),
        }
        for row in rows
    ]
    return {"list": listed, "nextPageCursor": time_cursor(rows[-1].ts_ms) if len(rows) == limit else ""}


def risk_limit(venue: Venue, params: Params) -> Result:
    """market/risk-limit: the one tier that this exchange reckons with, per symbol."""
    params.choice("category", CATEGORIES, LINEAR)
    wanted = params.text("symbol")
    if wanted:
        venue.require_symbol(wanted)
    listed = []
    for instrument in venue.instruments.values():
        if wanted not in ("", instrument.symbol):
            continue
        rules = venue.rules_of(instrument.symbol)
        listed.append(
            {
                "id": rules.risk_id,
                "symbol": instrument.symbol,
                "riskLimitValue": plain(rules.risk_limit_value),
                "maintenanceMargin": plain(rules.maintenance_rate),
                "initialMargin": plain(1 / instrument.max_leverage),
                "isLowestRisk": 1,
                "maxLeverage": f"{instrument.max_leverage:.2f}",
                "mmDeduction": "",
            }
        )
    return {"category": LINEAR, "list": listed, "nextPageCursor": ""}


def system_status(venue: Venue, params: Params) -> Result:
    """system/status: no maintenance, unless a fault says so."""
    return {"list": venue.maintenance_rows()}


def _symbol(venue: Venue, params: Params) -> str:
    category = params.choice("category", CATEGORIES, LINEAR)
    symbol = params.required("symbol")
    if category != LINEAR:
        raise bad_parameter(f"category {category} is not served here: only linear is")
    venue.require_symbol(symbol)
    return symbol


def _bounds(params: Params, start_name: str, end_name: str) -> tuple[int | None, int | None]:
    start = params.integer(start_name, 0, low=0) if start_name in params else None
    end = params.integer(end_name, 0, low=0) if end_name in params else None
    if start is not None and end is not None and end < start:
        raise bad_parameter(f"{start_name} must not lie after {end_name}")
    return start, end


def _page_bounds(params: Params) -> tuple[int | None, int | None]:
    start, end = _bounds(params, "startTime", "endTime")
    before = before_cursor(params)
    if before is None:
        return start, end
    return start, before - 1 if end is None else min(end, before - 1)
