"""Sums of money without rounding, and the one rounding of quotients."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext
from typing import Final

EXACT: Final = Context(prec=80)
"""Wide enough that no sum of amounts is rounded, so that totals do not depend on the order of adding."""

MAX_DECIMALS: Final = 12
"""Decimals kept of a quotient (average price, percent, R); sums and differences are never rounded."""

_ONE: Final = Decimal(1)
_STEP: Final = _ONE.scaleb(-MAX_DECIMALS)


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """Return the sum without rounding; 0 of nothing."""
    with localcontext(EXACT):
        return sum(amounts, Decimal(0))


def rounded(value: Decimal) -> Decimal:
    """Return `value` with at most MAX_DECIMALS decimals and no trailing zeros, never in exponent form."""
    # With the context as an argument: entering it would take twice as long as the rounding.
    value = value.quantize(_STEP, None, EXACT).normalize(EXACT)
    return value if value != value.to_integral_value() else value.quantize(_ONE, None, EXACT)
