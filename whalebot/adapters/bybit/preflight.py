"""What can be asked before money moves: key, account, fees, position mode. Facts only; others judge."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TypeVar

import msgspec

from whalebot.adapters.bybit.conventions import amount, price_or_none, told
from whalebot.adapters.bybit.rest_market import BybitMarket
from whalebot.adapters.bybit.rest_reading import Reader
from whalebot.adapters.bybit.rest_wire import AccountRow, FeeRow, KeyRow, all_rows, decode_result, readable
from whalebot.adapters.bybit.retcodes import Outcome, outcome_of
from whalebot.adapters.bybit.session import VenueSession
from whalebot.adapters.bybit.wire import PositionRow
from whalebot.domain.errors import TransportError, VenueFatal, VenueRefused

T = TypeVar("T")
_key = msgspec.json.Decoder(KeyRow, strict=False)
_account = msgspec.json.Decoder(AccountRow, strict=False)
_fees = msgspec.json.Decoder(FeeRow, strict=False)
_positions = msgspec.json.Decoder(PositionRow, strict=False)


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What a key may do. `account_id` is the venue's user id; `ips` is empty or ("*",) when none is bound."""

    account_id: str
    read_only: bool
    may_withdraw: bool
    may_trade: bool
    ips: tuple[str, ...]
    is_unified: bool
    is_master: bool
    expires: str

    @property
    def ip_bound(self) -> bool:
        """True when the key works from named addresses only."""
        return bool(self.ips) and self.ips != ("*",)


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Kind of account: margin mode in the venue's words, and whether it is a unified trading account."""

    margin_mode: str
    is_unified: bool


@dataclass(frozen=True, slots=True)
class FeeFacts:
    """Fee rates of a symbol as fractions."""

    taker: Decimal
    maker: Decimal


@dataclass(frozen=True, slots=True)
class PositionFacts:
    """Position mode and leverage of a symbol; `leverage` None where the venue does not say."""

    is_hedge: bool
    leverage: Decimal | None


def _fees_of(row: FeeRow) -> FeeFacts:
    return FeeFacts(amount(row.taker_fee_rate), amount(row.maker_fee_rate))


class BybitPreflight:
    """Asks. Raises VenueFatal where the venue will never serve this account, else as the other reads."""

    def __init__(
        self, session: VenueSession, market: BybitMarket, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._session = session
        self._reader = Reader(market.measure_clock, sleep)

    def key(self) -> KeyFacts:
        """Return what the key may do and whom it belongs to."""
        reply = self._ask(self._session.get_api_key_information)
        row = decode_result(_key, reply.result, "GET /v5/user/query-api")
        trade = row.permissions.get("ContractTrade", []) + row.permissions.get("Derivatives", [])
        return KeyFacts(
            account_id=told(str(row.user_id)),
            read_only=bool(row.read_only),
            may_withdraw="Withdraw" in row.permissions.get("Wallet", []),
            may_trade=not row.read_only and bool(trade),
            ips=tuple(map(told, row.ips[:100])),
            is_unified=bool(row.uta),
            is_master=row.is_master,
            expires=told(row.expired_at),
        )

    def account(self) -> AccountFacts:
        """Return the kind of account."""
        reply = self._ask(self._session.get_account_info)
        row = decode_result(_account, reply.result, "GET /v5/account/info")
        return AccountFacts(told(row.margin_mode), row.unified_margin_status >= 3)

    def fee_rate(self, symbol: str) -> FeeFacts:
        """Return the fee rates of a symbol."""
        call = "GET /v5/account/fee-rate"
        rows = all_rows(
            lambda _cursor: self._ask(lambda: self._session.get_fee_rates(category="linear", symbol=symbol)),
            _fees,
            call,
        )
        for row, _ in rows:
            if row.symbol == symbol:
                return readable(partial(_fees_of, row), call)
        raise TransportError(f"{call}: the answer does not name {symbol}")

    def position_mode(self, symbol: str) -> PositionFacts:
        """Return position mode and leverage; asked by symbol, the venue answers also for a flat one."""
        call = "GET /v5/position/list"
        rows = all_rows(
            lambda _cursor: self._ask(lambda: self._session.get_positions(category="linear", symbol=symbol)),
            _positions,
            call,
        )
        found = [row for row, _ in rows if row.symbol == symbol]
        if not found:
            raise TransportError(f"{call}: the answer does not name {symbol}")
        leverage = readable(lambda: price_or_none(found[0].leverage), call)
        return PositionFacts(any(row.position_idx for row in found), leverage)

    def _ask(self, ask: Callable[[], T]) -> T:
        try:
            return self._reader.read(ask)
        except VenueRefused as e:
            if outcome_of(e.ret_code) is Outcome.FATAL:
                raise VenueFatal(str(e)) from None
            raise
