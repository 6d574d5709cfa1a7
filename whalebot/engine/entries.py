"""From an analysis to an entry: direction, gate, size, and the order that carries its own stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from whalebot.decisions.risk.costs import cost_in_r, round_trip_cost
from whalebot.decisions.risk.gate import GateFacts, Refused, judge_entry
from whalebot.decisions.risk.sizing import Sized, SizingFacts, TooSmall, size_entry
from whalebot.decisions.risk.stops import initial_levels
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import SubmitOrder
from whalebot.domain.enums import Level, Side
from whalebot.domain.orders import OrderIntent, Purpose
from whalebot.domain.records import replace
from whalebot.domain.state import IntentMemory
from whalebot.engine.account import Account
from whalebot.engine.context import Context
from whalebot.engine.guard import Guard
from whalebot.engine.link_ids import LinkIds
from whalebot.engine.market import SymbolMarket
from whalebot.engine.orders import OrderTracker
from whalebot.engine.positions import PositionManager
from whalebot.engine.signals import SymbolSignals
from whalebot.engine.sync import IN_FLIGHT

# A score this close below the threshold has reached it.
_EDGE: Final = 1e-9


def entry_side(analysis: Analysis) -> Side | None:
    """Return the side this very bar asks for, None where its score does not reach the threshold."""
    if not analysis.may_enter or analysis.atr <= 0:
        return None
    if analysis.score >= analysis.threshold - _EDGE:
        return Side.BUY
    return Side.SELL if analysis.score <= -analysis.threshold + _EDGE else None


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry that passed the gate and was sized; not sent yet."""

    analysis: Analysis
    side: Side
    sized: Sized


