"""One account: cash, modes, leverage, positions, open orders, and a bounded memory of what is over."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from whalebot.adapters.exchange.core.exact import ZERO, average
from whalebot.adapters.exchange.core.fees import FeeRates
from whalebot.adapters.exchange.core.orders import Order
from whalebot.adapters.exchange.core.positions import Position
from whalebot.adapters.exchange.core.records import (
    ClosedPnlRecord,
    ExecutionRecord,
    OrderRecord,
    TransactionRecord,
)
from whalebot.domain.enums import ExecType, OrderType, Side


@dataclass(slots=True)
class Audit:
    """Sums kept apart from the ledger, so that one can be checked against the other."""

    deposits: Decimal = ZERO
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    orders_born: int = 0
    orders_ended: int = 0
    liquidations: int = 0


@dataclass(slots=True)
class ClosedPnl:
    """The growing closed-PnL row of one closing order."""

    account: str
    symbol: str
    order_id: str
    side: Side
    order_type: OrderType
    exec_type: ExecType
    order_price: Decimal
    qty: Decimal
    leverage: Decimal
    created_ms: int
    updated_ms: int
    closed_size: Decimal = ZERO
    entry_value: Decimal = ZERO
    exit_value: Decimal = ZERO
    open_fee: Decimal = ZERO
    close_fee: Decimal = ZERO
    gross: Decimal = ZERO
    fill_count: int = 0

    @property
    def net(self) -> Decimal:
        """Result after both fees, without funding."""
        return self.gross - self.open_fee - self.close_fee

    def record(self) -> ClosedPnlRecord:
        """Copy the row as it is now."""
        return ClosedPnlRecord(
            account=self.account,
            symbol=self.symbol,
            order_id=self.order_id,
            side=self.side,
            order_type=self.order_type,
            exec_type=self.exec_type,
            order_price=self.order_price,
            qty=self.qty,
            closed_size=self.closed_size,
            entry_value=self.entry_value,
            exit_value=self.exit_value,
            avg_entry_price=average(self.entry_value, self.closed_size),
            avg_exit_price=average(self.exit_value, self.closed_size),
            open_fee=self.open_fee,
            close_fee=self.close_fee,
            closed_pnl=self.net,
            fill_count=self.fill_count,
            leverage=self.leverage,
            created_ms=self.created_ms,
            updated_ms=self.updated_ms,
        )


@dataclass(slots=True)
class Memory:
    """What is over, oldest first, at most `limit` rows of each kind. `links` are the link ids still known."""

    limit: int
    orders: dict[str, OrderRecord] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    executions: deque[ExecutionRecord] = field(default_factory=deque)
    closed_pnl: dict[str, ClosedPnl] = field(default_factory=dict)
    transactions: deque[TransactionRecord] = field(default_factory=deque)

    def keep_order(self, record: OrderRecord) -> None:
        """Remember an order that has ended; the oldest one and its link id are forgotten at the limit."""
        self.orders[record.order_id] = record
        if len(self.orders) > self.limit:
            oldest = self.orders.pop(next(iter(self.orders)))
            if self.links.get(oldest.order_link_id) == oldest.order_id:
                del self.links[oldest.order_link_id]

    def keep_execution(self, record: ExecutionRecord) -> None:
        """Remember a fill or a funding row."""
        self.executions.append(record)
        if len(self.executions) > self.limit:
            self.executions.popleft()

    def keep_closed_pnl(self, row: ClosedPnl) -> None:
        """Remember a closed-PnL row."""
        self.closed_pnl[row.order_id] = row
        if len(self.closed_pnl) > self.limit:
            del self.closed_pnl[next(iter(self.closed_pnl))]

    def keep_transaction(self, record: TransactionRecord) -> None:
        """Remember a change of cash."""
        self.transactions.append(record)
        if len(self.transactions) > self.limit:
            self.transactions.popleft()


@dataclass(slots=True)
class Account:
    """One customer. Keys of `positions` are "SYMBOL:idx"; `modes` and `leverage` hold what was chosen.

    With `is_isolated` each position has a margin of its own; else all share the account's (cross).
    """

    account_id: str
    rates: FeeRates
    memory: Memory
    wallet: Decimal = ZERO
    is_hedge_default: bool = False
    is_isolated: bool = False
    modes: dict[str, bool] = field(default_factory=dict)
    leverage: dict[str, Decimal] = field(default_factory=dict)
    positions: dict[str, Position] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    audit: Audit = field(default_factory=Audit)

    def is_hedge(self, symbol: str) -> bool:
        """Say whether a symbol is in hedge mode."""
        return self.modes.get(symbol, self.is_hedge_default)

    def indices(self, symbol: str) -> tuple[int, ...]:
        """Return the position indices of a symbol's mode."""
        return (1, 2) if self.is_hedge(symbol) else (0,)

    def held(self) -> Iterator[Position]:
        """Yield the positions that are not flat."""
        return (position for position in self.positions.values() if position.qty)

    def find(self, symbol: str, position_idx: int) -> Position | None:
        """Return a position that has existed, flat or not."""
        return self.positions.get(f"{symbol}:{position_idx}")

    def orders_of(self, symbol: str, position_idx: int | None = None) -> list[Order]:
        """Return the open orders of a symbol, or of one of its positions, oldest first."""
        return [
            order
            for order in self.orders.values()
            if order.symbol == symbol and position_idx in (None, order.position_idx)
        ]
