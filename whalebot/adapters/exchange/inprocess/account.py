"""One simulated account in this process: takes orders and answers reads as the venue would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from whalebot.adapters.exchange.core import codes
from whalebot.adapters.exchange.core.commands import CancelOrder, Command, SetLeverage
from whalebot.adapters.exchange.core.events import Answer, Event, Executed
from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.inputs import MarketInput
from whalebot.adapters.exchange.inprocess.translate import (
    account_events,
    create_command,
    execution_of,
    order_report,
    position_report,
    stop_command,
    wallet_report,
)
from whalebot.domain.effects import AmendStop
from whalebot.domain.errors import VenueRefused
from whalebot.domain.orders import (
    AccountSnapshot,
    Execution,
    FundingPayment,
    OrderIntent,
    OrderReport,
)
from whalebot.ports import Clock, EventSink

ACCOUNT: Final = "simulated"


class SimulatedAccount:
    """`OrderGateway` and `AccountReader` over a matching core. Thread-safe; nothing here waits for a network.

    `on_change` hears, with the core locked, that orders or executions changed: whoever saves does it there.
    """

    def __init__(
        self,
        core: Exchange,
        symbols: Sequence[str],
        sink: EventSink,
        clock: Clock,
        on_change: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        self._core = core
        self._symbols = tuple(symbols)
        self._sink = sink
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.RLock()

    def apply(self, found: MarketInput) -> None:
        """Let the market move; what it does to the account goes to the sink."""
        with self._lock:
            self._tell(self._core.apply(found))

    @property
    def is_exposed(self) -> bool:
        """True while there is a position or an order."""
        with self._lock:
            read = self._core.read
            return bool(read.positions(ACCOUNT) or read.open_orders(ACCOUNT))

    def save(self) -> None:
        """Hand the present state to `on_change`."""
        with self._lock:
            if self._on_change is not None:
                self._on_change(self._core.export_state())

    # --- OrderGateway ---------------------------------------------------------------------------------

    def submit(self, intent: OrderIntent) -> str:
        """Place an order; return its id. Raises VenueRefused."""
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

    # --- AccountReader --------------------------------------------------------------------------------

    def snapshot(self) -> AccountSnapshot:
        """Return positions, open orders and wallet."""
        with self._lock:
            read = self._core.read
            positions = [p for s in self._symbols for p in read.positions(ACCOUNT, s)]
            orders = [o for s in self._symbols for o in read.open_orders(ACCOUNT, s)]
            return AccountSnapshot(
                tuple(map(position_report, positions)),
                tuple(map(order_report, orders)),
                wallet_report(read.wallet(ACCOUNT)),
            )

    def order_by_link_id(self, symbol: str, order_link_id: str) -> OrderReport | None:
        """Return an order, open or ended; None when it never arrived."""
        with self._lock:
            record = self._core.read.order(ACCOUNT, order_link_id=order_link_id)
        return None if record is None else order_report(record)

    def executions_of_order(self, symbol: str, order_link_id: str) -> Sequence[Execution]:
        """Return all fills of one order, oldest first."""
        found = self.executions(symbol, 0)
        return [e for e in found if isinstance(e, Execution) and e.order_link_id == order_link_id]

    def executions(self, symbol: str, since_ms: int) -> Sequence[Execution | FundingPayment]:
        """Return all fills and funding since a market time, oldest first."""
        with self._lock:
            rows = self._core.read.executions(ACCOUNT, symbol)
        return [execution_of(row) for row in rows if row.ts_ms >= since_ms]

    def _command(self, call: str, command: Command) -> Answer:
        with self._lock:
            answer = self._core.submit(ACCOUNT, command, self._core.read.now_ms)
            if answer.ret_code != 0:
                raise VenueRefused(answer.ret_code, answer.ret_msg, call)
            self._tell(answer.events)
            return answer

    def _tell(self, found: Sequence[Event]) -> None:
        if not found:
            return
        for event in account_events(found, self._clock.now_ms()):
            self._sink.put(event)
        if self._on_change is not None and any(isinstance(e, Executed) for e in found):
            self._on_change(self._core.export_state())
