"""`tickers` frames with the statistics of the day: for a survey of many symbols, not for trading."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.decode_public import SIDES
from whalebot.adapters.bybit.route import Route
from whalebot.adapters.bybit.wire import Ms

_LONGEST: Final = 4000


@dataclass(frozen=True, slots=True)
class DayTicker:
    """New values of a ticker; None: unchanged. Change and funding are fractions, turnover is in quote.

    Bid or ask zero: that side has no orders.
    """

    symbol: str
    last_price: Decimal | None
    mark_price: float | None
    bid_price: float | None
    ask_price: float | None
    change_24h: float | None
    turnover_24h: float | None
    volume_24h: float | None
    open_interest: float | None
    funding_rate: float | None
    next_funding_ms: int | None
    ts_ms: int
    recv_ms: int


class _Data(msgspec.Struct, gc=False, rename="camel"):
    last_price: Decimal | None = None
    mark_price: float | None = None
    bid1_price: float | None = None
    ask1_price: float | None = None
    price24h_pcnt: float | None = msgspec.field(default=None, name="price24hPcnt")
    turnover24h: float | None = None
    volume24h: float | None = None
    open_interest: float | None = None
    funding_rate: float | None = None
    next_funding_time: Ms | None = None


class _Frame(msgspec.Struct, gc=False):
    ts: Ms
    data: _Data


class _Texts(msgspec.Struct):
    ts: Ms
    data: dict[str, str]


class _Row(_Data, gc=False, rename="camel", kw_only=True):
    symbol: str


class _Rows(msgspec.Struct):
    rows: list[dict[str, str]] = msgspec.field(name="list")


_frame = msgspec.json.Decoder(_Frame, strict=False)
_texts = msgspec.json.Decoder(_Texts)
_rows = msgspec.json.Decoder(_Rows)


def day_ticker_events(frame: bytes, route: Route, recv_ms: int) -> list[Any]:
    """Decode `tickers` into one DayTicker: what the frame says, None for what it leaves out.

    Raises BadValue for a value that is no number of sane size.
    """
    if len(frame) > _LONGEST:
        raise say.BadValue(f"a ticker of {len(frame)} bytes")
    try:
        message = _frame.decode(frame)
        data, ts_ms = message.data, message.ts
    except msgspec.ValidationError:
        # A value of "" (a side of the book without orders) is rare, hence not in the first type.
        texts = _texts.decode(frame)
        data, ts_ms = _from_texts(texts.data, _Data), texts.ts
    return [make_ticker(route.symbol, data, ts_ms, recv_ms)]


def read_tickers(raw: bytes | msgspec.Raw, ts_ms: int, recv_ms: int) -> list[DayTicker]:
    """Decode the result of market/tickers. A row that cannot be read is left out: others can.

    Raises msgspec.MsgspecError where the result has not the documented shape.
    """
    found = []
    for texts in _rows.decode(raw).rows:
        try:
            row = _from_texts(texts, _Row)
            found.append(make_ticker(row.symbol, row, ts_ms, recv_ms))
        except (msgspec.ValidationError, ValueError):
            continue
    return found


def make_ticker(symbol: str, data: _Data, ts_ms: int, recv_ms: int) -> DayTicker:
    """Build a ticker; a price of zero is the venue's way to say that there is none. Raises BadValue."""
    last = data.last_price
    if last is not None:
        say.amount(last)
    return DayTicker(
        symbol,
        last if last is not None and last > 0 else None,
        _from_zero(data.mark_price) or None,
        _from_zero(data.bid1_price),
        _from_zero(data.ask1_price),
        _sane(data.price24h_pcnt),
        _sane(data.turnover24h),
        _sane(data.volume24h),
        _sane(data.open_interest),
        _sane(data.funding_rate),
        data.next_funding_time,
        ts_ms,
        recv_ms,
    )


def _sane(value: float | None) -> float | None:
    # What may be written as a JSON string includes nan and inf.
    return value if value is None or abs(value) < 1e20 else None


def _from_zero(price: float | None) -> float | None:
    return price if price is not None and 0.0 <= price < 1e20 else None


def _from_texts(texts: dict[str, str], kind: Any) -> Any:
    said = {name: text or "0" for name, text in texts.items() if text or name in SIDES}
    return msgspec.convert(said, kind, strict=False)
