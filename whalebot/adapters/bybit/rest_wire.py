"""Shapes of REST results that have no twin in the streams, and the walk over pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Annotated, Any, Final, TypeVar

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.session import Reply
from whalebot.adapters.bybit.wire import Count, Name
from whalebot.domain.errors import TransportError

Row = TypeVar("Row")
_MAX_PAGES: Final = 500
_TIME: Final = "GET /v5/market/time"
# The venue is younger: a time before this one (July 2017) is written in another unit.
_EARLIEST_MS: Final = 1_500_000_000_000


class _ServerTime(msgspec.Struct, rename="camel"):
    time_nano: Count = 0
    time_second: Count = 0


class OrderAck(msgspec.Struct, rename="camel"):
    """Result of order/create."""

    order_id: Name
    order_link_id: Name = ""


class _KlineResult(msgspec.Struct):
    rows: list[list[str]] = msgspec.field(name="list")
    symbol: Name = ""
    category: Name = ""


class LeverageFilter(msgspec.Struct, rename="camel"):
    """Leverage limits of an instrument."""

    max_leverage: Decimal


class PriceFilter(msgspec.Struct, rename="camel"):
    """Price grid of an instrument."""

    tick_size: Decimal


class LotSizeFilter(msgspec.Struct, rename="camel"):
    """Quantity grid and limits of an instrument; older venues leave the last two out."""

    qty_step: Decimal
    min_order_qty: Decimal
    max_order_qty: Decimal
    max_mkt_order_qty: Decimal | None = None
    min_notional_value: Decimal | None = None


class InstrumentRow(msgspec.Struct, rename="camel"):
    """One linear instrument; dated futures and USDC contracts are told by the first two fields."""

    symbol: Name
    contract_type: str
    quote_coin: str
    status: Name
    leverage_filter: LeverageFilter
    price_filter: PriceFilter
    lot_size_filter: LotSizeFilter
    funding_interval: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 480


class KeyRow(msgspec.Struct, rename="camel"):
    """Result of user/query-api."""

    read_only: Count = 0
    permissions: dict[str, list[str]] = {}
    ips: list[str] = []
    user_id: Count | Name = msgspec.field(name="userID", default="")
    uta: Count = 0
    is_master: bool = False
    expired_at: Name = ""


class AccountRow(msgspec.Struct, rename="camel"):
    """Result of account/info."""

    margin_mode: str = ""
    unified_margin_status: Count = 0


class FeeRow(msgspec.Struct, rename="camel"):
    """One symbol of account/fee-rate."""

    symbol: Name
    taker_fee_rate: Decimal
    maker_fee_rate: Decimal


class _Page(msgspec.Struct, rename="camel"):
    rows: list[msgspec.Raw] = msgspec.field(name="list")
    next_page_cursor: str | None = ""


_page = msgspec.json.Decoder(_Page, strict=False)
_time = msgspec.json.Decoder(_ServerTime, strict=False)
_klines = msgspec.json.Decoder(_KlineResult, strict=False)


def decode_result(decoder: msgspec.json.Decoder[Row], raw: Any, call: str) -> Row:
    """Decode a result. Raises TransportError when it has not the documented shape."""
    try:
        return decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError) as e:
        raise TransportError(f"{call}: unreadable result: {say.told(str(e))}") from None


def all_rows(
    ask: Callable[[str | None], Reply], decoder: msgspec.json.Decoder[Row], call: str
) -> Iterator[tuple[Row, Reply]]:
    """Yield every row of every page with its answer; `ask` takes the cursor, sent on exactly as it came.

    Raises TransportError when a row has not the documented shape or the pages do not end.
    """
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        reply = ask(cursor)
        page = decode_result(_page, reply.result, call)
        for raw in page.rows:
            yield decode_result(decoder, raw, call), reply
        if not page.rows or not page.next_page_cursor or page.next_page_cursor == cursor:
            return
        cursor = page.next_page_cursor
    raise TransportError(f"{call}: more than {_MAX_PAGES} pages")


def server_time_ms(reply: Reply) -> int:
    """Return what market/time says, ms UTC; the full second where the finer figure cannot be a time.

    Raises TransportError where both cannot.
    """
    told = decode_result(_time, reply.result, _TIME)
    for time_ms in (told.time_nano // 1_000_000, told.time_second * 1000):
        if _EARLIEST_MS <= time_ms < say.LATEST_MS:
            return time_ms
    found = f"timeNano {told.time_nano} nor timeSecond {told.time_second}"
    raise TransportError(f"{_TIME}: unreadable result: neither {found} is a time")


def kline_rows(reply: Reply, symbol: str, call: str) -> list[list[str]]:
    """Return rows of bars as strings, newest first. Raises TransportError for those of another symbol."""
    told = decode_result(_klines, reply.result, call)
    if told.symbol not in ("", symbol) or told.category not in ("", "linear"):
        product = f"{told.symbol or symbol} ({told.category or 'linear'})"
        raise TransportError(f"{call}: asked for {symbol}, an answer about {product}")
    return told.rows


def readable(make: Callable[[], Row], call: str) -> Row:
    """Build a domain value from rows. Raises TransportError where a value is not allowed there."""
    try:
        return make()
    except (ValueError, ArithmeticError) as e:
        raise TransportError(f"{call}: unreadable result: {say.told(str(e))}") from None
