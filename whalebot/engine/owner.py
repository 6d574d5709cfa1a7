"""The owner's commands: pause, resume, flatten, panic, stop."""

from __future__ import annotations

from whalebot.decisions.risk.settings import AtEnd
from whalebot.domain.effects import CancelOrder, Stopped
from whalebot.domain.enums import ClosedBy, Level, OrderType
from whalebot.domain.events import Command, Order
from whalebot.engine.context import Context
from whalebot.engine.exits import ExitDesk
from whalebot.engine.funding import FundingDesk
from whalebot.engine.guard import Guard
from whalebot.engine.orders import OrderTracker
from whalebot.engine.positions import PositionManager
from whalebot.engine.sync import Sync

_STOP_POLL_MS = 50


class Owner:
    """Carries out commands. A stop ends with the effect Stopped, at once or at its deadline."""

    def __init__(
        self,
        ctx: Context,
        tracker: OrderTracker,
        positions: PositionManager,
        guard: Guard,
        exits: ExitDesk,
        funding: FundingDesk,
        sync: Sync,
    ) -> None:
        self._ctx = ctx
        self._tracker = tracker
        self._positions = positions
        self._guard = guard
        self._exits = exits
        self._funding = funding
        self._sync = sync
        self._deadline_ms = 0

    def on_command(self, event: Command) -> None:
        """Do what the owner says."""
        if event.order is Order.PAUSE:
            self._guard.pause(True, event.source)
        elif event.order is Order.RESUME:
            self._guard.pause(False, event.source)
        elif event.order is Order.STOP:
            self._stop(event.source)
        else:
            if event.order is Order.PANIC:
                self._guard.pause(True, event.source)
            self._ctx.alert(
                Level.CRITICAL,
                event.order.value,
                f"{event.order.value} by {event.source}",
                "closing every position",
            )
            self._cancel_working()
            self._exits.close_all(ClosedBy.MANUAL)

    def _stop(self, source: str) -> None:
        if self._ctx.stopping:
            return
        self._ctx.stopping = True
        self._ctx.dirty = True
        timing = self._ctx.settings.timing
        self._deadline_ms = self._ctx.clock.real_ms + timing.shutdown_ms
        self._ctx.notice(Level.INFO, "stopping", f"stopping ({source}): no new entries")
        self._cancel_working()
        self._exits.recall_entries()
        self._funding.stop()
        if self._ctx.settings.trade.on_shutdown is AtEnd.CLOSE:
            self._exits.close_all(ClosedBy.SHUTDOWN)
        self.check_stop()

    def check_stop(self) -> None:
        """Finish when nothing is in flight, left to close, to protect or to be told; or when time is over."""
        waiting = [t.memory.intent.order_link_id for t in self._tracker.in_flight()]
        closing = self._ctx.settings.trade.on_shutdown is AtEnd.CLOSE
        ours = {s: h for s, h in self._positions.holdings.items() if not h.ignored}
        # Who has no confirmed stop is about to get one, to be closed, or gone already.
        left = [s for s, h in ours.items() if closing or h.unprotected_since is not None]
        over = self._ctx.clock.real_ms >= self._deadline_ms
        if not over and (waiting or left or self._sync.executions.due):
            self._ctx.timers.arm("stop", self._ctx.clock.real_ms + _STOP_POLL_MS)
            return
        self._ctx.dirty = True
        if waiting:
            self._ctx.notice(
                Level.WARNING, "left_in_flight", f"to be resolved at the next start: {', '.join(waiting)}"
            )
        for symbol in self._funding.waiting:
            text = (
                "the last trade is recorded by the next start: the funding of its settlement is not known yet"
            )
            self._ctx.notice(Level.WARNING, "left_waiting", text, symbol)
        for symbol, holding in self._positions.holdings.items():
            if holding.unprotected_since is not None:
                title, text = f"{symbol}: no confirmed stop", "stopped while a position has none: look at it"
                self._ctx.alert(Level.CRITICAL, "unprotected", title, text)
            self._ctx.notice(
                Level.INFO, "left_open", f"position stays, stop {holding.venue_stop} at the venue", symbol
            )
        self._ctx.emit(Stopped("stopped in order"))

    def _cancel_working(self) -> None:
        for tracked in self._tracker.in_flight():
            intent = tracked.memory.intent
            if intent.order_type is OrderType.LIMIT and not intent.reduce_only:
                self._ctx.emit(CancelOrder(intent.symbol, intent.order_link_id))
