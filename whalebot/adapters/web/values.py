"""Values as the API writes them: money as plain decimals, times as ISO-8601, no number as null."""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Any

from whalebot.adapters.web.answers import time_text
from whalebot.domain.enums import Side
from whalebot.domain.weight_names import full_name


def money(amount: Decimal | None) -> str | None:
    """Return an amount without an exponent; None stays."""
    return None if amount is None else format(amount, "f")


def known_money(amount: Decimal) -> str:
    """Return an amount without an exponent."""
    return format(amount, "f")


def moment(ts_ms: int | None) -> str | None:
    """Return ms UTC as a time; None stays."""
    return None if ts_ms is None else time_text(ts_ms)


def number(value: float | None) -> float | None:
    """Return a finite number, else None."""
    return value if value is not None and math.isfinite(value) else None


def parts(breakdown: Iterable[tuple[str, float]]) -> list[dict[str, Any]]:
    """Return the contributions of a score in scoring order."""
    return [{"name": name, "value": number(value)} for name, value in breakdown]


def direction(side: Side) -> str:
    """Return long or short."""
    return "long" if side is Side.BUY else "short"


def percent_of(part: Decimal | None, whole: Decimal | None) -> float | None:
    """Return a share in percent, None where it is not known."""
    if part is None or whole is None:
        return None
    try:
        return round(float(part / whole * 100), 4)
    except (DivisionByZero, InvalidOperation):
        return None


def ratio_of(part: Decimal | None, whole: Decimal | None) -> float | None:
    """Return a ratio, None where it is not known."""
    found = percent_of(part, whole)
    return None if found is None else round(found / 100, 6)


def because(breakdown: Iterable[tuple[str, float]], most: int = 3) -> str:
    """Name the contributions that weigh most, as text; "" where there are none."""
    known = [(name, value) for name, value in breakdown if value and math.isfinite(value)]
    known.sort(key=lambda pair: -abs(pair[1]))
    return ", ".join(f"{full_name(name)} {value:+.2f}" for name, value in known[:most])
