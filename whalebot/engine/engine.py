"""The machine: one event in, its effects out. Total, deterministic, never blocking."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from whalebot.decisions.analysis.analyzer import TradingAnalyzer
from whalebot.domain import events as ev
from whalebot.domain.analysis import Analysis
from whalebot.domain.effects import Effect, Persist, PublishView, RecordTrade
from whalebot.domain.enums import Level, Stream
from whalebot.domain.errors import BugError
from whalebot.domain.state import StateDocument
from whalebot.domain.view import View
from whalebot.engine.bars import Analyzer
from whalebot.engine.context import Context
from whalebot.engine.market_desk import MarketDesk
from whalebot.engine.order_desk import OrderDesk
from whalebot.engine.owner import Owner
from whalebot.engine.rooms import Rooms
from whalebot.engine.settings import EngineSettings
from whalebot.engine.timer_desk import TimerDesk
from whalebot.engine.view_builder import ViewBuilder


class Engine:
    """Owns all trading state. One thread calls `start` once, then `process` for every event."""

    def __init__(
        self, settings: EngineSettings, state: StateDocument, analyzers: Mapping[str, Analyzer] | None = None
    ) -> None:
        """Take up `state`. `analyzers` by symbol; by default one TradingAnalyzer each."""
        ctx = self._ctx = Context(settings)
        self._revision = state.revision
        if analyzers is None:
            analyzers = {s: _analyzer(s, settings) for s in settings.symbols}
        rooms = self._rooms = Rooms(ctx, analyzers, state)
        self._views = ViewBuilder(ctx, rooms)
        self._owner = Owner(
            ctx, rooms.tracker, rooms.positions, rooms.guard, rooms.exits, rooms.funding, rooms.sync
        )
        self._market_desk = MarketDesk(
            ctx, rooms.markets, rooms.feeds, rooms.positions, self._on_analysis, rooms.funding
        )
        self._order_desk = OrderDesk(ctx, rooms)
        self._timer_desk = TimerDesk(
            ctx, rooms, self._market_desk, self._order_desk, self._owner, self._views
        )
        self._handlers = self._routes()
        self._restore(state, analyzers)

    # --- the contract ---------------------------------------------------------------------------------

    def start(self, real_ms: int) -> list[Effect]:
        """Return the first questions: rules and history. The streams' StreamUp events ask for the rest."""
        ctx = self._ctx
        ctx.out = []
        ctx.clock.tick(real_ms)
        self._rooms.link_ids.start(real_ms)
        self._rooms.sync.ask_rules()
        for feed in self._rooms.feeds.values():
            feed.start()
        for trade in self._rooms.trading.unrecorded.values():
            if not self._rooms.funding.is_held(trade.trade_id):
                ctx.emit(RecordTrade(trade))
        for key, every in (
            ("heartbeat", ctx.settings.timing.heartbeat_ms),
            ("view", ctx.settings.timing.view_ms),
        ):
            if every is not None:
                ctx.timers.arm(key, real_ms + every)
        self._warn_about_elsewhere()
        return self._seal()

    def process(self, event: ev.Event) -> list[Effect]:
        """Take one event and return what must be done, in order."""
        ctx = self._ctx
        ctx.out = []
        ctx.clock.tick(event.recv_ms)
        self._handlers[type(event)](event)
        due = ctx.timers.next_due_ms
        if due is not None and ctx.clock.real_ms >= due:
            for key in ctx.timers.pop_due(ctx.clock.real_ms):
                self._timer_desk.on_timer(key)
        return self._seal()

    def ms_to_next_timer(self, real_ms: int) -> int | None:
        """Return how long the loop may wait for an event (real ms), None where nothing is due."""
        due = self._ctx.timers.next_due_ms
        return None if due is None else max(0, due - real_ms)

    @property
    def rooms(self) -> Rooms:
        """Everything inside, to be read by whoever runs the engine in its own thread; not to be changed."""
        return self._rooms

    def view(self) -> View:
        """Return the frozen picture of this moment."""
        return self._views.build()

    def document(self) -> StateDocument:
        """Return what must survive, as of now."""
        return StateDocument(
            run_id=self._rooms.link_ids.run_id,
            revision=self._revision,
            next_intent_no=self._rooms.link_ids.next_no,
            saved_ms=self._ctx.clock.real_ms,
            intents=self._rooms.tracker.memories() + self._elsewhere.intents,
            positions=self._rooms.positions.memories() + self._elsewhere.positions,
            symbols=tuple(s.memory() for s in self._rooms.signals.values()) + self._elsewhere.symbols,
            guardrails=self._rooms.guard.memory,
            unrecorded_trades=tuple(self._rooms.trading.unrecorded.values()),
            waiting_trades=self._rooms.funding.memories(),
            cash=self._rooms.wallet_watch.memory,
            day_books=self._rooms.day_books.memories(),
            early_funding=self._rooms.funding.early.memories(),
        )

    def _warn_about_elsewhere(self) -> None:
        for memory in self._elsewhere.positions:
            self._ctx.alert(
                Level.CRITICAL,
                "not_configured",
                f"{memory.symbol}: a position is remembered but the symbol is not configured",
                "only its stop at the venue protects it; configure the symbol or close it by hand",
            )

    def final_document(self) -> StateDocument:
        """Return the document to leave behind, newer than every one before."""
        self._revision += 1
        return self.document()

    def _seal(self) -> list[Effect]:
        """Put the state on disk before anything that depends on it leaves."""
        ctx = self._ctx
        if ctx.dirty and ctx.settings.keeps_document:
            ctx.dirty = False
            self._revision += 1
            ctx.out.insert(0, Persist(self.document()))
        return ctx.out

    def _restore(self, state: StateDocument, analyzers: Mapping[str, Analyzer]) -> None:
        configured = set(self._ctx.settings.symbols)
        for memory in state.symbols:
            if memory.symbol in configured:
                self._rooms.signals[memory.symbol].restore(memory)
                analyzers[memory.symbol].restore_signal(memory.signal)
        self._rooms.positions.restore(tuple(m for m in state.positions if m.symbol in configured))
        self._rooms.tracker.restore(tuple(m for m in state.intents if m.intent.symbol in configured))
        self._rooms.guard.memory = state.guardrails
        self._rooms.wallet_watch.restore(state.cash)
        self._rooms.day_books.restore(state.day_books)
        self._rooms.trading.unrecorded = {t.trade_id: t for t in state.unrecorded_trades}
        self._rooms.funding.restore(
            (w for w in state.waiting_trades if w.memory.symbol in configured),
            (payment for payment in state.early_funding if payment.symbol in configured),
        )
        self._elsewhere = replace(
            state,
            positions=tuple(m for m in state.positions if m.symbol not in configured),
            intents=tuple(m for m in state.intents if m.intent.symbol not in configured),
            symbols=tuple(m for m in state.symbols if m.symbol not in configured),
        )

    # --- routes ---------------------------------------------------------------------------------------

    def _routes(self) -> dict[type, Callable[[Any], None]]:
        market, orders = self._market_desk, self._order_desk
        return {
            ev.CandleClosed: market.on_candle,
            ev.CandleForming: market.on_forming,
            ev.TickerChanged: market.on_ticker,
            ev.BookSnapshot: market.on_snapshot,
            ev.BookDelta: market.on_delta,
            ev.BookLost: market.on_book_lost,
            ev.TradesPrinted: market.on_trades,
            ev.Liquidated: _ignore,
            ev.OrderUpdated: orders.on_order,
            ev.Filled: self._on_filled,
            ev.FundingPaid: self._rooms.funding.on_funding,
            ev.PositionReported: lambda e: self._rooms.positions.on_report(e.position),
            ev.WalletReported: orders.on_wallet,
            ev.StreamUp: self._rooms.sync.on_stream_up,
            ev.StreamDown: self._on_stream_down,
            ev.ClockSkew: self._on_clock,
            ev.VenueBlocked: self._rooms.sync.on_blocked,
            ev.OrderAccepted: self._rooms.tracker.on_accepted,
            ev.OrderRefused: orders.on_refused,
            ev.OutcomeUnknown: orders.on_unknown,
            ev.OrderLookedUp: orders.on_looked_up,
            ev.StopAmended: self._on_stop_amended,
            ev.LeverageAnswered: self._rooms.leverage.on_answer,
            ev.SnapshotFetched: orders.on_snapshot,
            ev.ExecutionsFetched: orders.on_executions,
            ev.ClosingsFetched: orders.on_closings,
            ev.BookingsFetched: orders.on_bookings,
            ev.HistoryFetched: market.on_history,
            ev.InstrumentsFetched: self._rooms.sync.on_instruments,
            ev.TradeRecorded: orders.on_recorded,
            ev.StorageFailed: orders.on_storage_failed,
            ev.StorageRecovered: orders.on_storage_recovered,
            ev.TimerDue: _ignore,
            ev.AccountDue: self._rooms.guard.on_due,
            ev.MarketBroken: self._rooms.trading.on_broken,
            ev.Command: self._on_command,
            ev.Reconfigured: self._on_reconfigured,
        }

    def _on_filled(self, event: ev.Filled) -> None:
        self._ctx.clock.saw(event.execution.ts_ms, event.recv_ms)
        self._order_desk.on_filled(event)

    def _on_stop_amended(self, event: ev.StopAmended) -> None:
        self._rooms.positions.on_stop_amended(event)
        if event.refused:
            self._rooms.refused_stops.on_refused(event.symbol)

    def _on_command(self, event: ev.Command) -> None:
        self._owner.on_command(event)

    def _on_stream_down(self, event: ev.StreamDown) -> None:
        self._rooms.sync.on_stream_down(event)
        if event.stream is Stream.PUBLIC:
            self._market_desk.disconnect()

    def _on_clock(self, event: ev.ClockSkew) -> None:
        self._rooms.entries.clock_offset_ms = self._ctx.clock.venue_offset_ms = event.offset_ms

    def _on_analysis(self, analysis: Analysis) -> None:
        if self._ctx.settings.timing.view_ms is not None:
            self._ctx.emit(PublishView(self._views.build(analysis.symbol)))
        self._rooms.trading.on_analysis(analysis)
        self._rooms.day_books.look()

    def _on_reconfigured(self, event: ev.Reconfigured) -> None:
        settings = event.settings
        if not isinstance(settings, EngineSettings):
            raise BugError(f"not settings of an engine: {type(settings).__name__}")
        self._ctx.settings = settings
        for feed in self._rooms.feeds.values():
            feed.use_scoring(settings.scoring)
        self._ctx.notice(Level.INFO, "reconfigured", "; ".join(event.changes))


def _analyzer(symbol: str, settings: EngineSettings) -> Analyzer:
    return TradingAnalyzer(symbol, settings.interval, settings.scoring, settings.indicators, settings.mtf)


def _ignore(_: object) -> None:
    """Some events only let time pass."""
