"""Funding: booked once, on the position it was settled on, also where nobody told it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from whalebot.domain.enums import Level
from whalebot.domain.events import FundingPaid
from whalebot.domain.orders import FundingPayment
from whalebot.domain.state import WaitingTrade
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.context import Context
from whalebot.engine.early_funding import EarlyFunding
from whalebot.engine.executions import ExecutionDesk
from whalebot.engine.finished import Finished
from whalebot.engine.market import SymbolMarket
from whalebot.engine.positions import PositionManager
from whalebot.engine.settlements import NEAR_MS, Settlements
from whalebot.engine.signals import SymbolSignals
from whalebot.engine.waiting import WaitingTrades

# Real time from one question to the next look at what came of it: the venue may settle late.
_AGAIN_MS: Final = (30_000, 10_000)


def _nowhere(trade: ClosedTrade) -> None:
    """Nobody records."""


class FundingDesk:
    """Books settlements, and asks for those that should have been told.

    A trade that ends at a settlement which is not known yet is held: `record` takes it once its funding is
    booked, or nothing came of asking twice. `memories` and `restore` carry such a trade over a restart.
    """

    def __init__(
        self,
        ctx: Context,
        markets: dict[str, SymbolMarket],
        positions: PositionManager,
        signals: dict[str, SymbolSignals],
        executions: ExecutionDesk,
    ) -> None:
        self._ctx = ctx
        self._markets = markets
        self._positions = positions
        self._signals = signals
        self._executions = executions
        self._is_off = ctx.settings.timing.funding_check_ms is None
        self._settlements = Settlements(ctx, markets)
        self.early = EarlyFunding()
        self._due: dict[str, int] = {}
        self._looked: dict[str, int] = {}
        self._asked: dict[str, int] = {}
        self._held = WaitingTrades()
        self.record: Callable[[ClosedTrade], None] = _nowhere

    # --- booking --------------------------------------------------------------------------------------

    def on_funding(self, event: FundingPaid) -> None:
        """Book a funding settlement once."""
        payment = replace(event.payment, ts_ms=self._ctx.clock.trusted(event.payment.ts_ms))
        symbol = payment.symbol
        signals = self._signals.get(symbol)
        if signals is None:
            return
        # One that was booked before a restart is told again to a trade that still waits for it.
        self._settlements.told(symbol, payment.ts_ms)
        if signals.is_new(payment.exec_id, payment.ts_ms):
            to_held = self._book_on_held(payment)
            booked = to_held or self._positions.on_funding(payment)
            if not booked:
                self.early.keep((payment,))
                self._ctx.dirty = True
            text = f"funding {'paid' if payment.amount > 0 else 'received'} {abs(payment.amount)}"
            where = "" if booked else " without a position here"
            where = " on the position that was closed" if to_held else where
            self._ctx.notice(Level.INFO if booked else Level.WARNING, "funding", text + where, symbol)
            if to_held:
                self._positions.booked(symbol, payment.ts_ms, -payment.amount)
                self._ctx.dirty = True
        due = self._due.get(symbol)
        if due is not None and due <= self._settlements.passed_ms and self._settlements.is_told(symbol, due):
            self._look_on(symbol)

    def on_opened(self, symbol: str) -> None:
        """A settlement that was told before the fill that opened its position belongs to that position.

        One that was over before that fill was told was not asked for: nothing seemed open.
        """
        holding = self._positions.holdings.get(symbol)
        if holding is None:
            return
        if holding.memory.opened_ms <= self._looked.get(symbol, 0) and not self._is_off:
            self._executions.fetch(symbol, holding.memory.opened_ms)
        early = self.early.take(symbol, holding.memory.opened_ms)
        if early:
            holding.memory = replace(holding.memory, funding=holding.memory.funding + early)

    def _book_on_held(self, payment: FundingPayment) -> bool:
        holding = self._positions.holdings.get(payment.symbol)
        if holding is not None and payment.ts_ms >= holding.memory.opened_ms:
            return False
        return self._held.book(payment)

    # --- trades that wait -----------------------------------------------------------------------------

    def holds(self, trade: ClosedTrade) -> bool:
        """True for a trade that ended while not all of its funding was known."""
        symbol = trade.symbol
        # What the venue's books say of a position is asked for after its executions.
        asking = symbol in self._executions.due and not trade.reconciled
        if self._is_off or not (asking or self._lacks(symbol, trade.entry_ms, trade.exit_ms)):
            return False
        if self._ctx.stopping and not asking and not self._settlements.is_over(self._due[symbol]):
            return False
        self._held.add(self._positions.finished[symbol])
        if self._ctx.stopping:
            self._settle(symbol)
        return True

    def _lacks(self, symbol: str, entry_ms: int, exit_ms: int) -> bool:
        """True when the settlement that is watched belongs to a trade and was not told yet."""
        due = self._due.get(symbol)
        if due is None or self._settlements.is_told(symbol, due):
            return False
        return entry_ms <= due <= exit_ms + NEAR_MS

    def on_answered(self, symbol: str) -> None:
        """Executions were told up to now: a trade that waited for these alone waits no more."""
        if symbol in self._executions.due:
            return
        # A position that was gone before its settlement lacks nothing but in the venue's eyes.
        due_ms = self._due.get(symbol, 0) if self._ctx.stopping else 0
        self._release(
            symbol,
            lambda held: (
                held.exit_ms < due_ms or not self._lacks(symbol, held.memory.opened_ms, held.exit_ms)
            ),
        )

    def is_held(self, trade_id: str) -> bool:
        """True for a trade that is not to be recorded yet."""
        return any(held.trade().trade_id == trade_id for held in self._held)

    def restore(self, memories: Iterable[WaitingTrade], early: Iterable[FundingPayment]) -> None:
        """Take up what waited when the last run ended, and ask for what the trades wait for."""
        self.early.keep(early)
        for memory in () if self._is_off else memories:
            symbol = memory.memory.symbol
            self._held.add(Finished.of(memory))
            due_ms = max(memory.due_ms, memory.memory.opened_ms)
            self._due[symbol], self._asked[symbol] = min(due_ms, self._due.get(symbol, due_ms)), 0
            self._ctx.timers.arm(("funding", symbol), self._ctx.clock.real_ms)

    def memories(self) -> tuple[WaitingTrade, ...]:
        """Return what must survive a restart."""
        return tuple(held.waiting(self._since(held)) for held in self._held)

    def _since(self, held: Finished) -> int:
        """Return from when on a trade that waits lacks what happened, ms UTC."""
        symbol = held.memory.symbol
        known = (self._due.get(symbol), self._executions.due.get(symbol), held.exit_ms)
        return min(at for at in known if at is not None)

    @property
    def waiting(self) -> tuple[str, ...]:
        """Symbols with a trade that waits."""
        return self._held.symbols

    def stop(self) -> None:
        """Ask at once for what is waited for; what is not told in time the next run asks for."""
        for symbol in self._held.symbols:
            self._settle(symbol)

    def _settle(self, symbol: str) -> None:
        if symbol in self._executions.due:
            return
        if self._settlements.is_over(self._due[symbol]):
            self._executions.fetch(symbol, self._due[symbol])
        else:
            self._release(symbol)

    def _release(self, symbol: str, is_done: Callable[[Finished], bool] = lambda held: True) -> None:
        for held in self._held.take(symbol, is_done):
            self.record(held.trade())

    # --- asking ---------------------------------------------------------------------------------------

    def on_ticker(self, symbol: str) -> None:
        """Learn when the next settlement is: as the ticker tells it, else by the symbol's interval."""
        told, due = self._markets[symbol].next_funding_ms, self._due.get(symbol)
        if self._is_off or (due is not None and (told is None or told >= due)):
            return
        if told is None:
            step_ms = self._settlements.step_ms(symbol)
            told = (self._settlements.passed_ms // step_ms + 1) * step_ms
        if told > self._looked.get(symbol, 0):
            self._watch(symbol, told)

    def on_timer(self, symbol: str) -> None:
        """A settlement is over: ask for its funding where it is missing, and look again a little later."""
        due, asked = self._due[symbol], self._asked[symbol]
        real_ms, timers = self._ctx.clock.real_ms, self._ctx.timers
        if self._ctx.clock.now_ms == 0:
            # Just started: nothing has told the market's time yet.
            timers.arm(("funding", symbol), real_ms + self._ctx.settings.feed.retry_ms)
        elif self._settlements.passed_ms < due:
            self._watch(symbol, due)
        elif asked and symbol in self._executions.due:
            timers.arm(("funding", symbol), real_ms + self._settlements.wait_ms(symbol, _AGAIN_MS[-1]))
        elif asked < len(_AGAIN_MS) and self._is_missing(symbol, due):
            self._asked[symbol] = asked + 1
            self._executions.fetch(symbol, due)
            timers.arm(("funding", symbol), real_ms + self._settlements.wait_ms(symbol, _AGAIN_MS[asked]))
        else:
            self._look_on(symbol)

    def _look_on(self, symbol: str) -> None:
        """Nothing more is expected of this settlement: the next one is watched."""
        due = self._due[symbol]
        self._looked[symbol] = due
        follows = self._settlements.next_after(symbol, due)
        if symbol not in self._executions.due:
            # After an outage a trade may wait for several.
            self._release(symbol, lambda held: follows > held.exit_ms + NEAR_MS)
        self._watch(symbol, follows)

    def _watch(self, symbol: str, due_ms: int) -> None:
        clock, wait_ms = self._ctx.clock, self._ctx.settings.timing.funding_check_ms or 0
        self._due[symbol], self._asked[symbol] = due_ms, 0
        away_ms = max(0, round((due_ms - clock.now_ms) / self._ctx.settings.feed.time_scale))
        due_ms = clock.real_ms + away_ms + self._settlements.wait_ms(symbol, wait_ms)
        self._ctx.timers.arm(("funding", symbol), due_ms)

    def _is_missing(self, symbol: str, due_ms: int) -> bool:
        if self._settlements.is_told(symbol, due_ms):
            return False
        holding = self._positions.holdings.get(symbol)
        is_open = holding is not None and not holding.ignored and holding.memory.opened_ms <= due_ms
        return is_open or symbol in self._held
