"""Spot transactions as their owner writes them down: a CSV file, one line a transaction."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Final

from whalebot.domain.errors import ConfigError
from whalebot.research.tax.numbers import ALLOWED, number

COLUMNS: Final = (
    *("time", "type", "sent_coin", "sent_qty", "received_coin", "received_qty"),
    *("fee_coin", "fee_qty", "value", "id"),
)
_LONGEST_COIN: Final = 30
_YEARS: Final = range(2009, 2200)
_NEEDED: Final = frozenset(COLUMNS) - {"id"}
CASH: Final = frozenset(
    {
        "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
        "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KRW", "MXN", "MYR",
        "NGN", "NOK", "NZD", "PHP", "PLN", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY",
        "TWD", "UAH", "USD", "VND", "ZAR",
    }
)  # fmt: skip
"""Money of states. Whatever else has a name is a coin, stablecoins too."""


class Type(Enum):
    """What happened."""

    TRADE = "trade"
    TRANSFER = "transfer"
    INCOME = "income"
    OPENING = "opening"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of a coin or of money."""

    coin: str
    qty: Decimal

    @property
    def is_cash(self) -> bool:
        """True for money of a state."""
        return self.coin in CASH


@dataclass(frozen=True, slots=True)
class Transaction:
    """One line. `value` in the reporting currency: of the trade, of what was received, or of the fee."""

    place: str
    at_ms: int
    type: Type
    sent: Amount | None
    received: Amount | None
    fee: Amount | None
    value: Decimal | None
    id: str


def read_transactions(path: Path) -> list[Transaction]:
    """Return all lines in the order of their times, lines of one time in the order of the file.

    Raises ConfigError naming the line that is wrong, or an id that stands there twice.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not text in UTF-8") from error
    found = list(_read(path, lines))
    seen: dict[str, str] = {}
    for transaction in found:
        if transaction.id:
            if transaction.id in seen:
                raise ConfigError(
                    f"{transaction.place}: id {transaction.id[:40]!r} stands at "
                    f"{seen[transaction.id]} already; remove one of the two"
                )
            seen[transaction.id] = transaction.place
    return sorted(found, key=lambda transaction: transaction.at_ms)


def _read(path: Path, lines: list[str]) -> Iterator[Transaction]:
    rows = csv.DictReader(lines, strict=True)
    try:
        names = [name.strip() for name in rows.fieldnames or ()]
    except csv.Error as error:
        raise ConfigError(f"{path}:1: {error}") from error
    found = ", ".join(names)[:200]
    if len(set(names)) != len(names):
        raise ConfigError(f"{path}:1: a column stands there twice: {found}")
    if missing := sorted(_NEEDED - set(names)):
        raise ConfigError(f"{path}:1: columns are missing: {', '.join(missing)}; it has {found}")
    if set(names) - set(COLUMNS):
        raise ConfigError(f"{path}:1: unknown columns in {found}; allowed: {', '.join(COLUMNS)}")
    rows.fieldnames = names
    try:
        for row in rows:
            if None in row or None in row.values():
                raise ConfigError(f"{path}:{rows.line_num}: has not {len(names)} cells, as the header has")
            yield _transaction(f"{path}:{rows.line_num}", {name: row[name].strip() for name in names})
    except csv.Error as error:
        raise ConfigError(f"{path}:{rows.line_num}: {error}") from error


def _transaction(place: str, row: Mapping[str, str]) -> Transaction:
    try:
        kind = Type(row["type"])
    except ValueError:
        allowed = ", ".join(kind.value for kind in Type)
        raise ConfigError(f"{place}: type {row['type'][:40]!r}: allowed are {allowed}") from None
    transaction = Transaction(
        place=place,
        at_ms=_moment(place, row["time"]),
        type=kind,
        sent=_amount(place, row, "sent"),
        received=_amount(place, row, "received"),
        fee=_amount(place, row, "fee"),
        value=_number(place, "value", row["value"]),
        id=row.get("id", ""),
    )
    if problem := _problem(transaction):
        raise ConfigError(f"{place}: {problem}")
    return transaction


def _problem(transaction: Transaction) -> str:
    sent, received = transaction.sent, transaction.received
    match transaction.type:
        case Type.TRADE:
            return _trade_problem(sent, received)
        case Type.TRANSFER if sent is not None and received is not None:
            if sent.coin != received.coin:
                return "a transfer moves one coin; sent and received differ"
            return "more arrived than was sent" if received.qty > sent.qty else ""
        case Type.INCOME | Type.OPENING if received is None or received.is_cash or sent is not None:
            return "names a coin received and nothing sent"
        case Type.FEE if transaction.fee is None or sent is not None or received is not None:
            return "a fee names fee_coin and fee_qty alone"
    return ""


def _trade_problem(sent: Amount | None, received: Amount | None) -> str:
    if sent is None or received is None:
        return "a trade has something sent and something received"
    if sent.is_cash and received.is_cash:
        return "a trade of money for money has no coin in it; leave it out"
    if sent.coin == received.coin:
        return f"a trade of {sent.coin[:20]} for itself; a move between wallets of yours is a transfer"
    return ""


def _moment(place: str, text: str) -> int:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"{place}: time {text[:40]!r}: write 2025-01-31T08:00:00+00:00") from None
    if at.year not in _YEARS:
        raise ConfigError(f"{place}: time {text[:40]!r}: there were no coins in that year")
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _amount(place: str, row: Mapping[str, str], what: str) -> Amount | None:
    coin, qty = row[f"{what}_coin"], _number(place, f"{what}_qty", row[f"{what}_qty"])
    if not coin and not qty:
        return None
    if len(coin) > _LONGEST_COIN:
        raise ConfigError(f"{place}: {what}_coin {coin[:_LONGEST_COIN]!r}... is no name of a coin")
    if not coin or not qty:
        if coin and qty == 0 and what == "fee":
            return None
        raise ConfigError(f"{place}: {what}_coin and {what}_qty belong together, and a quantity is above 0")
    return Amount(coin, qty)


def _number(place: str, name: str, text: str) -> Decimal | None:
    if not text:
        return None
    value = number(text)
    if value is None:
        raise ConfigError(f"{place}: {name} {text[:40]!r}: write {ALLOWED}")
    return value
