"""Lots of coins and what selling them takes away, by FIFO, LIFO, HIFO or average cost. Pure and exact.

Nothing is rounded away: of a lot that is sold in parts the last part takes what is left of its cost, so that
the costs of all disposals and of what remains always add up to the costs of all acquisitions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import Enum
from typing import Final

DUST: Final = Decimal("0.00000001")
"""Disposing of that much more than there is counts as disposing of all."""
_UNIT: Final = Decimal("1e-12")
_DIGITS: Final = 80
_NOTHING: Final = Decimal(0)


class Method(Enum):
    """Which lot goes first: the oldest, the newest, the dearest a unit; or all are one pool."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    AVERAGE = "average"


class Reason(Enum):
    """Why a coin was given away."""

    TRADE = "trade"
    FEE = "fee"


@dataclass(frozen=True, slots=True)
class Lot:
    """Coins acquired at one moment (ms UTC); `cost` in the reporting currency. None: a pool of several."""

    coin: str
    acquired_ms: int | None
    qty: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Disposal:
    """A part of one lot that was given away. Amounts in the reporting currency; `fee` belongs to the sale."""

    coin: str
    acquired_ms: int | None
    sold_ms: int
    qty: Decimal
    proceeds: Decimal
    cost: Decimal
    fee: Decimal
    reason: Reason

    @property
    def gain(self) -> Decimal:
        """Proceeds less cost and fee."""
        return self.proceeds - self.cost - self.fee


class NotEnough(ValueError):
    """More was given away than had been acquired."""


class LotBook:
    """The lots of all coins under one method. Transactions come in the order of their times."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self._lots: dict[str, list[Lot]] = {}
        self._held: dict[str, Decimal] = {}

    def acquire(self, coin: str, at_ms: int, qty: Decimal, cost: Decimal) -> None:
        """Add a lot. Raises ValueError for a quantity that is not above zero or a negative cost."""
        if qty <= 0 or cost < 0:
            raise ValueError(f"{coin}: a lot of {qty} at a cost of {cost}")
        self._held[coin] = _sum(self.held(coin), qty)
        lots = self._lots.setdefault(coin, [])
        if self._method is Method.AVERAGE and lots:
            (pool,) = lots
            lots[:] = [Lot(coin, None, _sum(pool.qty, qty), _sum(pool.cost, cost))]
        else:
            lots.append(Lot(coin, None if self._method is Method.AVERAGE else at_ms, qty, cost))

    def dispose(
        self, coin: str, at_ms: int, qty: Decimal, proceeds: Decimal, fee: Decimal, reason: Reason
    ) -> list[Disposal]:
        """Take `qty` out of the lots and return one disposal a lot; proceeds and fee are shared by quantity.

        Raises NotEnough where less was acquired before.
        """
        held = self.held(coin)
        if qty <= 0 or qty > held + DUST:
            raise NotEnough(f"{qty} {coin} are given away, but only {held} had been acquired by then")
        parts = self._take(coin, min(qty, held))
        self._held[coin] = _difference(held, min(qty, held))
        taken = _sum(*(part.qty for part in parts))
        shares = _shared(proceeds, [part.qty for part in parts], taken)
        fees = _shared(fee, [part.qty for part in parts], taken)
        return [
            Disposal(coin, part.acquired_ms, at_ms, part.qty, share, part.cost, own_fee, reason)
            for part, share, own_fee in zip(parts, shares, fees, strict=True)
        ]

    def held(self, coin: str) -> Decimal:
        """Return how much of a coin remains."""
        return self._held.get(coin, _NOTHING)

    def remaining(self) -> list[Lot]:
        """Return what remains, by coin, in the order of acquisition."""
        return [lot for coin in sorted(self._lots) for lot in self._lots[coin]]

    def _take(self, coin: str, qty: Decimal) -> list[Lot]:
        lots = self._lots.get(coin, [])
        parts: list[Lot] = []
        while qty > 0:
            at = self._next(lots)
            lot = lots[at]
            if lot.qty <= qty:
                parts.append(lots.pop(at))
                qty = _difference(qty, lot.qty)
                continue
            cost = _part(lot.cost, qty, lot.qty)
            parts.append(Lot(coin, lot.acquired_ms, qty, cost))
            rest = Lot(coin, lot.acquired_ms, _difference(lot.qty, qty), _difference(lot.cost, cost))
            lots[at] = rest
            break
        return parts

    def _next(self, lots: list[Lot]) -> int:
        if self._method is Method.LIFO:
            return len(lots) - 1
        if self._method is Method.HIFO:
            return max(range(len(lots)), key=lambda at: (lots[at].cost / lots[at].qty, -at))
        return 0


def _shared(amount: Decimal, quantities: list[Decimal], total: Decimal) -> list[Decimal]:
    """Share an amount by quantity; the last takes what is left of it."""
    shares: list[Decimal] = []
    left = amount
    for qty in quantities[:-1]:
        share = _part(amount, qty, total)
        shares.append(share)
        left = _difference(left, share)
    return [*shares, left] if quantities else []


def _part(amount: Decimal, qty: Decimal, of: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return (amount * qty / of).quantize(_UNIT)


def _sum(*amounts: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return sum(amounts, _NOTHING)


def _difference(first: Decimal, second: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = _DIGITS
        return first - second
