"""Makes the frozen picture that other threads read."""

from __future__ import annotations

from whalebot.domain.view import SymbolView, View
from whalebot.engine.context import Context
from whalebot.engine.position_view import position_view
from whalebot.engine.rooms import Rooms


class ViewBuilder:
    """Reads every room of the engine; changes none."""

    def __init__(self, ctx: Context, rooms: Rooms) -> None:
        self._ctx = ctx
        self._rooms = rooms
        self._blocked: dict[str, tuple[str, ...]] = {}
        self._symbols: dict[str, SymbolView] = {}

    def build(self, only: str | None = None) -> View:
        """Return the picture of this moment.

        `only`: look at this symbol alone and show the others as in the last picture. Many bars close at once,
        and looking at every symbol at each of them would cost more than the analyses.
        """
        ctx, memory = self._ctx, self._rooms.guard.memory
        for symbol in ctx.settings.symbols:
            if only is None or symbol == only or symbol not in self._symbols:
                self._blocked[symbol] = self._rooms.sync.blocked_by(symbol)
                self._symbols[symbol] = self._symbol(symbol)
        blocked = self._blocked
        equity = self._rooms.account.equity()
        base = memory.day_base_equity
        wallet = self._rooms.account.wallet
        return View(
            now_ms=ctx.clock.now_ms,
            real_ms=ctx.clock.real_ms,
            tradable=any(not b for b in blocked.values()) and not memory.manual_pause,
            blocked_by=tuple(dict.fromkeys(reason for b in blocked.values() for reason in b)),
            streams=self._rooms.sync.streams(),
            symbols=tuple(self._symbols[s] for s in ctx.settings.symbols),
            wallet_balance=wallet.wallet_balance if wallet else None,
            equity=equity,
            day_pnl=equity - base + memory.day_carried if equity is not None and base is not None else None,
            drawdown=self._rooms.guard.drawdown(),
            consecutive_losses=memory.consecutive_losses,
            trades_closed=self._rooms.performance.session.trades,
            session_pnl=self._rooms.performance.session.pnl,
            clock_offset_ms=self._rooms.entries.clock_offset_ms,
            entries=self._rooms.entries.sent,
            refusals=tuple(sorted(self._rooms.guard.refusals.items())),
            reconciled_ms=self._rooms.sync.reconciled_ms,
            paused_until_ms=memory.paused_until_ms,
            manual_pause=memory.manual_pause,
            books_difference=self._rooms.day_books.difference,
            books_checked_ms=self._rooms.day_books.checked_ms,
        )

    def _symbol(self, symbol: str) -> SymbolView:
        market, real_ms = self._rooms.markets[symbol], self._ctx.clock.real_ms
        spread = market.spread()
        last = market.last_price
        holding = self._rooms.positions.holdings.get(symbol)
        in_flight = self._rooms.tracker.in_flight(symbol)
        position = None
        if holding is not None:
            position = position_view(holding.memory, holding.venue_stop, holding.venue_target, last)
        return SymbolView(
            symbol=symbol,
            last_price=last,
            mark_price=market.mark_price,
            spread_bps=spread / float(last) * 1e4 if spread is not None and last else None,
            ticker_age_ms=market.ticker_age_ms(real_ms),
            book_stale=market.book.stale,
            analysis=self._rooms.feeds[symbol].last_analysis,
            position=position,
            in_flight=tuple(t.memory.intent.order_link_id for t in in_flight),
            unknown_orders=tuple(t.memory.intent.order_link_id for t in in_flight if t.in_doubt),
        )
