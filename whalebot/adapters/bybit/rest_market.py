"""Public REST: the venue's clock, closed bars, order rules."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Final

import msgspec

from whalebot.adapters.bybit import conventions as say
from whalebot.adapters.bybit.auth import VenueClock
from whalebot.adapters.bybit.conventions import BadValue
from whalebot.adapters.bybit.decode_public import check_candle
from whalebot.adapters.bybit.rest_reading import Reader
from whalebot.adapters.bybit.rest_wire import (
    InstrumentRow,
    all_rows,
    kline_rows,
    readable,
    server_time_ms,
)
from whalebot.adapters.bybit.session import VenueSession
from whalebot.domain.errors import TransportError
from whalebot.domain.events import ClockSkew
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import bar_close_ms, bar_open_ms
from whalebot.domain.market import Candle
from whalebot.ports import Clock

_PAGE: Final = 1000
_CLOCK_SAMPLES: Final = 3
_KLINE: Final = "GET /v5/market/kline"

_instruments = msgspec.json.Decoder(InstrumentRow, strict=False)


class BybitMarket:
    """Implements `HistorySource`, and measures the clock; for one thread."""

    def __init__(
        self,
        session: VenueSession,
        clock: Clock,
        venue_clock: VenueClock,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session
        self._clock = clock
        self._venue_clock = venue_clock
        self._reader = Reader(self.measure_clock, sleep)

    def server_time_ms(self) -> int:
        """Return the venue's clock, ms UTC."""
        return self._reader.read(self._ask_time_ms)

    def measure_clock(self) -> ClockSkew:
        """Measure the venue's clock against ours and use it for every signature from now on.

        The venue read its clock about half a round trip before the answer came; of a few samples the one
        with the shortest round trip errs least.
        """
        best = min((self._sample_clock() for _ in range(_CLOCK_SAMPLES)), key=lambda skew: skew.round_trip_ms)
        self._venue_clock.set_offset_ms(best.offset_ms)
        return best

    def candles(
        self, symbol: str, interval: str, start_ms: int | None, end_ms: int | None, limit: int
    ) -> Sequence[Candle]:
        """Return closed bars, oldest first, open in [start_ms, end_ms); the newest `limit` of them.

        A bar is closed when the venue shows a later one: the newest row it has is always taken as forming.
        (The venue's own clock cannot tell, because an accelerated or replayed market runs by another.)
        """
        if limit < 1:
            return []
        edge_ms = None if end_ms is None else _grid_at_or_after(end_ms, interval)
        bars = self._newest_bars(symbol, interval, start_ms, edge_ms, limit + 1)
        if not bars:
            return []
        newest = bars[-1]
        if edge_ms is None or newest.open_ms < edge_ms:
            forming = edge_ms is None or not self._has_later_bar(symbol, interval, newest.open_ms)
            bars = bars[:-1] if forming else bars
        wanted = [
            bar
            for bar in bars
            if (start_ms is None or bar.open_ms >= start_ms) and (end_ms is None or bar.open_ms < end_ms)
        ]
        return wanted[-limit:]

    def newest_bar_close_ms(self, symbol: str) -> int | None:
        """Return an upper bound of the market's present time: the end of the newest daily bar.

        Every venue has days; one that plays a recorded file has nothing shorter than the file's own bars.
        """
        bars = self._page(symbol, "D", None, 1)
        return bars[-1].close_ms if bars else None

    def instruments(self, symbols: Sequence[str]) -> Sequence[Instrument]:
        """Return the rules of the given symbols (all pages); an unlisted symbol is absent."""
        wanted, call = set(symbols), "GET /v5/market/instruments-info"
        rows = all_rows(
            lambda cursor: self._reader.read(
                lambda: self._session.get_instruments_info(category="linear", limit=_PAGE, cursor=cursor)
            ),
            _instruments,
            call,
        )
        ours = [
            row
            for row, _ in rows
            if row.symbol in wanted and is_usdt_perpetual(row.contract_type, row.quote_coin)
        ]
        return readable(lambda: [make_instrument(row) for row in ours], call)

    def _ask_time_ms(self) -> int:
        return server_time_ms(self._session.get_server_time())

    def _sample_clock(self) -> ClockSkew:
        started_ms, started_ns = self._clock.now_ms(), time.perf_counter_ns()
        venue_ms = self.server_time_ms()
        round_trip_ms = (time.perf_counter_ns() - started_ns) / 1_000_000
        offset_ms = round(venue_ms - (started_ms + round_trip_ms / 2))
        return ClockSkew(offset_ms, round(round_trip_ms), self._clock.now_ms())

    def _newest_bars(
        self, symbol: str, interval: str, start_ms: int | None, edge_ms: int | None, count: int
    ) -> list[Candle]:
        """Return up to `count` bars, oldest first, the newest with open <= edge; walks back in time.

        `start` is never sent: with it the venue counts from the other end. Raises TransportError where the
        pages do not go back.
        """
        found: dict[int, Candle] = {}
        end_ms = edge_ms
        while len(found) < count:
            size = min(_PAGE, count - len(found))
            ask = partial(self._page, symbol, interval, end_ms, size)
            # A listed symbol has one bar at least, still forming; but a short file has no week.
            page = ask() if found else self._reader.insist(ask, operator.not_)
            older = {bar.open_ms: bar for bar in page if end_ms is None or bar.open_ms <= end_ms}
            if page and not older:
                raise TransportError(f"{_KLINE}: a page that does not go back, before {end_ms}")
            found |= older
            if len(page) < size or (start_ms is not None and min(older) <= start_ms):
                break
            end_ms = min(older) - 1
        return [found[open_ms] for open_ms in sorted(found)]

    def _has_later_bar(self, symbol: str, interval: str, open_ms: int) -> bool:
        page = self._page(symbol, interval, None, 1)
        return bool(page) and page[-1].open_ms > open_ms

    def _page(self, symbol: str, interval: str, end_ms: int | None, size: int) -> list[Candle]:
        reply = self._reader.read(
            lambda: self._session.get_kline(
                category="linear", symbol=symbol, interval=interval, end=end_ms, limit=size
            )
        )
        rows = kline_rows(reply, symbol, _KLINE)
        return readable(lambda: [make_candle(row, symbol, interval) for row in reversed(rows)], _KLINE)


