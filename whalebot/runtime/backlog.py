"""What waits of the market: one order of arrival, in which newer facts replace or join older ones.

Not thread-safe: the inbox holds its lock around every call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

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
from whalebot.runtime.conflation import merged_tickers, merged_trades

MAX_BOOK_DELTAS: Final = 2000
MAX_LIQUIDATIONS: Final = 1000
# A loop that stands still must not hoard: this many parts are folded into one while they wait.
_FOLD_AT: Final = 64
_COMPACT_AT: Final = 4096


class _Entry:
    """One place in the queue. `events` is empty once the entry is void."""

    __slots__ = ("events", "key", "since_ms")

    def __init__(self, key: object, event: Event) -> None:
        self.key = key
        self.events: list[Event] = [event]
        self.since_ms = event.recv_ms


class _Book:
    """The waiting changes of one symbol's book; `lost` means that nothing counts until a snapshot."""

    __slots__ = ("entries", "lost")

    def __init__(self) -> None:
        self.entries: deque[_Entry] = deque()
        self.lost = False


class MarketBacklog:
    """Keeps market events in order of arrival and bounded, however long nobody takes them.

    Tickers and trade prints of a symbol join the newest waiting entry of their kind, forming bars replace
    it, unless a bar of that symbol closed in between: nothing overtakes a closed bar of its own symbol in
    either direction. Closed bars are never dropped. Book deltas wait one by one; too many of them become one
    BookLost, and a snapshot voids what waited before it. The rise and fall of the public stream stand in the
    same order, so that no older book is taken for one of the new connection.
    """

    def __init__(self, max_book_deltas: int = MAX_BOOK_DELTAS, max_liquidations: int = MAX_LIQUIDATIONS):
        self._max_book_deltas = max_book_deltas
        self._max_liquidations = max_liquidations
        self._entries: deque[_Entry] = deque()
        self._newest: dict[object, _Entry] = {}
        self._keys_of: dict[str, set[object]] = {}
        self._books: dict[str, _Book] = {}
        self._liquidations = 0
        self._void = 0
        self.coalesced = 0
        self.dropped = 0
        self.overflows = 0
        self._put: dict[type, Callable[[Any], None]] = {
            TickerChanged: self._join,
            TradesPrinted: self._join,
            CandleForming: self._on_forming,
            CandleClosed: self._on_closed,
            BookDelta: self._on_delta,
            BookSnapshot: self._on_snapshot,
            BookLost: self._on_lost,
            Liquidated: self._on_liquidated,
            StreamUp: self._on_stream,
            StreamDown: self._on_stream,
        }

    def __len__(self) -> int:
        return len(self._entries) - self._void

    def put(self, event: Event) -> None:
        """Take one market event, or one of the public stream's."""
        self._put[type(event)](event)

    def take(self) -> Event | None:
        """Remove and return the oldest event, None where nothing waits."""
        entries = self._entries
        while entries:
            entry = entries.popleft()
            events = entry.events
            if events:
                return self._release(entry, events)
            self._void -= 1
        return None

    def oldest_ms(self) -> int | None:
        """Return when the longest waiting event was received (ms UTC)."""
        return next((entry.since_ms for entry in self._entries if entry.events), None)

    def _release(self, entry: _Entry, events: list[Event]) -> Event:
        kind = type(events[0])
        if kind is BookDelta or kind is BookSnapshot or kind is BookLost:
            self._books[entry.key].entries.popleft()  # type: ignore[index]
            return events[0]
        if self._newest.get(entry.key) is entry:
            del self._newest[entry.key]
        if kind is Liquidated:
            self._liquidations -= 1
        return events[0] if len(events) == 1 else _fold(events)

    def _join(self, event: TickerChanged | TradesPrinted) -> None:
        key = (type(event), event.symbol)
        entry = self._newest.get(key)
        if entry is None:
            self._append_newest(key, event.symbol, event)
            return
        self.coalesced += 1
        entry.events.append(event)
        if len(entry.events) >= _FOLD_AT:
            entry.events[:] = [_fold(entry.events)]

    def _on_forming(self, event: CandleForming) -> None:
        candle = event.candle
        key = (CandleForming, candle.symbol, candle.interval)
        entry = self._newest.get(key)
        if entry is None:
            self._append_newest(key, candle.symbol, event)
            return
        self.coalesced += 1
        entry.events[0] = event

    def _on_closed(self, event: CandleClosed) -> None:
        for key in self._keys_of.pop(event.candle.symbol, ()):
            self._newest.pop(key, None)
        self._entries.append(_Entry(None, event))

    def _on_stream(self, event: StreamUp | StreamDown) -> None:
        self._newest.clear()
        self._keys_of.clear()
        self._entries.append(_Entry(None, event))

    def _on_delta(self, event: BookDelta) -> None:
        book = self._book(event.symbol)
        if book.lost:
            self.dropped += 1
            return
        if len(book.entries) >= self._max_book_deltas:
            reason = f"{len(book.entries)} changes were waiting"
            self.dropped += 1
            self.overflows += 1
            self._replace_book(book, BookLost(event.symbol, reason, event.recv_ms))
            book.lost = True
            return
        self._append_book(book, event)

    def _on_snapshot(self, event: BookSnapshot) -> None:
        book = self._book(event.symbol)
        self._replace_book(book, event)
        book.lost = False

    def _on_lost(self, event: BookLost) -> None:
        book = self._book(event.symbol)
        self._replace_book(book, event)
        book.lost = True

    def _on_liquidated(self, event: Liquidated) -> None:
        if self._liquidations >= self._max_liquidations:
            self.dropped += 1
            return
        self._liquidations += 1
        self._entries.append(_Entry(None, event))

    def _book(self, symbol: str) -> _Book:
        book = self._books.get(symbol)
        if book is None:
            book = self._books[symbol] = _Book()
        return book

    def _replace_book(self, book: _Book, event: BookSnapshot | BookLost) -> None:
        for entry in book.entries:
            entry.events = []
        self.dropped += len(book.entries)
        self._void += len(book.entries)
        book.entries.clear()
        self._append_book(book, event)
        if self._void > _COMPACT_AT and self._void * 2 > len(self._entries):
            self._entries = deque(entry for entry in self._entries if entry.events)
            self._void = 0

    def _append_book(self, book: _Book, event: BookDelta | BookSnapshot | BookLost) -> None:
        entry = _Entry(event.symbol, event)
        book.entries.append(entry)
        self._entries.append(entry)

    def _append_newest(self, key: object, symbol: str, event: Event) -> None:
        entry = _Entry(key, event)
        self._newest[key] = entry
        self._keys_of.setdefault(symbol, set()).add(key)
        self._entries.append(entry)


def _fold(events: list[Event]) -> Event:
    first = events[0]
    if isinstance(first, TickerChanged):
        return merged_tickers([e for e in events if isinstance(e, TickerChanged)])
    return merged_trades([e for e in events if isinstance(e, TradesPrinted)])
