"""What a simulated account answers when it is asked about itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.inprocess.translate import (
    closing_of,
    execution_of,
    order_report,
    position_report,
    wallet_report,
)
from whalebot.domain.books import Booking, Closing
from whalebot.domain.orders import AccountSnapshot, Execution, FundingPayment, OrderReport

ACCOUNT: Final = "simulated"


class SimulatedReads:
    """`AccountReader` over a matching core. Thread-safe: whoever changes the core holds the same lock."""

    def __init__(self, core: Exchange, symbols: Sequence[str]) -> None:
        self._core = core
        self._symbols = tuple(symbols)
        self._lock = threading.RLock()

    def snapshot(self) -> AccountSnapshot:
        """Return positions, open orders and wallet; a symbol that is not listed has none."""
        with self._lock:
            read = self._core.read
            listed = [symbol for symbol in self._symbols if symbol in read.symbols()]
            positions = [p for s in listed for p in read.positions(ACCOUNT, s)]
            orders = [o for s in listed for o in read.open_orders(ACCOUNT, s)]
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

    def closings(self, symbol: str, since_ms: int) -> Sequence[Closing]:
        """Return what closing orders took away since a market time, oldest first."""
        with self._lock:
            rows = self._core.read.closed_pnl(ACCOUNT, symbol)
        return sorted((closing_of(r) for r in rows if r.updated_ms >= since_ms), key=lambda c: c.ts_ms)

    def bookings(self, since_ms: int, until_ms: int | None) -> Sequence[Booking]:
        """Return every change of the cash balance in [since_ms, until_ms), oldest first."""
        with self._lock:
            rows = self._core.read.transactions(ACCOUNT)
        return [
            Booking(row.transaction_id, row.symbol, row.kind, row.change, row.ts_ms)
            for row in rows
            if since_ms <= row.ts_ms and (until_ms is None or row.ts_ms < until_ms)
        ]
