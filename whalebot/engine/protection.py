"""Keeps a stop at the venue under every position: confirmed, repaired once, else the position is closed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from whalebot.domain.effects import AmendStop
from whalebot.domain.enums import ClosedBy, Level
from whalebot.domain.events import StopAmended
from whalebot.domain.orders import PositionReport
from whalebot.engine.context import Context
from whalebot.engine.holding import Holding, beyond, reached, report_is_newer
from whalebot.engine.ledger import entry_price

_NEAR_ADL: Final = 4


class Protection:
    """Sends stops, at most one change in flight per position, and watches that they are there."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def watch(self, holding: Holding) -> None:
        """Start the clock: the stop must be seen at the venue within the limit."""
        if holding.unprotected_since is None and not holding.ignored:
            holding.unprotected_since = self._ctx.clock.real_ms
            holding.repair_sent = False
            self._arm(holding, self._ctx.settings.timing.stop_check_ms)

    def on_report(self, holding: Holding, report: PositionReport) -> None:
        """Take what the venue says about stop and target."""
        if not report_is_newer(holding, report):
            return
        holding.unheard = False
        holding.refusals = holding.not_before_ms = 0
        self._warn_of_adl(holding, report)
        if self._ctx.clock.believes(report.updated_ms):
            holding.report_updated_ms = report.updated_ms
        if report.stop_loss is None and report.trailing_stop is None:
            # A report that left before our change was carried out must not undo its confirmation.
            if holding.amend is None:
                holding.venue_stop, holding.venue_target = None, report.take_profit
            self.watch(holding)
            return
        holding.venue_target = report.take_profit
        if report.stop_loss is not None:
            self._confirm(holding, report.stop_loss)
            self._compare(holding, report.stop_loss)

    def tell_bare(self, symbol: str, why: str) -> None:
        """Tell the owner that a position is closed because it has no stop."""
        title, text = f"{symbol}: no stop at the venue", f"{why}; closing the position at market"
        self._ctx.alert(Level.CRITICAL, "unprotected", title, text)

    def _warn_of_adl(self, holding: Holding, report: PositionReport) -> None:
        near = report.adl_rank >= _NEAR_ADL
        if near and not holding.adl_told:
            self._ctx.alert(
                Level.WARNING,
                "adl_near",
                f"{report.symbol}: near the front of the deleveraging queue",
                f"rank {report.adl_rank} of 5: the venue may close this position at the bankruptcy price of "
                "others; less size or less leverage moves it back",
            )
        holding.adl_told = near

    def want(self, holding: Holding) -> None:
        """Send the stop and target the position should have, if they differ and nothing is in flight."""
        memory = holding.memory
        if memory.stop is None or holding.amend is not None or holding.ignored:
            return
        if holding.unheard:
            # The last run may have moved the stop after its last save: what is remembered may be the worse.
            return
        stop = holding.venue_stop if holding.venue_stop is not None else holding.asked_stop
        same_target = memory.target in (None, holding.target_there, holding.refused_target)
        if memory.stop in (stop, holding.refused_stop) and same_target:
            return
        if self._ctx.clock.real_ms < holding.not_before_ms:
            self._ctx.timers.arm(("stop_retry", memory.symbol), holding.not_before_ms)
            return
        self._send(holding, memory.stop)

    def on_answer(self, holding: Holding, event: StopAmended, price: Decimal | None) -> ClosedBy | None:
        """Take the answer to a change; return why the position must be closed now, None where it need not.

        KILL: there is no stop at the venue and it takes none.
        """
        sent = holding.amend
        if sent is None or sent.request_no != event.request_no:
            return None
        holding.amend = None
        if event.done or event.refused:
            self._ctx.recovered("stop_unknown", holding.memory.symbol)
        if event.done:
            holding.refused_stop = None
            holding.refusals = holding.not_before_ms = 0
            holding.replaced_stop = holding.venue_stop or holding.asked_stop
            holding.venue_target = sent.take_profit if sent.take_profit is not None else holding.venue_target
            if sent.stop_loss is not None:
                holding.taken_stop = sent.stop_loss
                self._confirm(holding, sent.stop_loss)
            self.want(holding)
            return None
        what = "not moved, the venue refused" if event.refused else "sent, no answer yet, asking again"
        has = "no stop" if holding.venue_stop is None else holding.venue_stop
        text = f"stop {sent.stop_loss} {what}: {event.reason} ({event.ret_code}); the venue has {has}"
        if event.refused:
            self._ctx.notice(Level.WARNING, "stop_refused", text, holding.memory.symbol)
        else:
            self._ctx.trouble("stop_unknown", text, holding.memory.symbol)
            # Setting a stop again changes nothing when it arrived the first time.
            self._ctx.timers.arm(
                ("stop_retry", holding.memory.symbol),
                self._ctx.clock.real_ms + self._ctx.settings.timing.stop_check_ms // 2,
            )
            return None
        if sent.take_profit is not None:
            return self._give_up_target(holding, sent, price)
        return self._roll_back(holding, sent, price)

    def on_timer(self, holding: Holding) -> bool:
        """Check a position whose stop was not confirmed; True when it must be closed."""
        since = holding.unprotected_since
        if since is None:
            return False
        waited = self._ctx.clock.real_ms - since
        timing = self._ctx.settings.timing
        if waited >= timing.stop_limit_ms:
            return True
        if not holding.repair_sent and holding.amend is None and holding.memory.stop is not None:
            holding.repair_sent = True
            self._ctx.notice(
                Level.WARNING, "stop_repair", "no stop seen at the venue: setting it", holding.memory.symbol
            )
            self._send(holding, holding.memory.stop)
        self._arm(holding, timing.stop_limit_ms - waited)
        return False

    def _send(self, holding: Holding, stop: Decimal) -> None:
        memory, rules = holding.memory, self._ctx.settings.trade
        distance = active = None
        instrument = self._ctx.instruments.get(memory.symbol)
        trails = rules.native_trailing and rules.stops.trailing and not memory.foreign
        if trails and not memory.stop_moved and instrument is not None:
            distance = instrument.ceil_level(rules.stops.trail_distance * memory.atr)
            trigger = float(entry_price(memory)) + memory.side.sign * rules.stops.trail_trigger * memory.atr
            active = instrument.target_level(trigger, memory.side)
        # A target that the price has passed meanwhile would be refused, and the stop with it.
        keeps = memory.target in (holding.target_there, holding.refused_target)
        holding.amend = AmendStop(
            memory.symbol,
            self._ctx.next_request_no(),
            memory.position_idx,
            stop,
            None if keeps else memory.target,
            rules.trigger_by,
            distance,
            active,
        )
        # Written down before it leaves: where a kill comes between, no later start asks for a worse stop.
        self._ctx.dirty = True
        self._ctx.emit(holding.amend)

    def _confirm(self, holding: Holding, stop: Decimal) -> None:
        memory, before = holding.memory, holding.venue_stop
        holding.venue_stop = stop
        holding.unprotected_since = None
        self._ctx.timers.cancel(("protect", memory.symbol))
        initial = memory.initial_stop
        is_ours = stop == memory.stop
        if (
            is_ours
            and initial is not None
            and memory.side.sign * (stop - initial) > 0
            and not memory.stop_moved
        ):
            holding.memory = replace(memory, stop_moved=True)
            self._ctx.dirty = True
        if initial is not None and stop == memory.stop and stop not in (initial, before):
            self._ctx.notice(
                Level.INFO,
                "stop_moved",
                f"stop moved to {stop}",
                memory.symbol,
                stop=stop,
                initial_stop=initial,
            )

    def _compare(self, holding: Holding, stop: Decimal) -> None:
        """Keep a better stop than ours that the venue has (moved before a restart, or by hand); mend a worse.

        A report of the stop we just replaced is only late.
        """
        memory = holding.memory
        if memory.foreign or not holding.anchored or holding.amend is not None or memory.stop is None:
            return
        better = memory.side.sign * (stop - memory.stop)
        if better > 0 and stop != holding.replaced_stop:
            holding.memory = replace(memory, stop=stop, stop_moved=True)
            self._ctx.dirty = True
        elif better < 0:
            self.want(holding)

    def _give_up_target(self, holding: Holding, sent: AmendStop, price: Decimal | None) -> ClosedBy | None:
        """Stop and target were refused together: take what the price reached, else set the stop alone."""
        memory = holding.memory
        if sent.take_profit is not None and price is not None and reached(memory, sent.take_profit, price):
            return ClosedBy.TAKE_PROFIT
        holding.refused_target = sent.take_profit
        if sent.stop_loss is not None:
            self._send(holding, sent.stop_loss)
        return None

    def _roll_back(self, holding: Holding, sent: AmendStop, price: Decimal | None) -> ClosedBy | None:
        memory, stop = holding.memory, sent.stop_loss
        holding.refused_stop = stop
        # What the venue took before and does not take now has fired: a rest of it needs no worse one.
        fired = stop is not None and stop == holding.taken_stop
        passed = fired or (stop is not None and price is not None and beyond(memory, stop, price))
        reason = ClosedBy.TRAILING_STOP if stop != memory.initial_stop else ClosedBy.STOP_LOSS
        if passed and memory.initial_stop is not None:
            # A stop that could still be placed would fire at once, the first one too.
            return reason
        if holding.venue_stop is None:
            if not holding.repair_sent or memory.foreign:
                return None
            return reason if passed else ClosedBy.KILL
        if passed:
            return None
        holding.memory = replace(memory, stop=holding.venue_stop)
        self._ctx.dirty = True
        holding.refusals += 1
        if holding.refusals > 1:
            # Perhaps the position is gone, and each price would be refused one more.
            holding.not_before_ms = self._ctx.clock.real_ms + self._ctx.settings.timing.stop_check_ms
        return None

    def _arm(self, holding: Holding, after_ms: int) -> None:
        self._ctx.timers.arm(("protect", holding.memory.symbol), self._ctx.clock.real_ms + after_ms)
