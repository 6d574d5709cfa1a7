"""Tells money that was moved into or out of the account from money that was earned or lost."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from whalebot.domain.books import MOVES_MONEY, Booking
from whalebot.domain.effects import FetchBookings
from whalebot.domain.enums import Level
from whalebot.domain.events import BookingsFetched
from whalebot.domain.known import Unknown
from whalebot.domain.orders import WalletReport
from whalebot.domain.records import replace
from whalebot.domain.state import CashMemory
from whalebot.engine.account import Account
from whalebot.engine.context import Context
from whalebot.engine.guard import Guard

_TIMER: Final = "wallet"
_SNAPSHOT_TIMER: Final = "odd_wallet"
_ZERO: Final = Decimal(0)
_TOLERANCE: Final = Decimal("0.01")
# Real times. The balance may overtake the fill it belongs to; the venue's log may come late.
_SETTLE_MS: Final = 500
_RETRY_MS: Final = 2_000
_LONGEST_DOUBT_MS: Final = 10_000
# After a start no entry is made meanwhile, and what is open has its stop at the venue.
_LONGEST_CATCH_UP_MS: Final = 300_000
_CALM_MS: Final = 60_000
_REMEMBERED_IDS: Final = 50


class WalletWatch:
    """Follows the balance our fills and funding make; where the wallet says otherwise, asks the venue's log.

    Until it answered, ten seconds at most, the breakers do not look: a withdrawal is no drawdown. After a
    start they wait for five minutes, and entries with them. What was moved shifts the levels they measure
    from; results of symbols that are not ours shift nothing.
    """

    def __init__(self, ctx: Context, account: Account, guard: Guard) -> None:
        self._ctx = ctx
        self._account = account
        self._guard = guard
        self.memory = CashMemory()
        self._expected: Decimal | None = None
        self._request: int | None = None
        self._doubt_ms: int | None = None
        self._calm_until_ms = 0
        self._catching_up = False
        self._seen: tuple[str, ...] = ()

    def restore(self, memory: CashMemory) -> None:
        """Take up what the last run knew; what was moved since then is asked for with the first balance."""
        self.memory = memory
        self._seen = memory.moved_ids

    @property
    def is_catching_up(self) -> bool:
        """True from the first balance after a start until the venue's log told what was moved meanwhile."""
        return self._catching_up

    def book(self, amount: Decimal) -> None:
        """Our own fill or funding changes the balance by `amount`."""
        if self._expected is not None:
            self._expected += amount

    def on_wallet(self) -> None:
        """The balance was told: compare it with what it should be."""
        wallet = self._account.wallet
        if wallet is None:
            return
        if self._expected is None:
            self._expected = wallet.wallet_balance
            if self.memory.known_to_ms is not None:
                self._catching_up = True
                self._doubt(0)
            else:
                self._know(wallet)
        elif self._is_odd():
            if self._doubt_ms is None and self._ctx.clock.real_ms >= self._calm_until_ms:
                self._doubt(_SETTLE_MS)
        elif not self._catching_up:
            self._trust()
            self._know(wallet)

    def _know(self, wallet: WalletReport) -> None:
        """All is explained up to this report: nothing before it need be asked for again."""
        known_ms = max(wallet.updated_ms, self.memory.known_to_ms or 0)
        if known_ms > 0:
            self.memory = CashMemory(known_ms, self.memory.moved_ids, wallet.wallet_balance)

    def on_timer(self) -> None:
        """Ask the venue's log, if there is still something to explain."""
        if self._doubt_ms is None:
            return
        wallet = self._account.wallet
        if wallet is not None and not self._catching_up and not self._is_odd():
            # The fill that this balance overtook is here: the venue need not be asked.
            self._trust()
            self._know(wallet)
            return
        since_ms = self.memory.known_to_ms
        longest_ms = _LONGEST_CATCH_UP_MS if self._catching_up else _LONGEST_DOUBT_MS
        if self._ctx.clock.real_ms - self._doubt_ms >= longest_ms or since_ms is None:
            self._give_up()
            return
        self._ctx.timers.arm(_TIMER, self._ctx.clock.real_ms + _RETRY_MS)
        if self._request is None:
            self._request = self._ctx.next_request_no()
            self._ctx.emit(FetchBookings(self._request, since_ms, None))
            if not self._catching_up:
                # A report may be wrong too. A timer of its own: that of the comparisons has its rhythm.
                self._ctx.timers.arm(_SNAPSHOT_TIMER, self._ctx.clock.real_ms)

    def on_bookings(self, event: BookingsFetched) -> None:
        """The venue's log since we last knew it."""
        if event.request_no != self._request:
            return
        self._request = None
        answer = event.bookings
        if isinstance(answer, Unknown):
            self._ctx.trouble("bookings_unknown", answer.reason)
            return
        self._ctx.recovered("bookings_unknown")
        rows = self._news([row for row in answer.value if row.booking_id not in self._seen])
        if self._doubt_ms is None or self._may_come_late(rows):
            return
        self._take(rows)
        self._trust()

    def _news(self, rows: list[Booking]) -> list[Booking]:
        """Leave out what has the stamp of the balance last known, where the later rows alone explain ours.

        The first question of a run reaches back to that stamp, and a deposit that bears it lies in that one.
        """
        later = [row for row in rows if row.ts_ms > (self.memory.known_to_ms or 0)]
        return later if self._changed_by(later) else rows

    def _may_come_late(self, rows: list[Booking]) -> bool:
        """True where the log does not explain the balance, and may still do so.

        After a start it is believed in the end, whatever it says: it may know more than the last run did.
        """
        if not self._catching_up:
            return not self._explains(rows)
        waited_ms = self._ctx.clock.real_ms - (self._doubt_ms or 0)
        is_open = self.memory.balance is not None and not self._changed_by(rows)
        return is_open and waited_ms < _LONGEST_DOUBT_MS

    def _changed_by(self, rows: list[Booking]) -> bool:
        """True when these rows are all that happened to the balance since it was last known."""
        wallet, known = self._account.wallet, self.memory.balance
        if wallet is None or known is None:
            return False
        every = sum((row.amount for row in rows), _ZERO)
        return abs(wallet.wallet_balance - known - every) <= _TOLERANCE

    def _explains(self, rows: list[Booking]) -> bool:
        """True when the rows make up for what our fills lack, or for all that changed since all was well."""
        other = sum((row.amount for row in rows if self._is_not_ours(row)), _ZERO)
        if abs(self._gap() - other) <= _TOLERANCE:
            return True
        known_ms = self.memory.known_to_ms or 0
        return self._changed_by([row for row in rows if row.ts_ms > known_ms])

    def _take(self, rows: list[Booking]) -> None:
        moved = [row for row in rows if row.kind in MOVES_MONEY]
        self._seen = (*self._seen, *(row.booking_id for row in rows))[-_REMEMBERED_IDS:]
        moved_ids = (*self.memory.moved_ids, *(row.booking_id for row in moved))[-_REMEMBERED_IDS:]
        known_ms = max(self.memory.known_to_ms or 0, *(row.ts_ms for row in rows), 0)
        self.memory = replace(self.memory, known_to_ms=known_ms, moved_ids=moved_ids)
        self._ctx.dirty = True
        if moved:
            amount = sum((row.amount for row in moved), _ZERO)
            self._guard.on_moved(amount)

    def _is_not_ours(self, row: Booking) -> bool:
        return row.kind in MOVES_MONEY or row.symbol not in self._ctx.settings.symbols

    def _gap(self) -> Decimal:
        wallet = self._account.wallet
        return _ZERO if wallet is None or self._expected is None else wallet.wallet_balance - self._expected

    def _is_odd(self) -> bool:
        return abs(self._gap()) > _TOLERANCE

    def _doubt(self, after_ms: int) -> None:
        self._doubt_ms = self._ctx.clock.real_ms
        self._account.in_doubt = True
        self._ctx.timers.arm(_TIMER, self._doubt_ms + after_ms)

    def _trust(self) -> None:
        self._doubt_ms, self._catching_up = None, False
        self._request = None
        self._account.in_doubt = False
        self._ctx.timers.cancel(_TIMER)
        if self._account.wallet is not None:
            self._expected = self._account.wallet.wallet_balance
            self.memory = replace(self.memory, balance=self._expected)

    def _give_up(self) -> None:
        gap = self._gap()
        self._calm_until_ms = self._ctx.clock.real_ms + _CALM_MS
        self._trust()
        if self._account.wallet is not None:
            # It counts as a result from here on: what the log tells of it later must not move it once more.
            self._know(self._account.wallet)
        if abs(gap) > _TOLERANCE:
            self._ctx.notice(
                Level.WARNING,
                "wallet_unexplained",
                f"the balance changed by {gap:+}; neither our fills nor the venue's log say why; it counts "
                "as a result",
            )