class EntryDesk:
    """Judges and sends entries. `blocked_by` tells what is not ready for a symbol."""

    def __init__(
        self,
        ctx: Context,
        markets: dict[str, SymbolMarket],
        tracker: OrderTracker,
        link_ids: LinkIds,
        positions: PositionManager,
        account: Account,
        guard: Guard,
        signals: dict[str, SymbolSignals],
        blocked_by: Callable[[str], tuple[str, ...]],
    ) -> None:
        self._ctx = ctx
        self._markets = markets
        self._tracker = tracker
        self._link_ids = link_ids
        self._positions = positions
        self._account = account
        self._guard = guard
        self._signals = signals
        self._blocked_by = blocked_by
        self.sent = 0
        self.clock_offset_ms: int | None = None
        self._told: set[str] = set()

    def consider(self, analysis: Analysis, reversing: bool = False) -> Prepared | None:
        """Return the entry this bar asks for, if nothing speaks against it.

        `reversing`: the second leg of a reversal; its own symbol's position is about to be gone.
        """
        side = entry_side(analysis)
        if side is None or not self._ctx.settings.trade.enabled:
            return None
        instrument = self._ctx.instruments.get(analysis.symbol)
        if instrument is None:
            self._refuse(analysis, side, Refused("not_ready", "instrument rules unknown"))
            return None
        reasons = judge_entry(
            self._facts(analysis, reversing), self._ctx.settings.trade, self._ctx.settings.guardrails
        )
        if reasons:
            self._refuse(analysis, side, reasons[0])
            return None
        sized = self._size(analysis, reversing)
        if isinstance(sized, TooSmall):
            self._refuse(analysis, side, Refused(sized.rule, sized.detail))
            return None
        return Prepared(analysis, side, sized)

    def is_still_allowed(self, entry: Prepared) -> bool:
        """Judge the second leg of a reversal again, now that the first is gone.

        The exit of the first leg may still be in flight where a stop came first: it only reduces, and to the
        side of the second leg. The cooldowns were judged at the decision; the price has moved since.
        """
        analysis = entry.analysis
        facts = self._facts(analysis, reversing=True)
        price = self._markets[analysis.symbol].last_price
        facts = replace(
            facts,
            price=facts.price if price is None else float(price),
            blocked_by=tuple(reason for reason in facts.blocked_by if reason != IN_FLIGHT),
            cooldown_until_ms=None,
            cooldown_bars_left=0,
        )
        reasons = judge_entry(facts, self._ctx.settings.trade, self._ctx.settings.guardrails)
        if reasons:
            self._refuse(analysis, entry.side, reasons[0])
        return not reasons

    def tell_costs(self, analysis: Analysis) -> None:
        """Say once what a round trip costs as a share of the risk, at this bar's volatility."""
        symbol, rules = analysis.symbol, self._ctx.settings.trade
        instrument = self._ctx.instruments.get(symbol)
        if symbol in self._told or instrument is None or analysis.atr <= 0:
            return
        self._told.add(symbol)
        price = float(analysis.close)
        spread = self._markets[symbol].spread()
        cost = round_trip_cost(price, float(instrument.tick_size), spread, rules.costs)
        share = cost_in_r(price, analysis.atr, rules.stop_loss_atr, cost)
        self._ctx.notice(
            Level.INFO,
            "costs",
            f"a round trip costs {share:.2f} R at this volatility: {cost:.6g} of price, with the stop "
            f"{rules.stop_loss_atr * analysis.atr:.6g} away",
            symbol,
            cost_in_r=round(share, 4),
        )

    def _refuse(self, analysis: Analysis, side: Side, reason: Refused) -> None:
        self._guard.refusals[reason.rule] += 1
        self._ctx.notice(
            Level.INFO,
            "entry_refused",
            f"{side.value} at score {analysis.score:+.2f} refused: {reason.rule}: {reason.detail}",
            analysis.symbol,
            rule=reason.rule,
            score=analysis.score,
        )

    def _facts(self, analysis: Analysis, reversing: bool) -> GateFacts:
        symbol, ctx = analysis.symbol, self._ctx
        market, memory = self._markets[symbol], self._guard.memory
        instrument = ctx.instruments[symbol]
        price = float(analysis.close)
        cost = round_trip_cost(price, float(instrument.tick_size), market.spread(), ctx.settings.trade.costs)
        mine = int(symbol in self._positions.holdings or self._tracker.has(symbol, Purpose.ENTRY))
        waiting = {t.symbol for t in self._tracker.in_flight() if t.memory.intent.purpose is Purpose.ENTRY}
        total = len(self._positions.holdings.keys() | waiting)
        signals, venue_ms = self._signals[symbol], self._venue_ms()
        return GateFacts(
            now_ms=ctx.clock.now_ms,
            blocked_by=self._blocked_by(symbol),
            ticker_age_ms=market.ticker_age_ms(ctx.clock.real_ms, venue_ms),
            book_age_ms=market.book_age_ms(ctx.clock.real_ms, venue_ms),
            needs_book=ctx.settings.feed.has_book,
            clock_offset_ms=self.clock_offset_ms,
            spread=market.spread(),
            price=price,
            mark_price=None if market.mark_price is None else float(market.mark_price),
            target_distance=ctx.settings.trade.take_profit_atr * analysis.atr,
            round_trip_cost=cost,
            open_positions=total - (mine if reversing else 0),
            positions_of_symbol=0 if reversing else mine,
            recent_orders=self._tracker.sent_within_minute(ctx.clock.now_ms),
            next_funding_ms=market.next_funding_ms,
            paused_until_ms=memory.paused_until_ms,
            pause_rule=memory.pause_rule,
            manual_pause=memory.manual_pause,
            cooldown_until_ms=signals.cooldown_until(ctx.settings.trade.cooldown_ms),
            cooldown_bars_left=signals.cooldown_bars_left(ctx.settings.trade.cooldown_bars),
            instrument=instrument,
            bar_age_ms=None if venue_ms is None else venue_ms - analysis.close_ms,
        )

    def _venue_ms(self) -> int | None:
        """The venue's clock now, ms UTC; None where it was not measured or the market has its own time."""
        clock = self._ctx.clock
        if clock.max_ahead_ms is None or self.clock_offset_ms is None:
            return None
        return clock.venue_ms

    def _available(self, without: str | None) -> Decimal:
        """What is free for margin, less what entries on their way will take."""
        leverage = self._ctx.settings.trade.leverage
        taken = Decimal(0)
        for tracked in self._tracker.in_flight():
            intent, price = tracked.memory.intent, self._markets[tracked.symbol].last_price
            if intent.purpose is Purpose.ENTRY and price is not None:
                taken += (intent.qty - tracked.filled) * price / leverage
        return max(Decimal(0), self._account.available(without) - taken)

    def _size(self, analysis: Analysis, reversing: bool) -> Sized | TooSmall:
        limits = self._ctx.settings.guardrails
        equity = self._account.equity()
        facts = SizingFacts(
            equity=float(equity) if equity is not None else 0.0,
            available=float(self._available(analysis.symbol if reversing else None)),
            price=float(analysis.close),
            atr=analysis.atr,
            spread=self._markets[analysis.symbol].spread(),
            max_notional=limits.max_position_notional if limits.enabled else None,
        )
        return size_entry(facts, self._ctx.instruments[analysis.symbol], self._ctx.settings.trade)

    def send(self, entry: Prepared) -> None:
        """Make the order of a prepared entry; the state document that names it goes to disk first."""
        analysis, side, sized = entry.analysis, entry.side, entry.sized
        ctx, symbol, rules = self._ctx, analysis.symbol, self._ctx.settings.trade
        stop, target = initial_levels(
            ctx.instruments[symbol],
            side,
            float(analysis.close),
            analysis.atr,
            rules.stop_loss_atr,
            rules.take_profit_atr,
        )
        intent = OrderIntent(
            order_link_id=self._link_ids.mint(symbol),
            symbol=symbol,
            side=side,
            qty=sized.qty,
            purpose=Purpose.ENTRY,
            created_ms=ctx.clock.reached_ms,
            sent_ms=ctx.clock.real_ms,
            stop_loss=stop,
            take_profit=target,
            trigger_by=rules.trigger_by,
            position_idx=ctx.hedge_idx(symbol, side),
        )
        self._tracker.add(IntentMemory(intent, False, "", analysis.score, analysis.breakdown, analysis.atr))
        self._signals[symbol].entered(ctx.clock.now_ms)
        self.sent += 1
        limited = f" (limited by {sized.limited_by})" if sized.limited_by else ""
        ctx.notice(
            Level.INFO,
            "entry_sent",
            f"sent {side.value} {sized.qty} near {analysis.close}, score {analysis.score:+.2f}, stop {stop}, "
            f"target {target}{limited}",
            symbol,
            order_link_id=intent.order_link_id,
            score=analysis.score,
            atr=analysis.atr,
        )
        ctx.emit(SubmitOrder(intent))
