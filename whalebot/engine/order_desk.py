"""Answers about orders, executions and storage: each goes to the room that asked."""

from __future__ import annotations

from whalebot.domain.effects import RecordTrade
from whalebot.domain.enums import Level
from whalebot.domain.events import (
    BookingsFetched,
    ClosingsFetched,
    ExecutionsFetched,
    Filled,
    OrderLookedUp,
    OrderRefused,
    OrderUpdated,
    OutcomeUnknown,
    Refusal,
    SnapshotFetched,
    StorageFailed,
    StorageRecovered,
    TradeRecorded,
    WalletReported,
)
from whalebot.domain.known import Known
from whalebot.domain.orders import Purpose
from whalebot.domain.records import replace
from whalebot.engine.context import Context
from whalebot.engine.foreign import is_other_side
from whalebot.engine.rooms import Rooms


class OrderDesk:
    """Routes account facts and answers."""

    def __init__(self, ctx: Context, rooms: Rooms) -> None:
        self._ctx = ctx
        self._tracker = rooms.tracker
        self._trading = rooms.trading
        self._positions = rooms.positions
        self._exits = rooms.exits
        self._sync = rooms.sync
        self._account = rooms.account
        self._wallet_watch = rooms.wallet_watch
        self._day_books = rooms.day_books
        self._funding = rooms.funding

    def on_filled(self, event: Filled) -> None:
        """A fill is told. One that closes what we never saw opened waits for the fill that opened it."""
        if self._trading.is_orphan(event.execution):
            self._sync.resync(event.execution.symbol)
            return
        self._trading.on_filled(event)
        self._sync.after_fill()
        fill = event.execution
        holding = self._positions.holdings.get(fill.symbol)
        if is_other_side(self._ctx.is_hedged(fill.symbol), holding, fill):
            self._sync.ask_snapshot()

    def on_order(self, event: OrderUpdated) -> None:
        """The venue reports an order."""
        settled = self._tracker.on_report(event.order)
        if settled is not None:
            self._trading.on_settled(settled)

    def on_snapshot(self, event: SnapshotFetched) -> None:
        """The venue's picture: its orders first, because they may settle what the comparison looks at."""
        if self._sync.awaits(event.request_no) and isinstance(event.snapshot, Known):
            for order in event.snapshot.value.orders:
                self.on_order(OrderUpdated(order, event.recv_ms))
        self._sync.on_snapshot(event)

    def on_refused(self, event: OrderRefused) -> None:
        """An order does not exist."""
        if event.refusal is Refusal.PRECISION:
            self._sync.ask_rules()
        tracked = self._tracker.get(event.order_link_id)
        if event.refusal is Refusal.POSITION_MODE and tracked is not None:
            self._positions.modes.on_refused(tracked.memory.intent)
        if event.refusal is Refusal.AUTH:
            self._ctx.alert(Level.CRITICAL, "auth", "the venue refuses the key", event.reason)
        settled = self._tracker.on_refused(event)
        if settled is not None:
            self._trading.on_settled(settled)
            if settled.memory.intent.purpose is Purpose.EXIT:
                # Perhaps there is nothing to leave any more: ask before the next attempt.
                self._sync.resync(settled.memory.intent.symbol)

    def on_unknown(self, event: OutcomeUnknown) -> None:
        """An order may or may not have arrived."""
        self._tracker.on_unknown(event)
        tracked = self._tracker.get(event.order_link_id)
        if tracked is not None and tracked.memory.intent.purpose is Purpose.EXIT:
            self._exits.on_doubt(tracked.symbol)

    def on_looked_up(self, event: OrderLookedUp) -> None:
        """The fate of an order, as far as three queries tell."""
        tracked = self._tracker.get(event.order_link_id)
        settled = self._tracker.on_looked_up(event)
        if settled is not None:
            self._trading.on_settled(settled)
            self._sync.after_settled(settled.memory.intent.symbol)
        elif tracked is not None and tracked.memory.intent.purpose is Purpose.EXIT:
            self._exits.insist(tracked.symbol)

    def on_executions(self, event: ExecutionsFetched) -> None:
        """Executions that were asked for."""
        if isinstance(event.executions, Known):
            self._trading.on_executions(event.executions.value, event.recv_ms)
        self._sync.on_executions(event)
        self._funding.on_answered(event.symbol)

    def on_closings(self, event: ClosingsFetched) -> None:
        """The venue's books about a position that no execution explains."""
        trade = self._sync.differences.on_closings(event)
        if trade is not None:
            self._trading.on_closed(trade)

    def on_wallet(self, event: WalletReported) -> None:
        """A balance is told."""
        stamp = self._ctx.clock.trusted(event.wallet.updated_ms)
        wallet = event.wallet
        self._account.on_wallet(wallet if stamp == wallet.updated_ms else replace(wallet, updated_ms=stamp))

    def on_bookings(self, event: BookingsFetched) -> None:
        """The venue's log of the balance, for whoever asked."""
        self._wallet_watch.on_bookings(event)
        self._day_books.on_bookings(event)

    def on_recorded(self, event: TradeRecorded) -> None:
        """A trade is on disk."""
        if self._trading.unrecorded.pop(event.trade_id, None) is not None:
            self._ctx.dirty = True

    def on_storage_failed(self, event: StorageFailed) -> None:
        """The disk refuses: open nothing, keep everything in memory, try again."""
        if not self._sync.storage_fault:
            self._ctx.alert(
                Level.CRITICAL,
                "storage",
                f"cannot write {event.what}",
                f"{event.reason}; no entries until it works",
            )
        self._sync.storage_fault = event.reason or event.what
        retry = self._ctx.clock.real_ms + self._ctx.settings.feed.retry_ms
        self._ctx.timers.arm("storage", retry)

    def on_storage_recovered(self, event: StorageRecovered) -> None:
        """Writing works again."""
        if self._sync.storage_fault:
            self._ctx.notice(Level.INFO, "storage_back", "writing to disk works again")
        self._sync.storage_fault = ""

    def retry_storage(self) -> None:
        """Write again what could not be written."""
        self._ctx.dirty = True
        for trade in self._trading.unrecorded.values():
            if not self._funding.is_held(trade.trade_id):
                self._ctx.emit(RecordTrade(trade))
