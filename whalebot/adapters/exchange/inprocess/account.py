"""One simulated account in this process: takes orders and answers reads as the venue would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from whalebot.adapters.exchange.core import codes
from whalebot.adapters.exchange.core.commands import CancelOrder, Command, SetLeverage
from whalebot.adapters.exchange.core.events import Answer, Event, Executed
from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.inputs import MarketInput, PricePoint
from whalebot.adapters.exchange.inprocess.held import HeldOrders, late
from whalebot.adapters.exchange.inprocess.reads import ACCOUNT, SimulatedReads
from whalebot.adapters.exchange.inprocess.translate import (
    account_events,
    create_command,
    stop_command,
)
from whalebot.domain.effects import AmendStop
from whalebot.domain.errors import VenueRefused
from whalebot.domain.events import OrderRefused, Refusal
from whalebot.domain.orders import (
    OrderIntent,
    Purpose,
)
from whalebot.ports import Clock, EventSink


class SimulatedAccount(SimulatedReads):
    """`OrderGateway` and `AccountReader` over a matching core. Thread-safe; nothing here waits for a network.

    `on_change` hears, with the core locked, that orders or executions changed: whoever saves does it there.
    `holds_orders`: on bars an order decided on a close waits for the next price of its symbol; `release` lets
    it trade there. Stops are set at once.
    """

    def __init__(
        self,
        core: Exchange,
        symbols: Sequence[str],
        sink: EventSink,
        clock: Clock,
        on_change: Callable[[dict[str, Any]], None] | None = None,
        holds_orders: bool = False,
    ) -> None:
        super().__init__(core, symbols)
        self._sink = sink
        self._clock = clock
        self._on_change = on_change
        self._held = HeldOrders() if holds_orders else None

    def apply(self, found: MarketInput) -> None:
        """Let the market move; what it does to the account goes to the sink."""
        with self._lock:
            if self._held is not None and isinstance(found, PricePoint):
                self._held.reach(found.symbol)
            self._tell(self._core.apply(found))

    def release(self, symbol: str) -> None:
        """Let the orders that waited for a price of the symbol trade at its last price."""
        with self._lock:
            if self._held is not None:
                for intent in self._held.take(symbol):
                    self._send_late(intent)

    def close_bar(self) -> None:
        """A bar has closed: orders wait for the next price."""
        with self._lock:
            if self._held is not None:
                self._held.leave()

    def drop_entries(self, symbol: str, reason: str) -> None:
        """Give up the entries that wait for a price of the symbol."""
        with self._lock:
            if self._held is not None:
                for intent in self._held.take(symbol, Purpose.ENTRY):
                    self._refuse(intent, 0, reason)

    @property
    def is_exposed(self) -> bool:
        """True while there is a position or an order."""
        with self._lock:
            read = self._core.read
            return bool(self._held or read.positions(ACCOUNT) or read.open_orders(ACCOUNT))

    @property
    def has_waiting(self) -> bool:
        """True while an order of any symbol waits for a price."""
        return bool(self._held)

    def is_waiting(self, symbol: str) -> bool:
        """True while an order of the symbol waits for a price."""
        return self._held is not None and self._held.waits(symbol)

    def save(self) -> None:
        """Hand the present state to `on_change`."""
        with self._lock:
            if self._on_change is not None:
                self._on_change(self._core.export_state())

    # --- OrderGateway ---------------------------------------------------------------------------------

    def submit(self, intent: OrderIntent) -> str:
        """Place an order; return its id. Raises VenueRefused.

        Where orders may have to wait the id is "", and a refusal comes as an event.
        """
        with self._lock:
            if self._held is not None:
                if not self._held.keep(intent):
                    self._send_late(intent)
                return ""
        return self._command("order/create", create_command(intent)).order_id

    def cancel(self, symbol: str, order_link_id: str) -> None:
        """Cancel an order; one that is gone is success."""
        try:
            self._command("order/cancel", CancelOrder(symbol, order_link_id=order_link_id))
        except VenueRefused as error:
            if error.ret_code != codes.ORDER_NOT_FOUND:
                raise

    def amend_stop(self, change: AmendStop) -> None:
        """Set stop and target; "not modified" is success. Raises VenueRefused."""
        try:
            self._command("position/trading-stop", stop_command(change))
        except VenueRefused as error:
            if error.ret_code != codes.NOT_MODIFIED:
                raise

    def set_leverage(self, symbol: str, leverage: Decimal) -> None:
        """Set leverage; "not modified" is success. Raises VenueRefused."""
        try:
            self._command("position/set-leverage", SetLeverage(symbol, leverage, leverage))
        except VenueRefused as error:
            if error.ret_code != codes.LEVERAGE_NOT_MODIFIED:
                raise

    def _command(self, call: str, command: Command) -> Answer:
        with self._lock:
            answer = self._core.submit(ACCOUNT, command, self._core.read.now_ms)
            if answer.ret_code != 0:
                raise VenueRefused(answer.ret_code, answer.ret_msg, call)
            self._tell(answer.events)
            return answer

    def _send_late(self, intent: OrderIntent) -> None:
        market = self._core.read.market(intent.symbol)
        price = market.last_price
        command = create_command(intent if price is None else late(intent, price, market.instrument))
        answer = self._core.submit(ACCOUNT, command, self._core.read.now_ms)
        if answer.ret_code != 0:
            self._refuse(intent, answer.ret_code, answer.ret_msg)
        else:
            self._tell(answer.events)

    def _refuse(self, intent: OrderIntent, ret_code: int, reason: str) -> None:
        now_ms = self._clock.now_ms()
        self._sink.put(OrderRefused(intent.order_link_id, Refusal.REJECTED, ret_code, reason, now_ms))

    def _tell(self, found: Sequence[Event]) -> None:
        if not found:
            return
        for event in account_events(found, self._clock.now_ms()):
            self._sink.put(event)
        if self._on_change is not None and any(isinstance(e, Executed) for e in found):
            self._on_change(self._core.export_state())
