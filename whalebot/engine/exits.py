"""Leaving: one reduce-only market order at a time per symbol, repeated until the position is gone."""

from __future__ import annotations

from dataclasses import replace

from whalebot.domain.effects import SubmitOrder
from whalebot.domain.enums import ClosedBy, Level
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.domain.state import IntentMemory
from whalebot.engine.context import Context
from whalebot.engine.ledger import open_qty
from whalebot.engine.link_ids import LinkIds
from whalebot.engine.orders import OrderTracker
from whalebot.engine.positions import PositionManager


class ExitDesk:
    """Sends exits. Never held back by the gate, by pauses or by unknown entries.

    `rounds` counts how often everything was to be closed.
    """

    def __init__(self, ctx: Context, tracker: OrderTracker, link_ids: LinkIds) -> None:
        self._ctx = ctx
        self._tracker = tracker
        self._link_ids = link_ids
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
        if not self._tracker.has(symbol, Purpose.EXIT):
            self._send(symbol)

    def close_all(self, reason: ClosedBy) -> None:
        """Close every position we manage, and what entries in flight are still going to open."""
        self.rounds += 1
        self._tracker.leave_entries(reason)
        if self.positions is not None:
            for symbol in list(self.positions.holdings):
                self.close(symbol, reason)

    def on_timer(self, symbol: str) -> None:
        """An exit did not trade a moment ago: send it again while the position is there, and say so."""
        if self.insist(symbol):
            self._ctx.alert(
                Level.CRITICAL,
                "exit_failed",
                f"{symbol}: an exit did not trade",
                "sending it again until the position is gone",
            )

    def insist(self, symbol: str) -> bool:
        """Send the exit again where one was meant, none is in flight and the position is still there."""
        if self.positions is None:
            return False
        holding = self.positions.holdings.get(symbol)
        if (
            holding is not None
            and holding.memory.closing_as is not None
            and not self._tracker.has(symbol, Purpose.EXIT)
        ):
            return self._send(symbol)
        return False

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
        intent = OrderIntent(
            order_link_id=self._link_ids.mint(symbol),
            symbol=symbol,
            side=memory.side.opposite,
            qty=qty,
            purpose=Purpose.EXIT,
            created_ms=self._ctx.clock.now_ms,
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
