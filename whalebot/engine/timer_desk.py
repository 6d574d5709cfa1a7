"""Timers: each name leads to the room that armed it."""

from __future__ import annotations

from collections.abc import Hashable

from whalebot.domain.effects import PublishView
from whalebot.engine.context import Context
from whalebot.engine.market_desk import MarketDesk
from whalebot.engine.order_desk import OrderDesk
from whalebot.engine.owner import Owner
from whalebot.engine.rooms import Rooms
from whalebot.engine.view_builder import ViewBuilder


class TimerDesk:
    """Routes timers that are due."""

    def __init__(
        self,
        ctx: Context,
        rooms: Rooms,
        market_desk: MarketDesk,
        order_desk: OrderDesk,
        owner: Owner,
        views: ViewBuilder,
    ) -> None:
        self._ctx = ctx
        self._rooms = rooms
        self._market_desk = market_desk
        self._order_desk = order_desk
        self._owner = owner
        self._views = views

    def on_timer(self, key: Hashable) -> None:
        """Do what a named timer stands for."""
        if isinstance(key, tuple):
            self._on_symbol_timer(str(key[0]), str(key[1]), str(key[-1]))
            return
        ctx, timing = self._ctx, self._ctx.settings.timing
        if key == "heartbeat" and timing.heartbeat_ms is not None:
            self._rooms.guard.observe()
            self._rooms.day_books.look()
            ctx.dirty = True
            ctx.timers.arm("heartbeat", ctx.clock.real_ms + timing.heartbeat_ms)
        elif key == "view" and timing.view_ms is not None:
            ctx.emit(PublishView(self._views.build()))
            ctx.timers.arm("view", ctx.clock.real_ms + timing.view_ms)
        elif key in ("reconcile", "odd_wallet"):
            self._rooms.sync.ask_snapshot()
        elif key == "blocked":
            self._rooms.sync.on_unblocked()
        elif key == "wallet":
            self._rooms.wallet_watch.on_timer()
        elif key == "instruments":
            self._rooms.sync.ask_rules()
        elif key == "storage":
            self._order_desk.retry_storage()
        elif key == "stop":
            self._owner.check_stop()

    def _on_symbol_timer(self, kind: str, name: str, last: str) -> None:
        if kind == "order":
            self._rooms.tracker.look_up(name)
        elif kind == "protect":
            self._rooms.positions.on_protect_timer(name)
        elif kind == "stop_retry":
            self._rooms.positions.on_stop_retry(name)
        elif kind == "funding":
            self._rooms.funding.on_timer(name)
        elif kind == "refused_stop":
            self._rooms.refused_stops.on_timer(name)
        elif kind == "rest":
            self._rooms.positions.on_rest_timer(name)
        elif kind == "exit":
            self._rooms.exits.on_timer(name)
        elif kind == "executions":
            self._rooms.executions.on_timer(name)
        elif kind == "outage":
            self._rooms.sync.on_outage_timer(name)
        elif kind == "trouble":
            self._ctx.on_trouble_timer(name, last)
        elif kind == "compare":
            self._market_desk.compare_last(name)
        elif kind == "higher":
            self._market_desk.give_up_waiting(name)
        elif kind == "history":
            self._rooms.feeds[name].retry(last)
