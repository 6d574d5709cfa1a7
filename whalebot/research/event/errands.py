"""Carries out what the engine asks for, at once: orders and stops at the exchange, questions to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from whalebot.adapters.exchange.inprocess.account import SimulatedAccount
from whalebot.domain import effects as ef
from whalebot.domain.errors import VenueRefused
from whalebot.domain.events import Event, OrderRefused, Refusal, TradeRecorded
from whalebot.domain.orders import Purpose
from whalebot.domain.trade import ClosedTrade
from whalebot.ports import Clock, HistorySource
from whalebot.runtime.order_actions import OrderActions, RetCodes
from whalebot.runtime.read_actions import ReadActions, Readers


class Errands:
    """Answers each effect with events. `trades` collects what the engine recorded, `entries` the link ids of
    the entries it sent.

    What nobody is there to read (notices, alerts, views, documents) is left undone.
    """

    def __init__(
        self, account: SimulatedAccount, history: HistorySource, symbols: tuple[str, ...], clock: Clock
    ) -> None:
        self.trades: list[ClosedTrade] = []
        self.entries: set[str] = set()
        self._account = account
        self._clock = clock
        reads, readers = ReadActions(clock, symbols, _raise), Readers(account, history)
        orders = OrderActions(clock, RetCodes(), _raise)
        self._routes: dict[type, Callable[[Any], Iterable[Event]]] = {
            ef.SubmitOrder: self._submit,
            ef.RecordTrade: self._record,
            ef.AmendStop: lambda e: orders.amend_stop(e).run(account),
            ef.SetLeverage: lambda e: orders.set_leverage(e).run(account),
            ef.CancelOrder: lambda e: orders.cancel(e).run(account),
            ef.LookUpOrder: lambda e: reads.look_up(e).run(readers),
            ef.FetchSnapshot: lambda e: reads.snapshot(e).run(readers),
            ef.FetchExecutions: lambda e: reads.executions(e).run(readers),
            ef.FetchHistory: lambda e: reads.history(e).run(readers),
            ef.FetchInstruments: lambda e: reads.instruments().run(readers),
        }

    def carry_out(self, effect: ef.Effect) -> Iterable[Event]:
        """Do what an effect asks for and return the answer; what the exchange says besides comes first."""
        route = self._routes.get(type(effect))
        return () if route is None else route(effect)

    def _submit(self, effect: ef.SubmitOrder) -> Iterable[Event]:
        link_id, now_ms = effect.intent.order_link_id, self._clock.now_ms()
        if effect.intent.purpose is Purpose.ENTRY:
            self.entries.add(link_id)
        try:
            self._account.submit(effect.intent)
        except VenueRefused as error:
            return [OrderRefused(link_id, Refusal.REJECTED, error.ret_code, error.message, now_ms)]
        # That it was accepted is known as soon as it trades.
        return ()

    def _record(self, effect: ef.RecordTrade) -> Iterable[Event]:
        self.trades.append(effect.trade)
        return [TradeRecorded(effect.trade.trade_id, self._clock.now_ms())]


def _raise(error: Exception) -> None:
    raise error
