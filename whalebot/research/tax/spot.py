"""Spot transactions put through the lots: disposals, acquisitions, income, and the laws they must obey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from whalebot.domain.errors import BugError, ConfigError
from whalebot.research.tax.lots import DUST, Disposal, Lot, LotBook, Method, NotEnough, Reason
from whalebot.research.tax.rates import Rates
from whalebot.research.tax.transactions import Amount, Transaction, Type


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Coins that came in. `is_income`: without anything given for them."""

    coin: str
    at_ms: int
    qty: Decimal
    cost: Decimal
    is_income: bool


@dataclass(slots=True)
class SpotBooks:
    """What came of all transactions up to a moment. `remaining` are the lots that were left then."""

    disposals: list[Disposal] = field(default_factory=list)
    acquisitions: list[Acquisition] = field(default_factory=list)
    remaining: list[Lot] = field(default_factory=list)


def keep_books(transactions: Iterable[Transaction], rates: Rates, method: Method, until_ms: int) -> SpotBooks:
    """Put every transaction before `until_ms` through the lots, oldest first.

    Raises ConfigError naming the line where a market value or an acquisition is missing.
    """
    keeper = _Keeper(rates, method)
    for transaction in transactions:
        if transaction.at_ms < until_ms:
            keeper.take(transaction)
    books = keeper.close()
    check_laws(books)
    return books


def check_laws(books: SpotBooks) -> None:
    """Raise BugError where quantities of a coin or costs do not add up."""
    coins = {acquisition.coin for acquisition in books.acquisitions}
    for coin in coins:
        came = sum((a.qty for a in books.acquisitions if a.coin == coin), Decimal(0))
        went = sum((d.qty for d in books.disposals if d.coin == coin), Decimal(0))
        left = sum((lot.qty for lot in books.remaining if lot.coin == coin), Decimal(0))
        if abs(came - went - left) > DUST:
            raise BugError(f"{coin}: {came} acquired, {went} disposed of, {left} left")
        paid = sum((a.cost for a in books.acquisitions if a.coin == coin), Decimal(0))
        used = sum((d.cost for d in books.disposals if d.coin == coin), Decimal(0))
        kept = sum((lot.cost for lot in books.remaining if lot.coin == coin), Decimal(0))
        if abs(paid - used - kept) > DUST:
            raise BugError(
                f"{coin}: cost {paid} of acquisitions, {used} of disposals, {kept} of what is left"
            )


class _Keeper:
    """The books while they are kept."""

    def __init__(self, rates: Rates, method: Method) -> None:
        self._rates = rates
        self._lots = LotBook(method)
        self._books = SpotBooks()

    def take(self, transaction: Transaction) -> None:
        """Book one transaction."""
        try:
            match transaction.type:
                case Type.TRADE:
                    self._trade(transaction)
                case Type.TRANSFER:
                    self._transfer(transaction)
                case Type.INCOME | Type.OPENING:
                    self._income(transaction)
                case Type.FEE:
                    self._fee(transaction, transaction.fee, transaction.value)
        except NotEnough as error:
            raise ConfigError(
                f"{transaction.place}: {error}; add the missing acquisition before it (what you held before "
                f"the file begins is a line of type opening, its cost in the column value)"
            ) from error

    def close(self) -> SpotBooks:
        """Return the books."""
        self._books.remaining = self._lots.remaining()
        return self._books

    def _trade(self, transaction: Transaction) -> None:
        sent, received = transaction.sent, transaction.received
        if sent is None or received is None:
            raise BugError(f"{transaction.place}: a trade without its sides")
        value = self._trade_value(transaction, sent, received)
        unit = {sent.coin: value / sent.qty, received.coin: value / received.qty}
        fee_value = self._fee_value(transaction, unit)
        if not sent.is_cash:
            self._dispose(transaction, sent, value, fee_value, Reason.TRADE)
        if not received.is_cash:
            cost = value + (fee_value if sent.is_cash else Decimal(0))
            self._acquire(transaction, received, cost, is_income=False)
        if transaction.fee is not None and not transaction.fee.is_cash:
            self._dispose(transaction, transaction.fee, fee_value, Decimal(0), Reason.FEE)

    def _transfer(self, transaction: Transaction) -> None:
        sent, received, fee = transaction.sent, transaction.received, transaction.fee
        if fee is None and sent is not None and received is not None and received.qty < sent.qty:
            fee = Amount(sent.coin, sent.qty - received.qty)
        if fee is not None:
            self._fee(transaction, fee, transaction.value)

    def _income(self, transaction: Transaction) -> None:
        if transaction.received is None:
            raise BugError(f"{transaction.place}: nothing received")
        value = transaction.value
        if value is None:
            value = self._market_value(transaction, transaction.received)
        self._acquire(transaction, transaction.received, value, is_income=transaction.type is Type.INCOME)
        if transaction.fee is not None:
            self._fee(transaction, transaction.fee, None)

    def _fee(self, transaction: Transaction, fee: Amount | None, value: Decimal | None) -> None:
        if fee is not None and not fee.is_cash:
            worth = self._market_value(transaction, fee) if value is None else value
            self._dispose(transaction, fee, worth, Decimal(0), Reason.FEE)

    def _trade_value(self, transaction: Transaction, sent: Amount, received: Amount) -> Decimal:
        """The market value: the money that changed hands, else what the line says, else by the rates."""
        for side in (sent, received):
            if side.is_cash:
                return self._market_value(transaction, side)
        if transaction.value is not None:
            return transaction.value
        known = received if self._rates.knows(received.coin) else sent
        return self._market_value(transaction, known)

    def _fee_value(self, transaction: Transaction, unit: dict[str, Decimal]) -> Decimal:
        fee = transaction.fee
        if fee is None:
            return Decimal(0)
        if fee.coin in unit:
            return fee.qty * unit[fee.coin]
        return self._market_value(transaction, fee)

    def _market_value(self, transaction: Transaction, amount: Amount) -> Decimal:
        if not self._rates.knows(amount.coin):
            raise ConfigError(
                f"{transaction.place}: what {amount.qty} {amount.coin} were worth in {self._rates.currency} "
                f"is not known; write it in the column value, or add rates of {amount.coin} to --rates"
            )
        return amount.qty * self._rates.rate(amount.coin, transaction.at_ms)

    def _acquire(self, transaction: Transaction, amount: Amount, cost: Decimal, *, is_income: bool) -> None:
        self._lots.acquire(amount.coin, transaction.at_ms, amount.qty, cost)
        self._books.acquisitions.append(
            Acquisition(amount.coin, transaction.at_ms, amount.qty, cost, is_income)
        )

    def _dispose(
        self, transaction: Transaction, amount: Amount, proceeds: Decimal, fee: Decimal, reason: Reason
    ) -> None:
        self._books.disposals += self._lots.dispose(
            amount.coin, transaction.at_ms, amount.qty, proceeds, fee, reason
        )
