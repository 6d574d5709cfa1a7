"""What happens at each closed bar: guardrails, exits, then the entry; and what a fill leads to."""

from __future__ import annotations

from typing import Final

from whalebot.decisions.performance.tracker import PerformanceTracker
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import RecordTrade
from whalebot.domain.enums import ClosedBy, ExecType, Level, Side, Signal
from whalebot.domain.events import Filled, FundingPaid, MarketBroken
from whalebot.domain.intervals import bar_close_ms
from whalebot.domain.orders import Execution, FundingPayment, OrderIntent, Purpose
from whalebot.domain.records import replace
from whalebot.domain.state import PositionMemory
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.account import Account
from whalebot.engine.context import Context
from whalebot.engine.entries import EntryDesk, Prepared, entry_side
from whalebot.engine.exits import ExitDesk
from whalebot.engine.funding import FundingDesk
from whalebot.engine.guard import Guard
from whalebot.engine.ledger import entry_price
from whalebot.engine.orders import OrderTracker, Settled
from whalebot.engine.positions import PositionManager
from whalebot.engine.signals import SymbolSignals

_FORCED: Final = {
    ExecType.BUST_TRADE: "liquidated",
    ExecType.ADL_TRADE: "deleveraged",
    ExecType.SETTLE: "settled",
    ExecType.DELIVERY: "delivered",
}


# So long after the decision the second leg of a reversal is still the trade that was decided on.
_SECOND_LEG_MS: Final = 5_000


