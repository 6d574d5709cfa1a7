"""The one queue in front of the engine: account facts first and complete, market facts conflated."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Final

from whalebot.domain.enums import Stream
from whalebot.domain.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    CandleClosed,
    CandleForming,
    Event,
    Liquidated,
    StreamDown,
    StreamUp,
    TickerChanged,
    TradesPrinted,
)
from whalebot.runtime.backlog import MAX_BOOK_DELTAS, MarketBacklog

_MARKET: Final = frozenset(
    {
        CandleClosed,
        CandleForming,
        TickerChanged,
        BookSnapshot,
        BookDelta,
        BookLost,
        TradesPrinted,
        Liquidated,
    }
)


@dataclass(frozen=True, slots=True)
class InboxCounters:
    """The inbox at one moment. `oldest_ms` is the receive time (ms UTC) of what waits longest, None if empty.

    `received` counts puts; `coalesced` those that joined another event, `dropped` those that became void
    (book changes before a snapshot or a loss, liquidations beyond the bound); `overflows` the BookLost events
    made here. So received + overflows = coalesced + dropped + taken + depth.
    """

    received: int
    coalesced: int
    dropped: int
    overflows: int
    taken: int
    depth: int
    high_water: int
    account_depth: int
    oldest_ms: int | None


class Inbox:
    """`EventSink` of the daemon. Any thread may put; one thread takes.

    Account, answer and command events and the private stream's rise and fall come out first, in order, and
    are never dropped. Market events follow as `MarketBacklog` says; the public stream's rise and fall keep
    their place among the data of that stream.
    """

    def __init__(self, max_book_deltas: int = MAX_BOOK_DELTAS) -> None:
        self._lock = threading.Lock()
        self._filled = threading.Condition(self._lock)
        self._quiet = threading.Condition(self._lock)
        self._first: deque[Event] = deque()
        self._market = MarketBacklog(max_book_deltas)
        self._taker_waits = False
        self._quiet_waiters = 0
        self._in_hand = 0
        self._jobs = 0
        self._received = 0
        self._taken = 0
        self._high_water = 0

    def put(self, event: Event) -> None:
        """Hand over one event; returns at once."""
        kind = type(event)
        with self._lock:
            self._received += 1
            if kind in _MARKET or (
                (kind is StreamDown or kind is StreamUp) and event.stream is Stream.PUBLIC  # type: ignore[union-attr]
            ):
                self._market.put(event)
            else:
                self._first.append(event)
            if self._taker_waits:
                self._taker_waits = False
                self._filled.notify()

    def get(self, timeout_s: float | None) -> Event | None:
        """Take the next event; None when nothing came in time (None waits for ever, 0 does not wait).

        One thread only. Asking for the next event says that the one before has been acted upon.
        """
        with self._lock:
            self._in_hand = 0
            event = self._take()
            if event is None:
                if self._quiet_waiters:
                    self._tell_if_quiet()
                event = self._wait(timeout_s)
            return event

    def wait_settled(self, timeout_s: float) -> bool:
        """Wait until nothing waits, nothing is being processed and no counted job runs.

        That is: everything handed over so far was acted upon, and what it set off as well. False when the
        time ran out. Not to be called by the thread that takes.
        """
        deadline_s = time.monotonic() + timeout_s
        with self._lock:
            self._quiet_waiters += 1
            try:
                while not self._is_quiet():
                    left_s = deadline_s - time.monotonic()
                    if left_s <= 0:
                        return False
                    self._quiet.wait(left_s)
                return True
            finally:
                self._quiet_waiters -= 1

    def job_started(self) -> None:
        """Count a job whose results will be put here."""
        with self._lock:
            self._jobs += 1

    def job_finished(self) -> None:
        """End a counted job, after its results were put."""
        with self._lock:
            self._jobs -= 1
            if self._quiet_waiters:
                self._tell_if_quiet()

    def counters(self) -> InboxCounters:
        """Return what passed and what waits. Any thread."""
        with self._lock:
            waiting = [self._first[0].recv_ms] if self._first else []
            oldest_market_ms = self._market.oldest_ms()
            if oldest_market_ms is not None:
                waiting.append(oldest_market_ms)
            return InboxCounters(
                received=self._received,
                coalesced=self._market.coalesced,
                dropped=self._market.dropped,
                overflows=self._market.overflows,
                taken=self._taken,
                depth=len(self._first) + len(self._market),
                high_water=self._high_water,
                account_depth=len(self._first),
                oldest_ms=min(waiting, default=None),
            )

    def _take(self) -> Event | None:
        depth = len(self._first) + len(self._market)
        if depth == 0:
            return None
        if depth > self._high_water:
            self._high_water = depth
        self._in_hand = 1
        self._taken += 1
        return self._first.popleft() if self._first else self._market.take()

    def _wait(self, timeout_s: float | None) -> Event | None:
        deadline_s = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            left_s = None if deadline_s is None else deadline_s - time.monotonic()
            if left_s is not None and left_s <= 0:
                return None
            self._taker_waits = True
            self._filled.wait(left_s)
            self._taker_waits = False
            event = self._take()
            if event is not None:
                return event

    def _is_quiet(self) -> bool:
        return not (self._in_hand or self._jobs or self._first or len(self._market))

    def _tell_if_quiet(self) -> None:
        if self._is_quiet():
            self._quiet.notify_all()