def make_instrument(row: InstrumentRow) -> Instrument:
    """Build the rules of an instrument; limits an older venue does not state fall back to the wider one.

    Raises BadValue where a step or a limit is not above zero, or the least order is above the largest.
    """
    lot = row.lot_size_filter
    try:
        for value in (row.price_filter.tick_size, lot.qty_step, lot.min_order_qty, lot.max_order_qty):
            say.positive(value)
        say.positive(row.leverage_filter.max_leverage)
        for stated in (lot.max_mkt_order_qty, lot.min_notional_value):
            say.not_negative(stated or say.ZERO)
    except BadValue as e:
        raise BadValue(f"{row.symbol}: a step or a limit: {e}") from None
    if lot.min_order_qty > min(lot.max_order_qty, lot.max_mkt_order_qty or lot.max_order_qty):
        raise BadValue(f"{row.symbol}: the least order {lot.min_order_qty} is above the largest")
    return Instrument(
        symbol=row.symbol,
        tick_size=row.price_filter.tick_size,
        qty_step=lot.qty_step,
        min_qty=lot.min_order_qty,
        max_qty=lot.max_order_qty,
        max_market_qty=lot.max_mkt_order_qty or lot.max_order_qty,
        min_notional=lot.min_notional_value or Decimal(0),
        max_leverage=row.leverage_filter.max_leverage,
        funding_interval_min=row.funding_interval,
        status=row.status,
    )


def is_usdt_perpetual(contract_type: str, quote_coin: str) -> bool:
    """Return whether an instrument is of the kind that is traded and scanned."""
    return contract_type == "LinearPerpetual" and quote_coin == "USDT"


def make_candle(row: Sequence[str], symbol: str, interval: str) -> Candle:
    """Build a bar of a row of klines. Raises BadValue for a row that is none."""
    try:
        candle = Candle(symbol, interval, say.time_ms(row[0]), *map(say.number, row[1:6]))
    except (IndexError, TypeError) as e:
        raise BadValue(f"kline row of {len(row)} fields: {e}") from None
    check_candle(candle)
    return candle


def _grid_at_or_after(ts_ms: int, interval: str) -> int:
    open_ms = bar_open_ms(ts_ms, interval)
    return open_ms if open_ms == ts_ms else bar_close_ms(open_ms, interval)
