"""The rooms of one engine, built in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from whalebot.decisions.performance.tracker import PerformanceTracker
from whalebot.domain.state import StateDocument
from whalebot.engine.account import Account
from whalebot.engine.bars import Analyzer, BarFeed
from whalebot.engine.context import Context
from whalebot.engine.day_books import DayBooks
from whalebot.engine.differences import Differences
from whalebot.engine.entries import EntryDesk
from whalebot.engine.executions import ExecutionDesk
from whalebot.engine.exits import ExitDesk
from whalebot.engine.funding import FundingDesk
from whalebot.engine.guard import Guard
from whalebot.engine.leverage import LeverageDesk
from whalebot.engine.link_ids import LinkIds
from whalebot.engine.market import SymbolMarket
from whalebot.engine.orders import OrderTracker
from whalebot.engine.positions import PositionManager
from whalebot.engine.refused_stops import RefusedStops
from whalebot.engine.signals import SymbolSignals
from whalebot.engine.sync import Sync
from whalebot.engine.trading import Trading
from whalebot.engine.wallet_watch import WalletWatch


class Rooms:
    """Plain references; whoever holds this may read every room of the engine."""

    def __init__(self, ctx: Context, analyzers: Mapping[str, Analyzer], state: StateDocument) -> None:
        symbols, depth = ctx.settings.symbols, ctx.settings.orderbook_depth
        self._ctx = ctx
        self.markets = {s: SymbolMarket(s, depth) for s in symbols}
        self.feeds = {s: BarFeed(ctx, self.markets[s], analyzers[s]) for s in symbols}
        self.signals = {s: SymbolSignals(s) for s in symbols}
        self.link_ids = LinkIds(ctx, state.run_id, state.next_intent_no, state.revision > 0)
        self.tracker = OrderTracker(ctx)
        self.exits = ExitDesk(ctx, self.tracker, self.link_ids)
        self.positions = PositionManager(ctx, self.markets, self.exits.close, self._atr_of)
        self.exits.positions = self.positions
        self.account = Account(self.positions, self.markets)
        self.performance = PerformanceTracker(ctx.settings.label)
        self.guard = Guard(ctx, self.account, self.exits, self.performance)
        self.wallet_watch = WalletWatch(ctx, self.account, self.guard)
        self.account.on_change = self.wallet_watch.on_wallet
        self.day_books = DayBooks(ctx, self._is_catching_up)
        self.positions.booked = self._booked
        self.leverage = LeverageDesk(ctx)
        self.differences = Differences(ctx, self.tracker, self.positions, self.signals, self.exits)
        self.executions = ExecutionDesk(ctx, self.signals)
        self.sync = Sync(
            ctx,
            self.tracker,
            self.positions,
            self.account,
            self.signals,
            self.differences,
            self.leverage,
            self.executions,
        )
        self.funding = FundingDesk(ctx, self.markets, self.positions, self.signals, self.executions)
        self.refused_stops = RefusedStops(ctx, self.positions, self.sync)
        self.entries = EntryDesk(
            ctx,
            self.markets,
            self.tracker,
            self.link_ids,
            self.positions,
            self.account,
            self.guard,
            self.signals,
            self._blocked_by,
        )
        self.trading = Trading(
            ctx,
            self.tracker,
            self.positions,
            self.account,
            self.guard,
            self.entries,
            self.exits,
            self.signals,
            self.performance,
            self.funding,
        )

    def _booked(self, symbol: str, ts_ms: int, amount: Decimal | None) -> None:
        self.day_books.book(symbol, ts_ms, amount)
        if amount is not None:
            self.wallet_watch.book(amount)

    def _is_catching_up(self) -> bool:
        """True while fills may lack: not compared with the venue, asked for, or of an order in flight."""
        unknown = self.executions.due or self.tracker.in_flight() or self.differences.is_any_open
        return self.sync.reconciled_ms is None or bool(unknown)

    def _blocked_by(self, symbol: str) -> tuple[str, ...]:
        reasons = self.sync.blocked_by(symbol)
        if self.wallet_watch.is_catching_up:
            reasons = (*reasons, "what was moved in or out meanwhile is not known yet")
        return reasons if self.feeds[symbol].ready else (*reasons, "history of bars incomplete")

    def _atr_of(self, symbol: str) -> float:
        return self.feeds[symbol].atr
