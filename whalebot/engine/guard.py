"""Watches the account: feeds equity to the breakers, and acts on a breach."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from whalebot.decisions.performance.tracker import PerformanceTracker
from whalebot.decisions.risk.guardrails import Breach, count_result, drawdown_of, observe, shift
from whalebot.decisions.risk.settings import AtEnd
from whalebot.domain.enums import ClosedBy, Level
from whalebot.domain.events import AccountDue
from whalebot.domain.intervals import iso_utc
from whalebot.domain.records import replace
from whalebot.domain.state import GuardrailMemory
from whalebot.engine.account import Account
from whalebot.engine.context import Context
from whalebot.engine.exits import ExitDesk


class Guard:
    """Owns the guardrail memory and the count of refused entries by rule."""

    def __init__(
        self, ctx: Context, account: Account, exits: ExitDesk, performance: PerformanceTracker
    ) -> None:
        self._ctx = ctx
        self._account = account
        self._exits = exits
        self._performance = performance
        self.memory = GuardrailMemory()
        self.refusals: Counter[str] = Counter()

    def on_due(self, event: AccountDue) -> None:
        """Look at the equity at a moment of market time."""
        self._ctx.clock.saw(event.ts_ms, event.recv_ms)
        self.observe()

    def observe(self) -> None:
        """Look at the equity now; not between a fill and the balance that belongs to it."""
        equity = self._account.equity()
        now_ms = self._ctx.clock.now_ms
        if equity is None or not self._account.settled or now_ms == 0:
            return
        self._performance.mark_equity(now_ms, equity)
        before = self.memory
        self.memory, breach = observe(before, equity, now_ms, self._ctx.settings.guardrails)
        if self.memory.paused_until_ms != before.paused_until_ms:
            self._ctx.dirty = True
            if breach is None:
                self._ctx.notice(Level.INFO, "pause_over", f"{before.pause_rule}: entries allowed again")
        if breach is not None:
            self._act(breach)

    def on_moved(self, amount: Decimal) -> None:
        """Money was moved into or out of the account: that is neither profit nor loss."""
        equity = self._account.equity()
        text = f"{'deposit' if amount > 0 else 'withdrawal'} of {abs(amount)}: no result; limits follow it"
        self._ctx.notice(Level.INFO, "money_moved", text, amount=amount)
        if equity is not None:
            self.memory = shift(self.memory, equity, amount)
            if equity > 0 and equity > amount:
                self._performance.shift(equity / (equity - amount))
            self._ctx.dirty = True

    def count(self, pnl: Decimal) -> None:
        """Follow the losing streak."""
        self.memory = count_result(self.memory, pnl)
        self._ctx.dirty = True

    def pause(self, paused: bool, source: str) -> None:
        """Stop or allow entries by the owner's word."""
        self.memory = replace(self.memory, manual_pause=paused)
        self._ctx.dirty = True
        kind = "paused" if paused else "resumed"
        self._ctx.notice(Level.WARNING if paused else Level.INFO, kind, f"entries {kind} by {source}")

    def drawdown(self) -> float:
        """Return the present drawdown as a fraction of the peak."""
        equity = self._account.equity()
        return 0.0 if equity is None else drawdown_of(self.memory, equity)

    def _act(self, breach: Breach) -> None:
        close = self._ctx.settings.guardrails.on_kill is AtEnd.CLOSE
        then = "closing every position" if close else "positions stay"
        self._ctx.alert(
            Level.CRITICAL,
            "kill",
            f"{breach.rule} reached",
            f"{breach.detail}; no entries until {iso_utc(breach.until_ms)}, {then}",
        )
        if close:
            self._exits.close_all(ClosedBy.KILL)
        else:
            self._exits.recall_entries()
