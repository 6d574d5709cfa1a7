"""What a fill costs: rates of an account, and the model that picks one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FeeRates:
    """Fractions of traded value. A negative maker rate is a rebate."""

    maker: Decimal = Decimal("0.0002")
    taker: Decimal = Decimal("0.00055")


class FeeModel(Protocol):
    """Chooses the rate of one fill."""

    def rate(self, rates: FeeRates, symbol: str, is_maker: bool) -> Decimal:
        """Return the fee of a fill as a fraction of its value."""


@dataclass(frozen=True, slots=True)
class FlatFees:
    """The account's own rates, the same for every symbol."""

    def rate(self, rates: FeeRates, symbol: str, is_maker: bool) -> Decimal:
        """Return the maker or the taker rate."""
        return rates.maker if is_maker else rates.taker
