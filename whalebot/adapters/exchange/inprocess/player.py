"""Plays a market into an account and into the inbox, bar after bar, waiting for the daemon at each close."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from whalebot.adapters.exchange.core.inputs import BookChanged, FundingDue, InstrumentListed, PricePoint
from whalebot.adapters.exchange.inprocess.account import SimulatedAccount
from whalebot.adapters.exchange.inprocess.translate import ticker_of
from whalebot.adapters.exchange.market.events import Kline, MarketEvent
from whalebot.adapters.exchange.market.pacing import Schedule, Speed
from whalebot.adapters.exchange.market.source import MarketSource
from whalebot.domain.enums import ClosedBy, Side
from whalebot.domain.events import CandleClosed, Event, MarketBroken, TradesPrinted
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import interval_ms
from whalebot.domain.market import Candle
from whalebot.ports import Clock, EventSink

_log = logging.getLogger(__name__)
_SETTLE_S: Final = 5.0
_NAP_S: Final = 0.02
_GAP_BARS: Final = 10
"""More missing time than so many bars of the decision interval is a gap, not a hole."""


class MarketHistory:
    """`HistorySource` over a played market; answers never know more than its present."""

    def __init__(self, market: MarketSource, lock: threading.Lock, clock: Clock) -> None:
        self._market = market
        self._lock = lock
        self._clock = clock

    def candles(
        self, symbol: str, interval: str, start_ms: int | None, end_ms: int | None, limit: int
    ) -> Sequence[Candle]:
        """Return closed bars, oldest first, open in [start_ms, end_ms); the newest `limit` of them."""
        with self._lock:
            last = None if end_ms is None else end_ms - 1
            rows = self._market.klines(symbol, interval, end_ms=last, limit=limit + 1)
        wanted = [k.candle() for k in rows if k.confirmed and (start_ms is None or k.open_ms >= start_ms)]
        return wanted[:limit][::-1]

    def instruments(self, symbols: Sequence[str]) -> Sequence[Instrument]:
        """Return the present rules of the given symbols."""
        with self._lock:
            return [self._market.instrument(s) for s in symbols if s in self._market.symbols]

    def server_time_ms(self) -> int:
        """Return the local clock: there is no other."""
        return self._clock.now_ms()


class MarketPlayer:
    """A thread that advances the market at its speed; at "max" as fast as the daemon acts on it."""

    def __init__(
        self,
        market: MarketSource,
        account: SimulatedAccount,
        intervals: Sequence[str],
        speed: Speed,
        sink: EventSink,
        clock: Clock,
        lock: threading.Lock,
    ) -> None:
        self._market = market
        self._account = account
        self._intervals = frozenset(intervals)
        self._longest_hole_ms = _GAP_BARS * interval_ms(intervals[0])
        self._printed_ms: dict[str, int] = {}
        self._schedule = Schedule(market.now_ms, speed)
        self._sink = sink
        self._clock = clock
        self._lock = lock
        self._halt = threading.Event()
        self._started_s = 0.0
        self.thread = threading.Thread(target=self._work, name="market-player", daemon=True)

    def start(self) -> None:
        """Begin to play."""
        self.thread.start()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the thread; False when it is still busy after that time."""
        self._halt.set()
        if self.thread.ident is not None:
            self.thread.join(timeout_s)
        return not self.thread.is_alive()

    @property
    def is_finished(self) -> bool:
        """True when everything was played."""
        return self._market.is_finished

    def _work(self) -> None:
        self._sink.wait_settled(_SETTLE_S)
        self._started_s = time.monotonic()
        while not self._halt.is_set() and not self._market.is_finished:
            due_ms = self._schedule.due_ms(int((time.monotonic() - self._started_s) * 1000))
            with self._lock:
                batch = self._market.advance(due_ms)
            for event in batch.events:
                was_exposed = self._account.is_exposed
                self._play(event)
                # While something is at stake every point waits until the daemon has acted on the last one,
                # so that a run is the same however busy the machine is.
                if was_exposed or self._account.is_exposed:
                    self._sink.wait_settled(_SETTLE_S)
            if batch.at_barrier:
                self._sink.wait_settled(_SETTLE_S)
            elif due_ms is not None:
                self._halt.wait(_NAP_S)

    def _play(self, event: MarketEvent) -> None:
        now = self._clock.now_ms()
        if isinstance(event, Kline):
            self._account.close_bar()
            if event.confirmed and event.interval in self._intervals:
                self._sink.put(CandleClosed(event.candle(), now))
        elif isinstance(event, PricePoint):
            self._reach(event, now)
        elif isinstance(event, FundingDue | BookChanged | InstrumentListed):
            self._account.apply(event)

    def _reach(self, point: PricePoint, now: int) -> None:
        """Stops first, then what the daemon makes of the price, then the orders that waited for it."""
        symbol = point.symbol
        if self._is_after_gap(point):
            self._account.drop_entries(symbol, "no price follows")
            self._account.close_bar()
            self._sink.put(MarketBroken(symbol, ClosedBy.DATA_GAP, point.ts_ms, now))
            self._sink.wait_settled(_SETTLE_S)
        self._account.apply(point)
        if point.last_price is None:
            return
        self._sink.put(ticker_of(point, now))
        if self._account.is_waiting(symbol):
            self._sink.wait_settled(_SETTLE_S)
            self._account.release(symbol)
        for said in _trades(point, now):
            self._sink.put(said)

    def _is_after_gap(self, point: PricePoint) -> bool:
        """The last print of a bar stands in its last millisecond."""
        before = self._printed_ms.get(point.symbol)
        self._printed_ms[point.symbol] = point.ts_ms
        return before is not None and point.ts_ms - before - 1 > self._longest_hole_ms


def _trades(point: PricePoint, now: int) -> list[Event]:
    price = point.last_price
    if price is None or not point.volume:
        return []
    volume = float(point.volume)
    bought = volume if point.taker_side is Side.BUY else 0.0
    return [TradesPrinted(point.symbol, price, price, price, bought, volume - bought, 1, point.ts_ms, now)]
