"""Reads of the account: positions, orders, wallet, executions. A failed query raises; it is never empty."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, TypeVar

import msgspec

from whalebot.adapters.bybit.conventions import ZERO
from whalebot.adapters.bybit.rest_market import BybitMarket
from whalebot.adapters.bybit.rest_reading import Reader
from whalebot.adapters.bybit.rest_wire import all_rows, readable
from whalebot.adapters.bybit.rows import (
    make_booking,
    make_closing,
    make_execution,
    make_order,
    make_order_from_executions,
    make_position,
    make_wallet,
)
from whalebot.adapters.bybit.session import Reply, VenueSession
from whalebot.adapters.bybit.wire import (
    BookingRow,
    ClosingRow,
    ExecutionRow,
    OrderRow,
    PositionRow,
    WalletRow,
)
from whalebot.domain.books import Booking, Closing
from whalebot.domain.errors import TransportError
from whalebot.domain.intervals import WEEK_MS
from whalebot.domain.orders import (
    AccountSnapshot,
    Execution,
    FundingPayment,
    OrderReport,
    PositionReport,
    WalletReport,
)

Row = TypeVar("Row")
_POSITIONS_PAGE: Final = 200
_ORDERS_PAGE: Final = 50
_EXECUTIONS_PAGE: Final = 100
_CLOSINGS_PAGE: Final = 100
_BOOKINGS_PAGE: Final = 50
_MOST_WEEKS: Final = 1000

_orders = msgspec.json.Decoder(OrderRow, strict=False)
_executions = msgspec.json.Decoder(ExecutionRow, strict=False)
_positions = msgspec.json.Decoder(PositionRow, strict=False)
_closings = msgspec.json.Decoder(ClosingRow, strict=False)
_bookings = msgspec.json.Decoder(BookingRow, strict=False)
_wallets = msgspec.json.Decoder(WalletRow, strict=False)


class BybitAccount:
    """Implements `AccountReader` for the configured symbols; for one thread."""

    def __init__(
        self,
        session: VenueSession,
        market: BybitMarket,
        symbols: Sequence[str],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._session = session
        self._market = market
        self._symbols = frozenset(symbols)
        self._reader = Reader(market.measure_clock, sleep)

    def snapshot(self) -> AccountSnapshot:
        """Return positions, open orders (stops included) and wallet of the configured symbols, all pages."""
        positions, orders = self._open_positions(), self._open_orders()
        return AccountSnapshot(positions, orders, self._wallet(any(p.qty for p in positions)))

    def order_by_link_id(self, symbol: str, order_link_id: str) -> OrderReport | None:
        """Look in open orders, then history, then executions; None only when all three answered "no such"."""
        wanted = {"category": "linear", "symbol": symbol, "orderLinkId": order_link_id}
        for ask in (self._session.get_open_orders, self._session.get_order_history):
            for row in self._rows(ask, _orders, wanted):
                if row.order_link_id == order_link_id:
                    return readable(partial(make_order, row), "order by link id")
        fills = self._executions_by_link_id(symbol, order_link_id)
        return readable(lambda: make_order_from_executions(fills), "executions by link id")

    def executions_of_order(self, symbol: str, order_link_id: str) -> Sequence[Execution]:
        """Return all fills of one order, oldest first."""
        rows = self._executions_by_link_id(symbol, order_link_id)
        return [made for made in _oldest_first(rows) if isinstance(made, Execution)]

    def executions(self, symbol: str, since_ms: int) -> Sequence[Execution | FundingPayment]:
        """Return all fills and funding since a venue time, oldest first: windows of 7 days, all pages."""
        rows: list[ExecutionRow] = []
        for window in self._windows(symbol, since_ms):
            ask = {"category": "linear", "symbol": symbol, "limit": _EXECUTIONS_PAGE, **window}
            rows += self._rows(self._session.get_executions, _executions, ask)
        return _oldest_first([row for row in rows if row.symbol == symbol and row.exec_time >= since_ms])

    def closings(self, symbol: str, since_ms: int) -> Sequence[Closing]:
        """Return what closing orders took away since a venue time, oldest first: windows of 7 days."""
        rows: list[ClosingRow] = []
        for window in self._windows(symbol, since_ms):
            ask = {"category": "linear", "symbol": symbol, "limit": _CLOSINGS_PAGE, **window}
            rows += self._rows(self._session.get_closed_pnl, _closings, ask)
        # Pages come newest first; what is equally old keeps the venue's order, turned round.
        rows.reverse()
        unique = {row.order_id: row for row in rows if row.symbol == symbol and row.updated_time >= since_ms}
        made = readable(lambda: [make_closing(row) for row in unique.values()], "GET /v5/position/closed-pnl")
        return sorted(made, key=lambda closing: closing.ts_ms)

    def bookings(self, since_ms: int, until_ms: int | None) -> Sequence[Booking]:
        """Return every change of the USDT balance in [since_ms, until_ms), oldest first, in windows."""
        rows: list[BookingRow] = []
        for window in self._windows(min(self._symbols), since_ms, until_ms):
            ask = {"accountType": "UNIFIED", "currency": "USDT", "limit": _BOOKINGS_PAGE, **window}
            rows += self._rows(self._session.get_transaction_log, _bookings, ask)
        rows.reverse()
        unique = {row.id: row for row in rows if row.transaction_time >= since_ms}
        call = "GET /v5/account/transaction-log"
        made = readable(lambda: [make_booking(row) for row in unique.values()], call)
        found = [b for b in made if until_ms is None or b.ts_ms < until_ms]
        return sorted(found, key=lambda booking: booking.ts_ms)

    def _windows(self, symbol: str, since_ms: int, until_ms: int | None = None) -> Iterator[dict[str, int]]:
        """Yield windows of 7 days from `since_ms` on.

        Without an end the last one begins by the market's newest bar, because an accelerated market has its
        own time; it reaches beyond it, so nothing that came meanwhile is missed.
        """
        if until_ms is None:
            horizon_ms = max(self._market.newest_bar_close_ms(symbol) or since_ms, since_ms)
        else:
            horizon_ms = until_ms - 1
        if horizon_ms - since_ms > _MOST_WEEKS * WEEK_MS:
            raise TransportError(f"rows of {symbol}: the newest bar lies absurdly far ahead")
        for start_ms in range(since_ms, horizon_ms + 1, WEEK_MS):
            end_ms = start_ms + WEEK_MS - 1
            yield {"startTime": start_ms, "endTime": end_ms if until_ms is None else min(end_ms, horizon_ms)}

    def _open_positions(self) -> tuple[PositionReport, ...]:
        ask = {"category": "linear", "settleCoin": "USDT", "limit": _POSITIONS_PAGE}
        rows = self._rows(self._session.get_positions, _positions, ask)
        wanted = [row for row in rows if row.symbol in self._symbols]
        made = readable(lambda: [make_position(row) for row in wanted], "GET /v5/position/list")
        # What changes between two pages may stand on both, before and after.
        made.sort(key=lambda position: (position.updated_ms, position.seq))
        return tuple({(position.symbol, position.position_idx): position for position in made}.values())

    def _open_orders(self) -> tuple[OrderReport, ...]:
        ask = {"category": "linear", "settleCoin": "USDT", "limit": _ORDERS_PAGE}
        rows = self._rows(self._session.get_open_orders, _orders, ask)
        wanted = [row for row in rows if row.symbol in self._symbols]
        return readable(lambda: tuple(make_order(row) for row in wanted), "GET /v5/order/realtime")

    def _wallet(self, holds: bool) -> WalletReport:
        """Return the wallet. One that holds nothing looks like the loss of all: believed when told thrice."""
        return self._reader.insist(
            lambda: self._told_wallet(holds), lambda wallet: wallet.wallet_balance == wallet.equity == ZERO
        )

    def _told_wallet(self, holds: bool) -> WalletReport:
        call = "GET /v5/account/wallet-balance"
        rows = all_rows(
            lambda _cursor: self._reader.read(
                lambda: self._session.get_wallet_balance(accountType="UNIFIED", coin="USDT")
            ),
            _wallets,
            call,
        )
        for row, reply in rows:
            wallet = readable(partial(make_wallet, row, reply.time_ms), call)
            if wallet is None and holds:
                raise TransportError(f"{call}: a position is open, and the wallet names no USDT")
            if wallet is not None and holds and wallet.wallet_balance == wallet.equity == ZERO:
                raise TransportError(f"{call}: a position is open, and the wallet holds no USDT")
            # The venue leaves out coins that the account never held.
            return wallet or WalletReport(ZERO, ZERO, ZERO, reply.time_ms)
        raise TransportError(f"{call}: the answer holds no wallet")

    def _executions_by_link_id(self, symbol: str, order_link_id: str) -> list[ExecutionRow]:
        ask = {"category": "linear", "symbol": symbol, "orderLinkId": order_link_id}
        rows = self._rows(self._session.get_executions, _executions, ask | {"limit": _EXECUTIONS_PAGE})
        return [row for row in rows if row.order_link_id == order_link_id]

    def _rows(
        self, ask: Callable[..., Reply], decoder: msgspec.json.Decoder[Row], parameters: dict[str, Any]
    ) -> list[Row]:
        def page(cursor: str | None) -> Reply:
            return self._reader.read(lambda: ask(**parameters, cursor=cursor))

        return [row for row, _ in all_rows(page, decoder, getattr(ask, "__name__", "read"))]


def _oldest_first(rows: Sequence[ExecutionRow]) -> list[Execution | FundingPayment]:
    # Pages come newest first; rows of equal time and sequence keep the venue's order, turned round.
    turned = list(reversed(rows))
    turned.sort(key=lambda row: (row.exec_time, row.seq))
    unique = {row.exec_id: row for row in turned}
    return readable(lambda: [make_execution(row) for row in unique.values()], "GET /v5/execution/list")
