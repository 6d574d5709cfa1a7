"""What the market answers when asked: the frozen types of its queries."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from whalebot.adapters.exchange.market.events import Level
from whalebot.domain.instrument import Instrument


class PriceKind(Enum):
    """Which price a kline is made of. PREMIUM is mark / index - 1, a ratio."""

    LAST = "last"
    MARK = "mark"
    INDEX = "index"
    PREMIUM = "premium"


@dataclass(frozen=True, slots=True)
class SymbolSpec:
    """One symbol of a synthetic market. `start_price` in quote, `daily_turnover` in quote per 24 h."""

    instrument: Instrument
    start_price: Decimal
    daily_turnover: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """Newest prices and 24-hour statistics of one symbol.

    `price_change_24h` is a ratio (0.05 = 5 %). `funding_rate` is what would be settled at
    `next_funding_ms`. `prev_price_*` are the prices 24 h and 1 h ago (the oldest known if younger).
    """

    symbol: str
    ts_ms: int
    last_price: Decimal
    mark_price: Decimal
    index_price: Decimal
    bid_price: Decimal
    bid_qty: Decimal
    ask_price: Decimal
    ask_qty: Decimal
    prev_price_24h: Decimal
    prev_price_1h: Decimal
    price_change_24h: Decimal
    high_24h: Decimal
    low_24h: Decimal
    volume_24h: Decimal
    turnover_24h: Decimal
    open_interest: Decimal
    open_interest_value: Decimal
    funding_rate: Decimal
    next_funding_ms: int


@dataclass(frozen=True, slots=True)
class Book:
    """A whole book: (price, qty) levels, best first on both sides.

    `is_recorded`: it came as `BookChanged` events already, so that the core knows it.
    """

    ts_ms: int
    symbol: str
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    is_recorded: bool = False


@dataclass(frozen=True, slots=True)
class FundingRow:
    """One settled funding rate."""

    ts_ms: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class OpenInterestRow:
    """Open interest (base) at the start of a period."""

    ts_ms: int
    open_interest: Decimal


@dataclass(frozen=True, slots=True)
class RatioRow:
    """Share of accounts that are long (buy) and short (sell); they add up to 1."""

    ts_ms: int
    buy_ratio: Decimal
    sell_ratio: Decimal
