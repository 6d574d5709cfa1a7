"""The open positions: born and ended by fills, protected at the venue, trailed by prices."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from whalebot.decisions.risk.settings import Adopt
from whalebot.domain.enums import ClosedBy, Level
from whalebot.domain.events import StopAmended
from whalebot.domain.orders import Execution, FundingPayment, PositionReport, Purpose
from whalebot.domain.records import replace
from whalebot.domain.state import IntentMemory, PositionMemory
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.context import Context
from whalebot.engine.finished import Finished
from whalebot.engine.foreign import ForeignDesk, is_other_side
from whalebot.engine.holding import Holding, anchor, follow_price
from whalebot.engine.ledger import (
    cash_of,
    closed_by,
    fired_whole,
    open_from_fill,
    open_qty,
    signed_qty,
    take_fill,
)
from whalebot.engine.market import SymbolMarket
from whalebot.engine.missing import Mended
from whalebot.engine.position_mode import ModeWatch
from whalebot.engine.protection import Protection

_ZERO = Decimal(0)


def _nobody(symbol: str, ts_ms: int, amount: Decimal | None) -> None:
    """Nobody listens."""


class PositionManager:
    """Owns every holding.

    `foreign` treats those that are not ours, `modes` watches the account's mode; `finished` has the last one
    of each symbol that ended. `booked` hears of every change of cash: symbol, market time in ms, amount in
    quote (None: not known). `close` is called with (symbol, reason) when a position must leave at market;
    `atr_of` gives a symbol's newest ATR in quote, 0 while warming.
    """

    def __init__(
        self,
        ctx: Context,
        markets: dict[str, SymbolMarket],
        close: Callable[[str, ClosedBy], None],
        atr_of: Callable[[str], float],
    ) -> None:
        self._ctx = ctx
        self._markets = markets
        self._close = close
        self._protection = Protection(ctx)
        self.holdings: dict[str, Holding] = {}
        self.foreign = ForeignDesk(ctx, markets, self.holdings, self._protection, close, atr_of)
        self.modes = ModeWatch(ctx, self.holdings)
        self.closed_real_ms: dict[str, int] = {}
        self.finished: dict[str, Finished] = {}
        self.booked: Callable[[str, int, Decimal | None], None] = _nobody

    def restore(self, memories: tuple[PositionMemory, ...]) -> None:
        """Take up the positions the last run remembered; the venue will say whether they are still there."""
        for memory in memories:
            self.holdings[memory.symbol] = Holding(memory, unheard=True)

    def memories(self) -> tuple[PositionMemory, ...]:
        """Return what must survive a restart."""
        return tuple(h.memory for h in self.holdings.values() if not h.ignored)

    def held_qty(self, symbol: str) -> Decimal:
        """Return the signed open quantity, 0 when flat."""
        holding = self.holdings.get(symbol)
        return signed_qty(holding.memory) if holding else _ZERO

    # --- fills and funding ----------------------------------------------------------------------------

    def on_fill(self, fill: Execution, intent: IntentMemory | None) -> ClosedTrade | None:
        """Apply a fill that moves the position; return the trade it closed, if any."""
        self._ctx.dirty = True
        holding = self.holdings.get(fill.symbol)
        if holding is None:
            # What only closes opens nothing, whatever it closed.
            if fill.closed_qty < fill.qty:
                self._open(fill, intent, fill.qty - fill.closed_qty)
            else:
                self.booked(fill.symbol, fill.ts_ms, None)
            return None
        if is_other_side(self._ctx.is_hedged(fill.symbol), holding, fill) or _is_before(holding, fill):
            self.booked(fill.symbol, fill.ts_ms, None)
            return None
        before = cash_of(holding.memory)
        holding.memory, leftover = take_fill(holding.memory, fill)
        self.booked(fill.symbol, fill.ts_ms, cash_of(holding.memory) - before)
        holding.last_fill_real_ms = self._ctx.clock.real_ms
        trade = None
        if open_qty(holding.memory) == 0:
            trade = self._end(holding, fill, intent)
        elif (reason := fired_whole(fill, holding.memory)) is not None:
            self._leave_rest(holding, reason)
        if (opens := min(leftover, fill.qty - fill.closed_qty)) > 0:
            self._open(fill, intent, opens)
        return trade

    def on_funding(self, payment: FundingPayment) -> bool:
        """Book a funding settlement on the open position; False when there was none then."""
        self.booked(payment.symbol, payment.ts_ms, -payment.amount)
        holding = self.holdings.get(payment.symbol)
        if holding is None or (not holding.memory.foreign and payment.ts_ms < holding.memory.opened_ms):
            return False
        holding.memory = replace(holding.memory, funding=holding.memory.funding + payment.amount)
        self._ctx.dirty = True
        return True

    def _open(self, fill: Execution, intent: IntentMemory | None, qty: Decimal) -> None:
        if intent is not None and intent.intent.purpose is not Purpose.ENTRY:
            intent = None
        leverage = self._ctx.settings.trade.leverage
        memory = open_from_fill(fill, intent, qty, leverage)
        self.booked(fill.symbol, fill.ts_ms, cash_of(memory))
        if intent is not None:
            memory = replace(memory, stop=intent.intent.stop_loss, target=intent.intent.take_profit)
        else:
            memory = replace(memory, position_idx=self._ctx.hedge_idx(fill.symbol, fill.side))
        holding = Holding(
            memory,
            asked_stop=memory.stop,
            asked_target=memory.target,
            last_fill_real_ms=self._ctx.clock.real_ms,
        )
        holding.ignored = intent is None and self.foreign.adopts is Adopt.IGNORE
        self.holdings[fill.symbol] = holding
        self._protection.watch(holding)

    def _end(self, holding: Holding, fill: Execution, intent: IntentMemory | None) -> ClosedTrade | None:
        reason = closed_by(fill, holding.memory, intent)
        last = self._markets[fill.symbol].last_price
        return self._finish(
            holding, holding.memory.last_fill_ms, _exit_level(holding.memory, reason, last), reason
        )

    def _finish(
        self, holding: Holding, exit_ms: int, level: Decimal | None, reason: ClosedBy
    ) -> ClosedTrade | None:
        self._drop(holding.memory.symbol)
        if holding.ignored:
            return None
        settings, memory = self._ctx.settings, holding.memory
        if memory.initial_stop is None and not memory.foreign:
            # Over before the entry was known to be complete: what it had is the stop that rode in the order.
            memory = replace(memory, initial_stop=memory.stop)
        finished = Finished(memory, exit_ms, level, reason, settings.label, settings.config_hash)
        self.finished[memory.symbol] = finished
        return finished.trade()

    def _leave_rest(self, holding: Holding, reason: ClosedBy) -> None:
        """A stop or target of the whole position fired: what it does not fill in a moment is closed too."""
        symbol = holding.memory.symbol
        if holding.memory.closing_as is None and not holding.ignored:
            holding.memory = replace(holding.memory, closing_as=reason)
        due_ms = self._ctx.clock.real_ms + self._ctx.settings.timing.rest_wait_ms
        self._ctx.timers.arm(("rest", symbol), due_ms)

    def on_rest_timer(self, symbol: str) -> None:
        """A stop or target that fired left something open: close it."""
        holding = self.holdings.get(symbol)
        if holding is None or holding.memory.closing_as is None:
            return
        self._ctx.notice(
            Level.WARNING,
            "filled_in_part",
            f"{holding.memory.closing_as.value} filled in part, {open_qty(holding.memory)} left: closing it",
            symbol,
        )
        self._close(symbol, holding.memory.closing_as)

    def _drop(self, symbol: str) -> None:
        del self.holdings[symbol]
        self.closed_real_ms[symbol] = self._ctx.clock.real_ms
        for key in ("protect", "stop_retry", "rest"):
            self._ctx.timers.cancel((key, symbol))

    # --- stops ----------------------------------------------------------------------------------------

    def anchor(self, symbol: str) -> None:
        """The entry is complete: put stop and target on the true entry price, once its rules are known."""
        holding = self.holdings.get(symbol)
        instrument = self._ctx.instruments.get(symbol)
        if holding is None or instrument is None or holding.anchored or holding.memory.foreign:
            return
        holding.memory = anchor(holding.memory, instrument, self._ctx.settings.trade)
        self._ctx.dirty = True
        self._protection.want(holding)

    def on_price(self, symbol: str, high: Decimal, low: Decimal, last: Decimal) -> None:
        """Follow a price: best and worst seen, and the stop that follows from them."""
        holding = self.holdings.get(symbol)
        instrument = self._ctx.instruments.get(symbol)
        if holding is None or instrument is None or holding.ignored:
            return
        if not holding.anchored:
            return
        before = holding.memory.stop
        spread = self._markets[symbol].spread()
        rules = self._ctx.settings.trade
        holding.memory = follow_price(holding.memory, high, low, last, spread, instrument, rules)
        if holding.is_past_refused_stop(last):
            self._close(symbol, ClosedBy.TRAILING_STOP)
        elif holding.memory.stop != before:
            self._protection.want(holding)

    def on_report(self, report: PositionReport) -> None:
        """Take what the venue says about a position we hold, and of its mode."""
        self.modes.on_report(report)
        holding = self.holdings.get(report.symbol)
        if holding is None or report.qty == 0 or report.side is not holding.memory.side:
            return
        if report.position_idx == holding.memory.position_idx:
            self._protection.on_report(holding, report)

    def on_stop_amended(self, event: StopAmended) -> None:
        """Take the answer to a stop change."""
        holding = self.holdings.get(event.symbol)
        price = self._markets[event.symbol].last_price
        reason = self._protection.on_answer(holding, event, price) if holding is not None else None
        if reason is ClosedBy.KILL:
            self._protection.tell_bare(event.symbol, "the venue refuses one")
        if reason is not None:
            self._close(event.symbol, reason)

    def on_protect_timer(self, symbol: str) -> None:
        """A stop is not confirmed yet: repair it, or close the position when the time is over."""
        holding = self.holdings.get(symbol)
        if holding is None or holding.ignored:
            return
        if holding.memory.foreign:
            self.foreign.treat(holding)
        elif self._protection.on_timer(holding):
            self._protection.tell_bare(symbol, "it could not be confirmed in time")
            self._close(symbol, ClosedBy.KILL)

    def on_stop_retry(self, symbol: str) -> None:
        """Send a stop again whose outcome stayed unknown."""
        holding = self.holdings.get(symbol)
        if holding is not None:
            self._protection.want(holding)

    def mend(self, symbol: str, mended: Mended) -> ClosedTrade | None:
        """Take over what the venue has of a position; return the trade where that is nothing any more."""
        holding = self.holdings[symbol]
        gained = cash_of(mended.memory) - cash_of(holding.memory)
        self.booked(symbol, mended.exit_ms, gained if mended.explained else None)
        holding.memory = mended.memory
        self._ctx.dirty = True
        if open_qty(holding.memory) > 0:
            return None
        return self._finish(holding, mended.exit_ms, None, mended.closed_by)


def _exit_level(memory: PositionMemory, reason: ClosedBy, last: Decimal | None) -> Decimal | None:
    """The price that ended it, without slippage: the level that fired, else the price just seen."""
    if reason in (ClosedBy.STOP_LOSS, ClosedBy.TRAILING_STOP):
        return memory.stop
    return memory.target if reason is ClosedBy.TAKE_PROFIT else last


def _is_before(holding: Holding, fill: Execution) -> bool:
    """True for a close that is told after the next position was opened: it belongs to the one before."""
    memory = holding.memory
    return not memory.foreign and fill.closed_qty == fill.qty and fill.ts_ms < memory.opened_ms
