"""Market data as the venue writes it: ticker fields, kline rows and objects, trades, levels, instruments."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2s
from typing import Any, Final

from whalebot.adapters.exchange.core.inputs import SymbolRules
from whalebot.adapters.exchange.market.events import Kline, Level, PricePoint
from whalebot.adapters.exchange.market.views import Quote
from whalebot.adapters.exchange.server.wire import plain, plain_or
from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument

FUNDING_CAP: Final = "0.005"
_CENT: Final = Decimal("0.01")
_MILLIONTH: Final = Decimal("0.000001")
_LAUNCH_MS: Final = "1585526400000"


def level_rows(levels: tuple[Level, ...]) -> list[list[str]]:
    """Return book levels as [price, size] texts."""
    return [[plain(price), plain(qty)] for price, qty in levels]


def ticker_fields(quote: Quote, funding_interval_min: int) -> dict[str, str]:
    """Return what tickers of REST and stream have in common."""
    interest, value = plain(quote.open_interest), plain(quote.open_interest_value.quantize(_CENT))
    return {
        "symbol": quote.symbol,
        "price24hPcnt": plain(quote.price_change_24h.quantize(_MILLIONTH)),
        "lastPrice": plain(quote.last_price),
        "prevPrice24h": plain(quote.prev_price_24h),
        "highPrice24h": plain(quote.high_24h),
        "lowPrice24h": plain(quote.low_24h),
        "prevPrice1h": plain(quote.prev_price_1h),
        "markPrice": plain(quote.mark_price),
        "indexPrice": plain(quote.index_price),
        "openInterest": interest,
        "openInterestValue": value,
        "turnover24h": plain(quote.turnover_24h),
        "volume24h": plain(quote.volume_24h),
        "fundingIntervalHour": str(funding_interval_min // 60),
        "fundingCap": FUNDING_CAP,
        "nextFundingTime": str(quote.next_funding_ms),
        "fundingRate": plain(quote.funding_rate),
        "bid1Price": plain(quote.bid_price),
        "bid1Size": plain(quote.bid_qty),
        "ask1Price": plain(quote.ask_price),
        "ask1Size": plain(quote.ask_qty),
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
    }


def ticker_row(quote: Quote, funding_interval_min: int) -> dict[str, str]:
    """Return a ticker as market/tickers lists it; it has no tickDirection."""
    return {
        **ticker_fields(quote, funding_interval_min),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "basisRateYear": "",
        "basis": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
    }


def kline_row(kline: Kline) -> list[str]:
    """Return a bar of traded prices as a row of seven texts."""
    return [*price_kline_row(kline), plain(kline.volume), plain(kline.turnover)]


def price_kline_row(kline: Kline) -> list[str]:
    """Return a bar of mark, index or premium prices as a row of five texts."""
    return [
        str(kline.open_ms),
        plain(kline.open),
        plain(kline.high),
        plain(kline.low),
        plain(kline.close),
    ]


def kline_object(kline: Kline) -> dict[str, Any]:
    """Return a bar as the stream carries it."""
    return {
        "start": kline.open_ms,
        "end": kline.close_ms - 1,
        "interval": kline.interval,
        "open": plain(kline.open),
        "close": plain(kline.close),
        "high": plain(kline.high),
        "low": plain(kline.low),
        "volume": plain(kline.volume),
        "turnover": plain(kline.turnover),
        "confirm": kline.confirmed,
        "timestamp": kline.ts_ms,
    }


def trade_id(point: PricePoint) -> str:
    """Return the id of a print, the same in REST and stream: a pure function of what was printed."""
    text = f"{point.symbol}|{point.ts_ms}|{point.last_price}|{point.volume}"
    digest = blake2s(text.encode(), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


def recent_trade_row(point: PricePoint) -> dict[str, Any]:
    """Return a print as market/recent-trade lists it."""
    return {
        "execId": trade_id(point),
        "symbol": point.symbol,
        "price": plain_or(point.last_price, "0"),
        "size": plain_or(point.volume, "0"),
        "side": (point.taker_side or Side.BUY).value,
        "time": str(point.ts_ms),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(point.ts_ms),
    }


def trade_object(point: PricePoint, direction: str, seq: int) -> dict[str, Any]:
    """Return a print as the publicTrade stream carries it; S is the side of the taker."""
    return {
        "T": point.ts_ms,
        "s": point.symbol,
        "S": (point.taker_side or Side.BUY).value,
        "v": plain_or(point.volume, "0"),
        "p": plain_or(point.last_price, "0"),
        "L": direction,
        "i": trade_id(point),
        "BT": False,
        "RPI": False,
        "seq": seq,
    }


def instrument_row(instrument: Instrument, rules: SymbolRules, symbol_id: int) -> dict[str, Any]:
    """Return the rules of a symbol as market/instruments-info lists them."""
    base = instrument.symbol.removesuffix("USDT")
    ratio = rules.price_limit_ratio
    return {
        "symbol": instrument.symbol,
        "symbolId": symbol_id,
        "contractType": "LinearPerpetual",
        "status": instrument.status,
        "baseCoin": base,
        "quoteCoin": "USDT",
        "launchTime": _LAUNCH_MS,
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(max(0, -_exponent(instrument.tick_size))),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": f"{instrument.max_leverage:.2f}",
            "leverageStep": "0.01",
        },
        "priceFilter": {
            "minPrice": plain(instrument.tick_size),
            "maxPrice": plain(rules.max_price),
            "tickSize": plain(instrument.tick_size),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(instrument.max_qty),
            "minOrderQty": plain(instrument.min_qty),
            "qtyStep": plain(instrument.qty_step),
            "postOnlyMaxOrderQty": plain(instrument.max_qty),
            "maxMktOrderQty": plain(instrument.max_market_qty),
            "minNotionalValue": plain(instrument.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": instrument.funding_interval_min,
        "settleCoin": "USDT",
        "copyTrading": "none",
        "upperFundingRate": FUNDING_CAP,
        "lowerFundingRate": f"-{FUNDING_CAP}",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": plain(ratio), "priceLimitRatioY": plain(ratio * 2)},
        "symbolType": "",
        "displayName": "",
    }


def _exponent(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
