"""Counts what passes the loop: events, orders, signals, trades, and the time without a stop.

Written by the loop's thread alone, a fraction of a µs an event; read by any thread.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any, Final, get_args

from whalebot.domain import events as ev
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Alert, Effect, PublishView, RecordTrade, SubmitOrder
from whalebot.domain.tally import SymbolResult, Tallied
from whalebot.domain.trade import ClosedTrade
from whalebot.domain.view import SymbolView, View
from whalebot.runtime.buckets import Buckets
from whalebot.runtime.loop import EngineLike
from whalebot.runtime.order_tally import OrderTally

_REMEMBERED_TRADES: Final = 500
_BAR_DELAY_EDGES_S: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
# A picture comes four times a second; after a longer gap nobody knows what was in between.
_LONGEST_GAP_MS: Final = 10_000


class Tally:
    """All counters of one run. `keeps_time`: the market's clock is that of the real world.

    `events` counts the events by type, `heard` holds the types that say more than that they came.
    """

    def __init__(self, keeps_time: bool) -> None:
        self._orders = OrderTally()
        self._trades = _Trades()
        self._views = _Views()
        self._bar_delay = Buckets(_BAR_DELAY_EDGES_S)
        self._offset_ms = 0
        self.events: dict[type, int] = dict.fromkeys(get_args(ev.Event), 0)
        self._alerts: Counter[str] = Counter()
        orders = self._orders
        self.heard: dict[type, Callable[[Any], None]] = {
            ev.OrderAccepted: orders.accepted,
            ev.OrderRefused: orders.refused,
            ev.OutcomeUnknown: orders.unknown,
            ev.OrderUpdated: orders.updated,
            ev.OrderLookedUp: orders.looked_up,
            ev.Filled: orders.filled,
            ev.ClockSkew: self._on_clock,
            ev.TradeRecorded: lambda e: self._trades.written(e.trade),
        }
        if keeps_time:
            self.heard[ev.CandleClosed] = self._on_bar
        self._on_effect: dict[type, Callable[[Any], None]] = {
            PublishView: lambda e: self._views.saw(e.view),
            SubmitOrder: lambda e: orders.sent(e.intent, self._views.last_price(e.intent.symbol)),
            RecordTrade: lambda e: self._trades.recorded(e.trade),
            Alert: self._on_alert,
        }

    def note(self, event: ev.Event, effects: Sequence[Effect]) -> None:
        """Count what an event of `heard` says, and what came of any. The loop's thread; never raises."""
        handler = self.heard.get(type(event))
        if handler is not None:
            handler(event)
        for effect in effects:
            handler = self._on_effect.get(type(effect))
            if handler is not None:
                handler(effect)

    def read(self) -> Tallied:
        """Return what was counted so far. Any thread."""
        events = {kind.__name__: count for kind, count in self.events.copy().items() if count}
        return Tallied(
            events=tuple(sorted(events.items())),
            orders=_pairs(self._orders.results),
            order_latency=self._orders.latency(),
            slippage=self._orders.slippage(),
            signals=_pairs(self._views.signals),
            bar_delay=self._bar_delay.histogram(),
            alerts=_pairs(self._alerts),
            trades=tuple(sorted(self._trades.counts.copy().items())),
            results=self._trades.results(),
            unprotected_s=self._views.unprotected_ms[False] / 1000,
            foreign_unprotected_s=self._views.unprotected_ms[True] / 1000,
        )

    def _on_clock(self, event: ev.ClockSkew) -> None:
        self._offset_ms = event.offset_ms

    def _on_bar(self, event: ev.CandleClosed) -> None:
        self._bar_delay.add(max(0, event.recv_ms + self._offset_ms - event.candle.close_ms) / 1000)

    def _on_alert(self, alert: Alert) -> None:
        self._alerts[alert.kind] += 1


