"""Leaving: reduce-only market orders, repeated until the position is gone.

One at a time per symbol, but for those whose fate is unknown: a second one can only reduce what is left, so
it waits until the venue was asked about the first, and two seconds at most.
"""

from __future__ import annotations

from typing import Final

from whalebot.domain.effects import RecallEntries, SubmitOrder
from whalebot.domain.enums import ClosedBy, Level
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.domain.records import replace
from whalebot.domain.state import IntentMemory
from whalebot.engine.context import Context
from whalebot.engine.ledger import open_qty
from whalebot.engine.link_ids import LinkIds
from whalebot.engine.orders import OrderTracker, Tracked
from whalebot.engine.positions import PositionManager

# Exits of unknown fate that one symbol may have, and of these, such that the venue said nothing about.
_MOST_IN_DOUBT: Final = 8
_MOST_UNANSWERED: Final = 2


class ExitDesk:
    """Sends exits. Never held back by the gate, by pauses or by unknown entries.

    `rounds` counts how often everything was to be closed.
    """

    def __init__(self, ctx: Context, tracker: OrderTracker, link_ids: LinkIds) -> None:
        self._ctx = ctx
        self._tracker = tracker
        self._link_ids = link_ids
        self._not_before_ms: dict[str, int] = {}
        self.positions: PositionManager | None = None
        self.rounds = 0

    def close(self, symbol: str, reason: ClosedBy) -> None:
        """Close the whole position at market; the first reason given stays."""
        if self.positions is None or symbol not in self.positions.holdings:
            return
        holding = self.positions.holdings[symbol]
        if holding.ignored:
            return
        if holding.memory.closing_as is None:
            holding.memory = replace(holding.memory, closing_as=reason)
            self._ctx.dirty = True
        if not self._must_wait(symbol):
            self._send(symbol)

    def close_as(self, symbol: str, reason: ClosedBy) -> None:
        """Close the whole position for this reason, whatever reason was given before."""
        holding = self.positions.holdings.get(symbol) if self.positions is not None else None
        if holding is None or holding.ignored:
            return
        holding.memory = replace(holding.memory, closing_as=reason)
        self._ctx.dirty = True
        self._tracker.leave_exits(symbol, reason)
        self.close(symbol, reason)

    def close_all(self, reason: ClosedBy) -> None:
        """Close every position we manage, and what entries in flight are still going to open."""
        self.rounds += 1
        self.recall_entries()
        self._tracker.leave_entries(reason)
        if self.positions is not None:
            for symbol in list(self.positions.holdings):
                self.close(symbol, reason)

    def recall_entries(self) -> None:
        """Let no entry leave any more that still waits for its turn."""
        in_flight = [t.memory.intent for t in self._tracker.in_flight()]
        entries = tuple(i.order_link_id for i in in_flight if i.purpose is Purpose.ENTRY)
        if entries:
            self._ctx.emit(RecallEntries(entries))

    def on_timer(self, symbol: str) -> None:
        """An exit did not trade a moment ago: send it again while the position is there, and say so."""
        if self.insist(symbol):
            self._ctx.alert(
                Level.CRITICAL,
                "exit_failed",
                f"{symbol}: an exit did not trade",
                "sending it again until the position is gone",
            )

    def on_refused(self, symbol: str) -> None:
        """An exit ended without trading: the next one is sent in a second, whoever asks for one meanwhile.

        One that was meant for a position that is gone, its stop having come first, holds nothing back.
        """
        holding = self.positions.holdings.get(symbol) if self.positions is not None else None
        if holding is None or holding.memory.closing_as is None:
            return
        again_ms = self._ctx.clock.real_ms + self._ctx.settings.timing.stop_check_ms
        self._not_before_ms[symbol] = again_ms
        self._ctx.timers.arm(("exit", symbol), again_ms)

    def on_doubt(self, symbol: str) -> None:
        """The outcome of an exit is unknown: do not wait for ever to learn it."""
        self._ctx.timers.arm(
            ("exit", symbol), self._ctx.clock.real_ms + self._ctx.settings.timing.exit_wait_ms
        )

    def insist(self, symbol: str) -> bool:
        """Send the exit again where one was meant, none can be waited for and the position is still there."""
        if self.positions is None:
            return False
        holding = self.positions.holdings.get(symbol)
        if holding is None or holding.memory.closing_as is None or self._must_wait(symbol):
            return False
        return self._send(symbol)

    def _must_wait(self, symbol: str) -> bool:
        """True while the fate of an exit in flight may show, or one left or was refused a moment ago."""
        if self._ctx.clock.real_ms < self._not_before_ms.get(symbol, 0):
            return True
        exits = [t for t in self._tracker.in_flight(symbol) if t.memory.intent.purpose is Purpose.EXIT]
        unanswered = sum(not t.missed for t in exits)
        if len(exits) >= _MOST_IN_DOUBT or unanswered >= _MOST_UNANSWERED:
            return True
        if not all(self._is_overdue(t) for t in exits):
            return True
        timing, now_ms = self._ctx.settings.timing, self._ctx.clock.real_ms
        next_ms = max((t.memory.intent.sent_ms for t in exits), default=0) + timing.stop_check_ms
        if exits and now_ms < next_ms:
            self._ctx.timers.arm(("exit", symbol), next_ms)
            return True
        return False

    def _is_overdue(self, tracked: Tracked) -> bool:
        if tracked.missed:
            return True
        waited_from = tracked.unknown_ms
        wait_ms = self._ctx.settings.timing.exit_wait_ms
        return waited_from is not None and self._ctx.clock.real_ms - waited_from >= wait_ms

    def _send(self, symbol: str) -> bool:
        assert self.positions is not None
        memory = self.positions.holdings[symbol].memory
        instrument = self._ctx.instruments.get(symbol)
        qty = open_qty(memory)
        if instrument is not None:
            # A larger order would be refused for ever; the rest follows when this part is filled.
            qty = min(qty, instrument.max_market_qty)
        if qty <= 0 or memory.closing_as is None:
            return False
        if self._ctx.clock.real_ms < self._ctx.blocked_until_ms:
            # It could not leave, and each attempt would be an order more to tell of.
            self._ctx.timers.arm(("exit", symbol), self._ctx.blocked_until_ms)
            return False
        intent = OrderIntent(
            order_link_id=self._link_ids.mint(symbol),
            symbol=symbol,
            side=memory.side.opposite,
            qty=qty,
            purpose=Purpose.EXIT,
            created_ms=self._ctx.clock.reached_ms,
            sent_ms=self._ctx.clock.real_ms,
            reduce_only=True,
            position_idx=memory.position_idx,
            closes_as=memory.closing_as,
        )
        self._tracker.add(IntentMemory(intent, False, "", None, (), 0.0))
        self._ctx.notice(
            Level.INFO,
            "exit_sent",
            f"closing {memory.side.value} {qty}: {memory.closing_as.value}",
            symbol,
            order_link_id=intent.order_link_id,
            closed_by=memory.closing_as.value,
        )
        self._ctx.emit(SubmitOrder(intent))
        return True