class Trading:
    """Joins the desks. Owns the trades that are not on disk yet and the second legs of reversals."""

    def __init__(
        self,
        ctx: Context,
        tracker: OrderTracker,
        positions: PositionManager,
        account: Account,
        guard: Guard,
        entries: EntryDesk,
        exits: ExitDesk,
        signals: dict[str, SymbolSignals],
        performance: PerformanceTracker,
        funding: FundingDesk,
    ) -> None:
        self._ctx = ctx
        self._tracker = tracker
        self._positions = positions
        self._account = account
        self._guard = guard
        self._entries = entries
        self._exits = exits
        self._signals = signals
        self._funding = funding
        funding.record = self._record
        self._reversals: dict[str, tuple[Prepared, int, int]] = {}
        self._counted: set[str] = set()
        self.unrecorded: dict[str, ClosedTrade] = {}
        self.performance = performance

    # --- bars -----------------------------------------------------------------------------------------

    def on_analysis(self, analysis: Analysis) -> None:
        """Decide on a closed bar. A bar that is no longer the newest only moves signal and counters."""
        symbol = analysis.symbol
        signals = self._signals[symbol]
        signals.signal = analysis.signal
        signals.bar_closed()
        self._reversals.pop(symbol, None)
        self._entries.tell_costs(analysis)
        self._guard.observe()
        holding = self._positions.holdings.get(symbol)
        if holding is not None:
            held = self._bars_held(analysis, holding.memory)
            holding.memory = replace(holding.memory, bars_held=held)
        self._counted.add(symbol)
        if not self._is_due(analysis):
            return
        if holding is not None and not holding.memory.foreign and not holding.ignored:
            self._manage(analysis, holding.memory.side, holding.memory.bars_held)
        elif symbol not in self._positions.holdings:
            entry = self._entries.consider(analysis)
            if entry is not None:
                self._entries.send(entry)

    def _bars_held(self, analysis: Analysis, memory: PositionMemory) -> int:
        """Count this bar; with the first one of a run come those that closed while nobody was here."""
        held = memory.bars_held + 1
        if analysis.symbol in self._counted:
            return held
        bar_ms = bar_close_ms(analysis.close_ms, analysis.interval) - analysis.close_ms
        return max(held, -((memory.opened_ms - analysis.close_ms) // bar_ms))

    def _is_due(self, analysis: Analysis) -> bool:
        """True while the bar after this one has not closed yet."""
        following = bar_close_ms(analysis.close_ms, analysis.interval)
        if self._ctx.clock.last_event_ms < following:
            return True
        self._ctx.notice(
            Level.WARNING, "bar_late", "a newer bar has closed already: no decision", analysis.symbol
        )
        return False

    def _manage(self, analysis: Analysis, side: Side, bars_held: int) -> None:
        rules, symbol = self._ctx.settings.trade, analysis.symbol
        opposite = Signal.SELL if side is Side.BUY else Signal.BUY
        if rules.max_hold_bars is not None and bars_held >= rules.max_hold_bars:
            self._exits.close(symbol, ClosedBy.TIME_STOP)
        elif analysis.signal is opposite and rules.close_on_opposite_signal:
            reversal = None
            if rules.reverse_on_opposite_signal and entry_side(analysis) is side.opposite:
                reversal = self._entries.consider(analysis, reversing=True)
            if reversal is not None:
                self._reversals[symbol] = (reversal, self._exits.rounds, self._ctx.clock.real_ms)
            self._exits.close(symbol, ClosedBy.REVERSAL if reversal else ClosedBy.OPPOSITE_SIGNAL)

    def on_broken(self, event: MarketBroken) -> None:
        """Recorded prices have a gap or end: leave, and enter no second leg."""
        self._ctx.clock.saw(event.ts_ms, event.recv_ms)
        self._reversals.pop(event.symbol, None)
        self._exits.close_as(event.symbol, event.closes_as)

    # --- fills ----------------------------------------------------------------------------------------

    def on_filled(self, event: Filled) -> None:
        """Apply an execution once, however often and from wherever it comes."""
        fill = event.execution
        signals = self._signals.get(fill.symbol)
        if signals is None:
            return
        if not self._ctx.clock.believes(fill.ts_ms):
            fill = replace(fill, ts_ms=self._ctx.clock.now_ms)
        tracked = self._tracker.get(fill.order_link_id)
        intent = tracked.memory if tracked else None
        settled = self._tracker.on_fill(fill)
        if fill.exec_type.moves_position and signals.is_new(fill.exec_id, fill.ts_ms):
            self._account.on_fill(fill.ts_ms)
            was_flat = fill.symbol not in self._positions.holdings
            self._tell_forced(fill)
            trade = self._positions.on_fill(fill, intent)
            if was_flat:
                self._funding.on_opened(fill.symbol)
            if trade is not None:
                self.on_closed(trade)
        if settled is not None:
            self.on_settled(settled)

    def _tell_forced(self, fill: Execution) -> None:
        """The venue reduced the position on its own: say so, whether or not anything is left of it."""
        what = _FORCED.get(fill.exec_type)
        if what is not None:
            text = (
                f"{fill.side.value} {fill.qty} at {fill.price} ({fill.create_type or fill.exec_type.value})"
            )
            self._ctx.alert(Level.CRITICAL, "forced_fill", f"{fill.symbol}: {what} by the venue", text)

    def is_orphan(self, fill: Execution) -> bool:
        """True for a new fill that closes more than we know to be open: one before it was not told."""
        signals = self._signals.get(fill.symbol)
        if signals is None or signals.has_seen(fill.exec_id, fill.ts_ms) or not fill.exec_type.moves_position:
            return False
        return fill.closed_qty > abs(self._positions.held_qty(fill.symbol))

    def on_executions(self, executions: tuple[Execution | FundingPayment, ...], recv_ms: int) -> None:
        """Apply executions that were asked for, oldest first."""
        for item in executions:
            if isinstance(item, Execution):
                self.on_filled(Filled(item, recv_ms))
            else:
                self._funding.on_funding(FundingPaid(item, recv_ms))

    def on_settled(self, settled: Settled) -> None:
        """An order reached its end: anchor what it opened, or say why it did not."""
        intent = settled.memory.intent
        symbol = intent.symbol
        if settled.executed and intent.purpose is Purpose.ENTRY:
            self._on_entered(intent)
        elif settled.executed:
            self._exits.insist(symbol)
        else:
            self._ctx.notice(
                Level.WARNING,
                "order_ended",
                f"{intent.purpose.value} {intent.side.value} {intent.qty}: {settled.status} {settled.reason}",
                symbol,
                order_link_id=intent.order_link_id,
            )
            if intent.purpose is Purpose.EXIT:
                self._exits.on_refused(symbol)

    def _on_entered(self, intent: OrderIntent) -> None:
        symbol = intent.symbol
        self._positions.anchor(symbol)
        holding = self._positions.holdings.get(symbol)
        if holding is None:
            return
        memory = holding.memory
        self._ctx.notice(
            Level.INFO,
            "entry",
            f"{memory.side.value} {intent.qty} filled at {entry_price(memory)}, stop {memory.stop}, "
            f"target {memory.target}",
            symbol,
            order_link_id=intent.order_link_id,
        )
        score = "" if memory.entry_score is None else f", score {memory.entry_score:+.2f}"
        self._ctx.tell_owner(
            "entry",
            f"{symbol}: {memory.side.value} {intent.qty} at {entry_price(memory)}",
            f"stop {memory.stop}, target {memory.target}{score}",
        )
        if intent.closes_as is not None:
            self._exits.close(symbol, intent.closes_as)

    def on_closed(self, trade: ClosedTrade) -> None:
        """A position is gone: record it, count it, and send the second leg of a reversal."""
        self.unrecorded[trade.trade_id] = trade
        is_held = self._funding.holds(trade)
        self._guard.count(trade.pnl)
        self._signals[trade.symbol].exited(trade.exit_ms)
        if not is_held:
            self._record(trade)
        self._ctx.notice(
            Level.INFO,
            "trade_closed",
            f"{trade.side.value} {trade.qty} closed by {trade.closed_by.value} at {trade.exit_price}: "
            f"net {trade.pnl:+.2f} (price {trade.gross_pnl:+.2f}, fees {-trade.fees:+.2f}, "
            f"funding {-trade.funding:+.2f})",
            trade.symbol,
            trade_id=trade.trade_id,
            pnl=trade.pnl,
            closed_by=trade.closed_by.value,
        )
        self._ctx.tell_owner(
            "exit",
            f"{trade.symbol}: closed by {trade.closed_by.value}, net {trade.pnl:+.2f}",
            f"{trade.side.value} {trade.qty} from {trade.entry_price} to {trade.exit_price}",
        )
        self._send_second_leg(trade.symbol)

    def _record(self, trade: ClosedTrade) -> None:
        before = self.unrecorded.get(trade.trade_id)
        if before is not None and before.funding != trade.funding:
            text = f"funding {-trade.funding:+.2f} included, net {trade.pnl:+.2f}"
            self._ctx.notice(Level.INFO, "trade_corrected", text, trade.symbol, trade_id=trade.trade_id)
        self.unrecorded[trade.trade_id] = trade
        self._ctx.dirty = True
        self.performance.record(trade)
        self._ctx.emit(RecordTrade(trade))

    def _send_second_leg(self, symbol: str) -> None:
        """The first leg is gone: enter the other way, unless everything was to be closed since."""
        entry, rounds, decided_ms = self._reversals.pop(symbol, (None, 0, 0))
        if entry is None or rounds != self._exits.rounds or symbol in self._positions.holdings:
            return
        waited_ms = self._ctx.clock.real_ms - decided_ms
        if waited_ms > _SECOND_LEG_MS:
            text = f"the first leg took {waited_ms / 1000:.1f} s to close: not entering the other way"
            self._ctx.notice(Level.WARNING, "second_leg_late", text, symbol)
        elif self._entries.is_still_allowed(entry):
            self._entries.send(entry)
