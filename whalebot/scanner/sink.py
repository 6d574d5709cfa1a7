"""Where streams and REST threads hand over: the daemon's inbox, and beside it one merged ticker a symbol."""

from __future__ import annotations

import threading
from typing import Any

from whalebot.adapters.bybit.day_ticker import DayTicker
from whalebot.runtime.inbox import Inbox
from whalebot.scanner.arrivals import Arrival


class ScanSink:
    """`EventSink` of the scanner; any thread may put, one takes.

    Bars, books and answers go through the inbox with its bounds. Of the tickers of a symbol only the newest
    value of each field waits, so that their number is bounded by that of the symbols.
    """

    def __init__(self) -> None:
        self.inbox = Inbox()
        self._lock = threading.Lock()
        self._tickers: dict[str, DayTicker] = {}
        self.received = 0

    def put(self, event: Any) -> None:
        """Hand over one event; returns at once."""
        if type(event) is not DayTicker:
            self.inbox.put(event)
            return
        with self._lock:
            self.received += 1
            waiting = self._tickers.get(event.symbol)
            self._tickers[event.symbol] = event if waiting is None else merged(waiting, event)

    def put_arrival(self, arrival: Arrival) -> None:
        """Hand over what a REST thread brings."""
        self.inbox.put(arrival)  # type: ignore[arg-type]  # the inbox asks of what waits for its time alone

    def get(self, timeout_s: float) -> Any | None:
        """Take the next event that is no ticker; None when nothing came in time."""
        return self.inbox.get(timeout_s)

    def take_tickers(self) -> list[DayTicker]:
        """Take the waiting tickers, one of each symbol."""
        with self._lock:
            taken, self._tickers = self._tickers, {}
        return list(taken.values())

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until everything handed over so far was acted upon; False when the time ran out."""
        return self.inbox.wait_settled(timeout_s)


def merged(older: DayTicker, newer: DayTicker) -> DayTicker:
    """Return one ticker with the effect of both: per field the newest value said."""
    return DayTicker(
        newer.symbol,
        older.last_price if newer.last_price is None else newer.last_price,
        older.mark_price if newer.mark_price is None else newer.mark_price,
        older.bid_price if newer.bid_price is None else newer.bid_price,
        older.ask_price if newer.ask_price is None else newer.ask_price,
        older.change_24h if newer.change_24h is None else newer.change_24h,
        older.turnover_24h if newer.turnover_24h is None else newer.turnover_24h,
        older.volume_24h if newer.volume_24h is None else newer.volume_24h,
        older.open_interest if newer.open_interest is None else newer.open_interest,
        older.funding_rate if newer.funding_rate is None else newer.funding_rate,
        older.next_funding_ms if newer.next_funding_ms is None else newer.next_funding_ms,
        newer.ts_ms,
        newer.recv_ms,
    )
