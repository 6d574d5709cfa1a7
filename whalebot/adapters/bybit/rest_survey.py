"""Public REST for a survey of the whole market: every perpetual, every ticker, bars with the forming one.

Each call is one request (a page), never repeated inside: who asks decides how often.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.conventions import BadValue
from whalebot.adapters.bybit.day_ticker import DayTicker, read_tickers
from whalebot.adapters.bybit.rest_market import is_usdt_perpetual, make_candle
from whalebot.adapters.bybit.rest_wire import PriceFilter, all_rows, kline_rows, server_time_ms
from whalebot.adapters.bybit.session import Reply, VenueSession
from whalebot.adapters.bybit.wire import Name
from whalebot.domain.errors import TransportError
from whalebot.domain.market import Candle
from whalebot.ports import Clock

MOST_BARS: Final = 1000
"""Bars of one request."""
_PAGE: Final = 1000
_KLINE: Final = "GET /v5/market/kline"
_INSTRUMENTS: Final = "GET /v5/market/instruments-info"
_TICKERS: Final = "GET /v5/market/tickers"


class _LotSize(msgspec.Struct, rename="camel", frozen=True):
    qty_step: Decimal = Decimal(0)


class _Row(msgspec.Struct, rename="camel"):
    symbol: Name
    contract_type: str
    quote_coin: str
    status: str
    price_filter: PriceFilter
    lot_size_filter: _LotSize = _LotSize()
    launch_time: str = "0"


_rows = msgspec.json.Decoder(_Row, strict=False)


@dataclass(frozen=True, slots=True)
class ListedSymbol:
    """One perpetual of the venue's list. `launch_ms` is UTC, 0 where the venue does not say."""

    symbol: str
    tick_size: Decimal
    qty_step: Decimal
    launch_ms: int


@dataclass(frozen=True, slots=True)
class BarPage:
    """Bars of one request, oldest first. The newest row of the venue is still forming.

    `refused` counts rows that contradict themselves or lie off their grid.
    """

    bars: tuple[Candle, ...]
    refused: int


class BybitSurvey:
    """Public reads for one thread. Raises TransportError, VenueRefused or RateLimited."""

    def __init__(self, session: VenueSession, clock: Clock) -> None:
        self._session = session
        self._clock = clock

    def symbols(self, ask: Callable[[Callable[[], Reply]], Reply]) -> list[ListedSymbol]:
        """Return every USDT perpetual in trade, page by page; `ask` sends (and repeats) one request."""
        rows = all_rows(
            lambda cursor: ask(
                lambda: self._session.get_instruments_info(category="linear", limit=_PAGE, cursor=cursor)
            ),
            _rows,
            _INSTRUMENTS,
        )
        return list(_wanted(row for row, _ in rows))

    def tickers(self) -> list[DayTicker]:
        """Return the ticker of every symbol."""
        reply = self._session.get_tickers(category="linear")
        try:
            return read_tickers(reply.result, reply.time_ms, self._clock.now_ms())
        except (msgspec.MsgspecError, ValueError, RecursionError) as e:
            raise TransportError(f"{_TICKERS}: unreadable result: {say.told(str(e))}") from None

    def bars(self, symbol: str, interval: str, end_ms: int | None, count: int) -> BarPage:
        """Return up to `count` bars (1000 at most) that open at or before `end_ms`, oldest first."""
        reply = self._session.get_kline(
            category="linear", symbol=symbol, interval=interval, end=end_ms, limit=min(count, MOST_BARS)
        )
        rows = kline_rows(reply, symbol, _KLINE)
        found: dict[int, Candle] = {}
        refused = 0
        for row in rows:
            try:
                candle = make_candle(row, symbol, interval)
            except BadValue:
                refused += 1
                continue
            found[candle.open_ms] = candle
        return BarPage(tuple(found[open_ms] for open_ms in sorted(found)), refused)

    def clock_offset_ms(self) -> int:
        """Return the venue's clock minus ours, measured with half the round trip."""
        started_ms, started_ns = self._clock.now_ms(), time.perf_counter_ns()
        venue_ms = server_time_ms(self._session.get_server_time())
        half_ms = (time.perf_counter_ns() - started_ns) / 2_000_000
        return round(venue_ms - (started_ms + half_ms))


def _wanted(rows: Iterator[_Row]) -> Iterator[ListedSymbol]:
    for row in rows:
        if row.status != "Trading" or not is_usdt_perpetual(row.contract_type, row.quote_coin):
            continue
        tick, step = row.price_filter.tick_size, row.lot_size_filter.qty_step
        # One symbol among hundreds that says what cannot be is no reason to do without the others.
        with contextlib.suppress(BadValue):
            listed = ListedSymbol(
                row.symbol, say.amount(tick), say.amount(step), say.time_ms(row.launch_time)
            )
            if tick > 0:
                yield listed
