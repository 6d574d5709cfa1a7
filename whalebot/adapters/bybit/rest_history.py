"""Public REST for whole histories: one page of rows at a time, oldest first, as decimal text."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.conventions import BadValue
from whalebot.adapters.bybit.rest_reading import Reader
from whalebot.adapters.bybit.rest_wire import decode_result, kline_rows, readable
from whalebot.adapters.bybit.session import Reply, VenueSession

BARS_A_PAGE: Final = 1000
FUNDING_A_PAGE: Final = 200
OPEN_INTEREST_A_PAGE: Final = 200
RATIO_A_PAGE: Final = 500

HistoryRow: TypeAlias = tuple[str, ...]
"""Time in ms, then the values as the venue wrote them."""
_Text = Annotated[str, msgspec.Meta(max_length=64)]


class _Page(NamedTuple):
    """Rows that are tables: the call, the fields to take (the time first), and the most rows of a page."""

    call: str
    names: tuple[str, ...]
    limit: int


_FUNDING: Final = _Page(
    "GET /v5/market/funding/history", ("fundingRateTimestamp", "fundingRate"), FUNDING_A_PAGE
)
_OPEN_INTEREST: Final = _Page(
    "GET /v5/market/open-interest", ("timestamp", "openInterest"), OPEN_INTEREST_A_PAGE
)
_RATIO: Final = _Page("GET /v5/market/account-ratio", ("timestamp", "buyRatio", "sellRatio"), RATIO_A_PAGE)


class _Rows(msgspec.Struct):
    rows: list[dict[str, _Text]] = msgspec.field(name="list")


_rows = msgspec.json.Decoder(_Rows, strict=False)


class BybitHistory:
    """Rows whose time lies in [start_ms, end_ms), at most one page of them; for one thread.

    Every method raises VenueRefused, RateLimited or TransportError, the last for an answer that cannot be.
    """

    def __init__(
        self,
        session: VenueSession,
        resync: Callable[[], object],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session
        self._reader = Reader(resync, sleep)

    def bars(self, symbol: str, interval: str, start_ms: int, end_ms: int) -> list[HistoryRow]:
        """Return time, open, high, low, close, volume of traded prices, the forming bar among them."""
        reply = self._ask(
            self._session.get_kline,
            symbol,
            interval=interval,
            start=start_ms,
            end=end_ms - 1,
            limit=BARS_A_PAGE,
        )
        return _bar_rows(reply, symbol, "GET /v5/market/kline", 6, start_ms, end_ms)

    def mark_bars(self, symbol: str, interval: str, start_ms: int, end_ms: int) -> list[HistoryRow]:
        """Return time, open, high, low, close of the mark price and an empty volume."""
        reply = self._ask(
            self._session.get_mark_price_kline,
            symbol,
            interval=interval,
            start=start_ms,
            end=end_ms - 1,
            limit=BARS_A_PAGE,
        )
        rows = _bar_rows(reply, symbol, "GET /v5/market/mark-price-kline", 5, start_ms, end_ms)
        return [(*row, "") for row in rows]

    def newest_open_ms(self, symbol: str, interval: str, is_mark: bool = False) -> int | None:
        """Return the open of the newest bar, which may still be forming; None where there is none."""
        ask = self._session.get_mark_price_kline if is_mark else self._session.get_kline
        reply = self._ask(ask, symbol, interval=interval, limit=1)
        rows = _bar_rows(reply, symbol, "newest bar", 5 if is_mark else 6, 0, 1 << 62)
        return int(rows[-1][0]) if rows else None

    def funding(self, symbol: str, start_ms: int, end_ms: int) -> list[HistoryRow]:
        """Return time and rate of settlements."""
        ask = self._session.get_funding_rate_history
        return self._named_rows(ask, _FUNDING, symbol, start_ms, end_ms)

    def open_interest(self, symbol: str, period: str, start_ms: int, end_ms: int) -> list[HistoryRow]:
        """Return time and open interest in base units."""
        ask = self._session.get_open_interest
        return self._named_rows(ask, _OPEN_INTEREST, symbol, start_ms, end_ms, intervalTime=period)

    def ratio(self, symbol: str, period: str, start_ms: int, end_ms: int) -> list[HistoryRow]:
        """Return time and the shares of accounts that are long and short."""
        ask = self._session.get_long_short_ratio
        return self._named_rows(ask, _RATIO, symbol, start_ms, end_ms, period=period)

    def _named_rows(
        self,
        method: Callable[..., Reply],
        page: _Page,
        symbol: str,
        start_ms: int,
        end_ms: int,
        **parameters: Any,
    ) -> list[HistoryRow]:
        """Ask for one page whose rows are tables, and take the named fields of those in [start, end)."""
        reply = self._ask(
            method, symbol, **parameters, startTime=start_ms, endTime=end_ms - 1, limit=page.limit
        )
        rows = decode_result(_rows, reply.result, page.call).rows
        picked = ([row.get(name, "") for name in page.names] for row in rows)
        return readable(lambda: _checked(picked, len(page.names), start_ms, end_ms), page.call)

    def _ask(self, method: Callable[..., Reply], symbol: str, **parameters: Any) -> Reply:
        return self._reader.read(lambda: method(category="linear", symbol=symbol, **parameters))


def _bar_rows(
    reply: Reply, symbol: str, call: str, width: int, start_ms: int, end_ms: int
) -> list[HistoryRow]:
    rows = kline_rows(reply, symbol, call)
    return readable(lambda: _checked((row[:width] for row in rows), width, start_ms, end_ms), call)


def _checked(rows: Iterable[Sequence[str]], width: int, start_ms: int, end_ms: int) -> list[HistoryRow]:
    found: dict[int, HistoryRow] = {}
    for row in rows:
        if len(row) != width:
            raise BadValue(f"a row of {len(row)} fields, expected {width}")
        ts_ms = say.time_ms(row[0])
        for text in row[1:]:
            say.number(text)
        if start_ms <= ts_ms < end_ms:
            found[ts_ms] = (str(ts_ms), *row[1:])
    return [found[ts_ms] for ts_ms in sorted(found)]
