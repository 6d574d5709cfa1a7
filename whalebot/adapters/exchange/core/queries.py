"""Pure reads of the exchange. Lists are oldest first; cutting them into pages is the server's affair."""

from __future__ import annotations

from decimal import Decimal, localcontext

from whalebot.adapters.exchange.core.account import Account
from whalebot.adapters.exchange.core.exact import CONTEXT
from whalebot.adapters.exchange.core.fees import FeeRates
from whalebot.adapters.exchange.core.orders import snapshot
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.records import (
    ClosedPnlRecord,
    ExecutionRecord,
    MarketRecord,
    OrderRecord,
    PositionRecord,
    TransactionRecord,
    WalletRecord,
)
from whalebot.adapters.exchange.core.views import market_record, position_record, wallet_record
from whalebot.adapters.exchange.core.world import World


class Reader:
    """Answers questions about the state and changes nothing.

    Raises ValueError for an account or a symbol that the exchange does not have.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    @property
    def now_ms(self) -> int:
        """Simulated time (ms UTC) of the newest input."""
        return self._world.now_ms

    def account_ids(self) -> tuple[str, ...]:
        """Return the accounts in the order in which they were opened."""
        return tuple(self._world.accounts)

    def symbols(self) -> tuple[str, ...]:
        """Return the listed symbols in the order of listing."""
        return tuple(self._world.markets)

    def market(self, symbol: str) -> MarketRecord:
        """Return the newest prices of a symbol and its instrument."""
        found = self._world.markets.get(symbol)
        if found is None:
            raise ValueError(f"{symbol}: not listed; feed an InstrumentListed first")
        return market_record(found)

    def open_orders(self, account_id: str, symbol: str | None = None) -> tuple[OrderRecord, ...]:
        """Return active and waiting orders, stops of positions included."""
        with localcontext(CONTEXT):
            return tuple(
                snapshot(order)
                for order in self._account(account_id).orders.values()
                if symbol in (None, order.symbol)
            )

    def order(self, account_id: str, order_id: str = "", order_link_id: str = "") -> OrderRecord | None:
        """Return an order, open or remembered, by id or, where that is "", by link id; None if unknown."""
        account = self._account(account_id)
        wanted = order_id or account.memory.links.get(order_link_id, "")
        live = account.orders.get(wanted)
        if live is None:
            return account.memory.orders.get(wanted)
        with localcontext(CONTEXT):
            return snapshot(live)

    def order_history(self, account_id: str, symbol: str | None = None) -> tuple[OrderRecord, ...]:
        """Return the orders that have ended, in the order in which they did."""
        memory = self._account(account_id).memory
        return tuple(record for record in memory.orders.values() if symbol in (None, record.symbol))

    def executions(self, account_id: str, symbol: str | None = None) -> tuple[ExecutionRecord, ...]:
        """Return fills and funding rows."""
        memory = self._account(account_id).memory
        return tuple(record for record in memory.executions if symbol in (None, record.symbol))

    def closed_pnl(self, account_id: str, symbol: str | None = None) -> tuple[ClosedPnlRecord, ...]:
        """Return one row per closing order."""
        memory = self._account(account_id).memory
        with localcontext(CONTEXT):
            return tuple(row.record() for row in memory.closed_pnl.values() if symbol in (None, row.symbol))

    def transactions(self, account_id: str, symbol: str | None = None) -> tuple[TransactionRecord, ...]:
        """Return every change of cash."""
        memory = self._account(account_id).memory
        return tuple(record for record in memory.transactions if symbol in (None, record.symbol))

    def positions(self, account_id: str, symbol: str | None = None) -> tuple[PositionRecord, ...]:
        """Return the positions of a symbol, flat ones too, or of all symbols, those held only."""
        account = self._account(account_id)
        with localcontext(CONTEXT):
            if symbol is None:
                return tuple(position_record(self._world, account, held) for held in account.held())
            self.market(symbol)
            return tuple(
                position_record(self._world, account, self._position(account, symbol, position_idx))
                for position_idx in account.indices(symbol)
            )

    def wallet(self, account_id: str) -> WalletRecord:
        """Return the wallet at the newest prices."""
        with localcontext(CONTEXT):
            return wallet_record(self._world, self._account(account_id))

    def fee_rates(self, account_id: str) -> FeeRates:
        """Return the fee tier of an account."""
        return self._account(account_id).rates

    def leverage(self, account_id: str, symbol: str) -> Decimal:
        """Return the leverage of an account on a symbol."""
        self.market(symbol)
        return self._world.leverage(self._account(account_id), symbol)

    def is_hedge(self, account_id: str, symbol: str) -> bool:
        """Say whether an account has a symbol in hedge mode."""
        return self._account(account_id).is_hedge(symbol)

    def _account(self, account_id: str) -> Account:
        found = self._world.accounts.get(account_id)
        if found is None:
            raise ValueError(f"account {account_id!r} is not open; call open_account first")
        return found

    def _position(self, account: Account, symbol: str, position_idx: int) -> Position:
        now = self._world.now_ms
        empty = Position(account.account_id, symbol, position_idx, now, now)
        return account.find(symbol, position_idx) or empty