class CountedEngine:
    """`EngineLike` that passes everything on and counts it."""

    def __init__(self, engine: EngineLike, tally: Tally) -> None:
        self._engine = engine
        self._count = tally.events
        self._heard = tally.heard
        self._note = tally.note
        self.ms_to_next_timer = engine.ms_to_next_timer

    def start(self, real_ms: int) -> Sequence[Effect]:
        """Return the effects of beginning; what an earlier run left to be recorded is not counted."""
        return self._engine.start(real_ms)

    def process(self, event: ev.Event) -> Sequence[Effect]:
        """Take one event, return its effects in order."""
        effects = self._engine.process(event)
        kind = type(event)
        self._count[kind] += 1
        if effects or kind in self._heard:
            self._note(event, effects)
        return effects


class _Views:
    """What can only be seen in the pictures: the signal after each bar, and positions without a stop."""

    def __init__(self) -> None:
        self._analyses: dict[str, Analysis] = {}
        self._bare: dict[str, bool] = {}
        self._view: View | None = None
        self.signals: Counter[str] = Counter()
        self.unprotected_ms = {False: 0, True: 0}

    def saw(self, view: View) -> None:
        """Take the next picture. What it shares with the one before is not looked at again."""
        before, self._view = self._view, view
        shown: tuple[SymbolView, ...] = ()
        if before is not None:
            shown = before.symbols
            passed_ms = min(view.real_ms - before.real_ms, _LONGEST_GAP_MS)
            if passed_ms > 0:
                for is_foreign in self._bare.values():
                    self.unprotected_ms[is_foreign] += passed_ms
        for symbol, old in zip_longest(view.symbols, shown):
            if symbol is not old and symbol is not None:
                self._look(symbol)

    def last_price(self, symbol: str) -> Decimal | None:
        """Return a symbol's last price in the newest picture."""
        if self._view is not None:
            for shown in self._view.symbols:
                if shown.symbol == symbol:
                    return shown.last_price
        return None

    def _look(self, symbol: SymbolView) -> None:
        analysis, position = symbol.analysis, symbol.position
        if analysis is not None and self._analyses.get(symbol.symbol) is not analysis:
            self._analyses[symbol.symbol] = analysis
            self.signals[analysis.signal.value] += 1
        if position is not None and position.stop_loss is None:
            self._bare[symbol.symbol] = position.foreign
        elif self._bare:
            self._bare.pop(symbol.symbol, None)


class _Trades:
    """Closed trades by symbol. Of one recorded again the first figures stay, unless others are on disk."""

    def __init__(self) -> None:
        # Figures alone: whole trades, each with its score's parts, are kilobytes.
        self._seen: OrderedDict[str, SymbolResult] = OrderedDict()
        self._results: dict[str, SymbolResult] = {}
        self.counts: Counter[tuple[str, str]] = Counter()

    def recorded(self, trade: ClosedTrade) -> None:
        """A trade goes to the history."""
        if trade.trade_id in self._seen:
            return
        self.counts[trade.symbol, trade.closed_by.value] += 1
        self._seen[trade.trade_id] = figures = _figures(trade)
        self._add(figures, 1)
        if len(self._seen) > _REMEMBERED_TRADES:
            self._seen.popitem(last=False)

    def written(self, trade: ClosedTrade | None) -> None:
        """A trade is on disk with these figures; None: as it is known."""
        before = None if trade is None else self._seen.get(trade.trade_id)
        if trade is not None and before is not None:
            self._seen[trade.trade_id] = figures = _figures(trade)
            self._add(before, -1)
            self._add(figures, 1)

    def results(self) -> tuple[SymbolResult, ...]:
        """Return the sums, by symbol."""
        return tuple(sorted(self._results.copy().values(), key=lambda result: result.symbol))

    def _add(self, figures: SymbolResult, sign: int) -> None:
        old = self._results.get(figures.symbol, SymbolResult(figures.symbol))
        self._results[figures.symbol] = SymbolResult(
            figures.symbol,
            old.pnl + sign * figures.pnl,
            old.fees + sign * figures.fees,
            old.funding + sign * figures.funding,
        )


def _figures(trade: ClosedTrade) -> SymbolResult:
    return SymbolResult(trade.symbol, trade.pnl, trade.fees, trade.funding)


def _pairs(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.copy().items()))
