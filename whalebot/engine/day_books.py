"""Our own result of each UTC day beside the venue's transaction log."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from typing import Final

from whalebot.domain.books import MOVES_MONEY
from whalebot.domain.effects import FetchBookings
from whalebot.domain.enums import Level
from whalebot.domain.events import BookingsFetched
from whalebot.domain.intervals import DAY_MS, MINUTE_MS, iso_utc
from whalebot.domain.known import Unknown
from whalebot.domain.records import replace
from whalebot.domain.state import DayBook
from whalebot.engine.context import Context

_ZERO: Final = Decimal(0)
_TOLERANCE: Final = Decimal("0.01")
# The venue's log may be late, in market time; answers of ours, in real time.
_AFTER_MARKET_MS: Final = 5 * MINUTE_MS
_AFTER_REAL_MS: Final = 10_000
_RETRY_MS: Final = 60_000
_KEPT_DAYS: Final = 3


class DayBooks:
    """Adds up what fills and funding of a day made, symbol by symbol, and compares it once the day is over.

    `difference` is what the last compared day lacks (the venue's sum less ours, in quote), None before the
    first comparison; `checked_ms` is the end of that day. Nothing is compared while `is_catching_up`: fills
    that are not known yet may belong to it.
    """

    def __init__(self, ctx: Context, is_catching_up: Callable[[], bool]) -> None:
        self._ctx = ctx
        self._is_catching_up = is_catching_up
        self._books: dict[tuple[int, str], DayBook] = {}
        self._asked: tuple[int, int] | None = None
        self._next_try_ms = 0
        self._quiet_until_ms = 0
        self.difference: Decimal | None = None
        self.checked_ms: int | None = None

    def restore(self, books: tuple[DayBook, ...]) -> None:
        """Take up the days of the last run that were not compared yet."""
        self._books = {(book.day_ms, book.symbol): book for book in books}

    def memories(self) -> tuple[DayBook, ...]:
        """Return what must survive a restart."""
        return tuple(self._books.values())

    def book(self, symbol: str, ts_ms: int, amount: Decimal | None) -> None:
        """Add a change of cash; None where it cannot be valued, so that its day cannot be compared."""
        day_ms = ts_ms // DAY_MS * DAY_MS
        if self._books and day_ms > max(day for day, _ in self._books):
            # The first fill of a day may come before anything else that tells the new date.
            self._open(ts_ms)
        book = self._books.get((day_ms, symbol))
        if book is None or ts_ms < book.from_ms:
            return
        if amount is None:
            book = replace(book, is_sure=False)
        else:
            book = replace(book, net=book.net + amount)
        self._books[day_ms, symbol] = book
        self._ctx.dirty = True

    def look(self) -> None:
        """Open the books of a new day; ask about a day that is over."""
        now_ms = self._ctx.clock.now_ms
        if now_ms == 0 or now_ms < self._quiet_until_ms:
            return
        self._open(now_ms)
        late_ms = max(_AFTER_MARKET_MS, round(_AFTER_REAL_MS * self._ctx.settings.feed.time_scale))
        day_ms = min(day for day, _ in self._books)
        due_ms = day_ms + DAY_MS + late_ms
        if now_ms < due_ms:
            self._quiet_until_ms = min(due_ms, (now_ms // DAY_MS + 1) * DAY_MS)
            return
        if self._ctx.clock.real_ms < self._next_try_ms or self._is_catching_up():
            return
        since_ms = min(book.from_ms for (day, _), book in self._books.items() if day == day_ms)
        self._next_try_ms = self._ctx.clock.real_ms + _RETRY_MS
        self._asked = (self._ctx.next_request_no(), day_ms)
        self._ctx.emit(FetchBookings(self._asked[0], since_ms, day_ms + DAY_MS))

    def on_bookings(self, event: BookingsFetched) -> None:
        """The venue's log of a day that is over: compare."""
        if self._asked is None or event.request_no != self._asked[0]:
            return
        day_ms, self._asked = self._asked[1], None
        if self._is_catching_up():
            return
        answer = event.bookings
        if isinstance(answer, Unknown):
            self._ctx.trouble("bookings_unknown", answer.reason)
            return
        self._ctx.recovered("bookings_unknown")
        self._next_try_ms = self._quiet_until_ms = 0
        books = [book for (day, _), book in self._books.items() if day == day_ms]
        theirs: dict[str, Decimal] = defaultdict(Decimal)
        since = {book.symbol: book.from_ms for book in books}
        for row in answer.value:
            if row.kind not in MOVES_MONEY and row.ts_ms >= since.get(row.symbol, day_ms + DAY_MS):
                theirs[row.symbol] += row.amount
        self._compare(day_ms, books, theirs)
        self._books = {key: book for key, book in self._books.items() if key[0] != day_ms}
        self._ctx.dirty = True

    def _compare(self, day_ms: int, books: list[DayBook], theirs: dict[str, Decimal]) -> None:
        sure = [book for book in books if book.is_sure]
        off = {b.symbol: theirs[b.symbol] - b.net for b in sure if abs(theirs[b.symbol] - b.net) > _TOLERANCE}
        self.difference = sum(off.values(), _ZERO)
        self.checked_ms = day_ms + DAY_MS
        day = iso_utc(day_ms)[:10]
        if not off:
            net = sum((book.net for book in sure), _ZERO)
            self._ctx.notice(Level.INFO, "books_agree", f"{day}: net {net:+.4f}, as the venue's log says")
            return
        ours = {book.symbol: book.net for book in sure}
        text = "; ".join(f"{s}: ours {ours[s]:+.4f}, the venue's {theirs[s]:+.4f}" for s in off)
        title = f"the result of {day} differs from the venue's"
        self._ctx.alert(Level.WARNING, "books_differ", title, text)

    def _open(self, now_ms: int) -> None:
        day_ms = now_ms // DAY_MS * DAY_MS
        days = {day for day, _ in self._books}
        if day_ms in days:
            return
        # What was made before the first look at this account is nobody's business here.
        from_ms = day_ms if days or self.checked_ms is not None else now_ms
        for symbol in self._ctx.settings.symbols:
            self._books[day_ms, symbol] = DayBook(symbol, day_ms, from_ms)
        oldest_ms = day_ms - _KEPT_DAYS * DAY_MS
        self._books = {key: book for key, book in self._books.items() if key[0] >= oldest_ms}
        self._ctx.dirty = True
