"""The orderbook stream of one symbol and depth: a snapshot, then deltas with `u` rising by 1.

When the price jumps so far that most levels are others, a new snapshot takes the place of the delta.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.exchange.market.events import Level
from whalebot.adapters.exchange.market.views import Book
from whalebot.adapters.exchange.server.envelope import encode

REPEAT_AFTER_S: Final = 3.0
# A real book is never quiet for long; consumers take silence for a broken stream.
QUIET_S: Final = 1.0
# How often the venue pushes each depth, in real seconds.
PUSH_EVERY_S: Final = {1: 0.02, 50: 0.02, 200: 0.1, 500: 0.1, 1000: 0.2}


class BookFeed:
    """What the subscribers of one book have been told so far. Depth 1 sends snapshots only."""

    def __init__(self, symbol: str, depth: int, next_seq: Callable[[], int]) -> None:
        self.topic = f"orderbook.{depth}.{symbol}"
        self.depth = depth
        self.symbol = symbol
        self.update_id = 1
        self.sent_s = 0.0
        self._next_seq = next_seq
        self.book: Book | None = None
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}

    def snapshot(self, book: Book, ts_ms: int) -> bytes:
        """Return the whole book as told so far; the first one starts the stream."""
        if self.book is None:
            self._remember(book)
        return self._snapshot(ts_ms)

    def update(self, book: Book, ts_ms: int, now_s: float) -> bytes | None:
        """Return the frame that leads from the last book to `book`, None when there is nothing to say."""
        if self.book is None:
            self._remember(book)
            self.sent_s = now_s
            return self._snapshot(ts_ms)
        if self.depth == 1:
            return self._update_top(book, ts_ms, now_s)
        bids, asks = dict(book.bids), dict(book.asks)
        if _has_jumped(self._bids, bids) or _has_jumped(self._asks, asks):
            self._remember(book)
            self.update_id += 1
            self.sent_s = now_s
            return self._snapshot(ts_ms)
        bid_rows = _changes(self._bids, bids, is_descending=True)
        ask_rows = _changes(self._asks, asks, is_descending=False)
        if not bid_rows and not ask_rows:
            if now_s - self.sent_s < QUIET_S:
                return None
            bid_rows, ask_rows = _rows(bids)[:1], _rows(asks)[:1]
        self.book, self._bids, self._asks = book, bids, asks
        self.update_id += 1
        self.sent_s = now_s
        return self._frame("delta", bid_rows, ask_rows, ts_ms)

    def reset(self) -> None:
        """Forget what was told: nobody listens any more. `u` goes on."""
        self.book = None
        self.update_id += 1

    def restart(self) -> None:
        """Begin afresh with `u` 1."""
        self.book = None
        self.update_id = 1

    def skip(self, book: Book) -> None:
        """Lose one update (a fault): `u` moves on and nothing is sent."""
        self._remember(book)
        self.update_id += 1

    def _update_top(self, book: Book, ts_ms: int, now_s: float) -> bytes | None:
        is_new = book.bids[:1] != tuple(self._bids.items()) or book.asks[:1] != tuple(self._asks.items())
        if not is_new and now_s - self.sent_s < REPEAT_AFTER_S:
            return None
        if is_new:
            self._remember(book)
            self.update_id += 1
        self.sent_s = now_s
        return self._snapshot(ts_ms)

    def _remember(self, book: Book) -> None:
        self.book = book
        self._bids, self._asks = dict(book.bids[: self.depth]), dict(book.asks[: self.depth])

    def _snapshot(self, ts_ms: int) -> bytes:
        return self._frame("snapshot", _rows(self._bids), _rows(self._asks), ts_ms)

    def _frame(self, kind: str, bids: list[list[str]], asks: list[list[str]], ts_ms: int) -> bytes:
        book_ms = self.book.ts_ms if self.book is not None else ts_ms
        data: dict[str, Any] = {
            "s": self.symbol,
            "b": bids,
            "a": asks,
            "u": self.update_id,
            "seq": self._next_seq(),
        }
        return encode({"topic": self.topic, "type": kind, "ts": ts_ms, "data": data, "cts": book_ms})


def _has_jumped(old: dict[Decimal, Decimal], new: dict[Decimal, Decimal]) -> bool:
    # Where most levels are others, a whole new book is shorter than deleting one and adding the other.
    return 2 * len(old.keys() & new.keys()) < len(new)


def _rows(levels: dict[Decimal, Decimal]) -> list[list[str]]:
    return [[_text(price), _text(qty)] for price, qty in levels.items()]


def _text(value: Decimal) -> str:
    # Trailing zeros stay, as the venue's do: this is the hottest line of the server.
    text = str(value)
    return format(value, "f") if "E" in text else text


def _changes(
    old: dict[Decimal, Decimal], new: dict[Decimal, Decimal], is_descending: bool
) -> list[list[str]]:
    if old == new:
        return []
    changed: list[Level] = [(price, qty) for price, qty in new.items() if old.get(price) != qty]
    changed += [(price, Decimal(0)) for price in old if price not in new]
    changed.sort(key=lambda level: level[0], reverse=is_descending)
    return [[_text(price), _text(qty) if qty else "0"] for price, qty in changed]
