"""What the endpoints read about the one account, newest first."""

from __future__ import annotations

from decimal import Decimal

from whalebot.adapters.exchange.core.exchange import Exchange
from whalebot.adapters.exchange.core.records import (
    ClosedPnlRecord,
    ExecutionRecord,
    OrderRecord,
    PositionRecord,
    TransactionRecord,
    WalletRecord,
)


class AccountBooks:
    """Pure reads of the core, turned round: the venue lists everything newest first."""

    def __init__(self, core: Exchange, account: str) -> None:
        self._read = core.read
        self._account = account

    def wallet(self) -> WalletRecord:
        """Return the wallet at the newest prices."""
        return self._read.wallet(self._account)

    def positions(self, symbol: str | None) -> list[PositionRecord]:
        """Return the positions of a symbol, flat ones too, or all that are held."""
        return list(self._read.positions(self._account, symbol))

    def order(self, order_id: str, order_link_id: str) -> OrderRecord | None:
        """Return an order, open or ended, by id or, where that is "", by link id."""
        return self._read.order(self._account, order_id, order_link_id)

    def open_orders(self, symbol: str | None) -> list[OrderRecord]:
        """Return active and waiting orders."""
        return list(reversed(self._read.open_orders(self._account, symbol)))

    def closed_orders(self, symbol: str | None) -> list[OrderRecord]:
        """Return orders that have ended, the last created first."""
        rows = self._read.order_history(self._account, symbol)
        return sorted(rows, key=lambda order: (order.created_ms, order.order_id), reverse=True)

    def executions(self, symbol: str | None) -> list[ExecutionRecord]:
        """Return fills and funding rows."""
        return list(reversed(self._read.executions(self._account, symbol)))

    def closed_pnl(self, symbol: str | None) -> list[ClosedPnlRecord]:
        """Return one row per closing order."""
        rows = reversed(self._read.closed_pnl(self._account, symbol))
        return sorted(rows, key=lambda row: row.updated_ms, reverse=True)

    def transactions(self) -> list[TransactionRecord]:
        """Return every change of cash."""
        return list(reversed(self._read.transactions(self._account)))

    def fee_rates(self) -> tuple[Decimal, Decimal]:
        """Return the (maker, taker) rates."""
        rates = self._read.fee_rates(self._account)
        return rates.maker, rates.taker
