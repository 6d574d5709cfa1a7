"""The arithmetic of the core: one decimal context, wide enough that sums and products are never rounded."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Final

CONTEXT: Final = Context(
    prec=64, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, DivisionByZero, Overflow]
)
"""Entered by every public call, so that the caller's own context cannot change a figure."""

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
HUNDRED: Final = Decimal(100)
INFINITY: Final = Decimal("Infinity")
QUANTUM: Final = Decimal("1E-8")
"""Step of the figures that a division makes: average prices, margins, shares of a cost."""


def quantised(value: Decimal) -> Decimal:
    """Round to the quantum, without trailing zeros or an exponent."""
    return tidy(value.quantize(QUANTUM))


def tidy(value: Decimal) -> Decimal:
    """Strip trailing zeros; 1E+2 becomes 100."""
    bare = value.normalize()
    # A sum has the smaller exponent of the two.
    return bare + ZERO if bare else bare


def average(value: Decimal, qty: Decimal) -> Decimal:
    """Return `value` / `qty` to 8 decimals; 0 for nothing."""
    return quantised(value / qty) if qty else ZERO


def is_multiple(value: Decimal, step: Decimal) -> bool:
    """Say whether `value` lies on the grid of `step`."""
    return value % step == 0
