"""How figures are written for people: money, shares, ratios, times. Unknown is a dash, endless is ∞."""

from __future__ import annotations

import math
from decimal import Context, Decimal
from typing import Final

from whalebot.domain.intervals import DAY_MS, iso_utc

UNKNOWN: Final = "–"
_EIGHT_DIGITS: Final = Context(prec=8)
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000


def money(amount: Decimal | float | None, *, sign: bool = False) -> str:
    """Return an amount with two decimals (more below a tenth) and thousands apart."""
    if amount is None or not math.isfinite(amount):
        return _special(amount)
    decimals = 4 if 0 < abs(float(amount)) < 0.1 else 2
    return f"{amount:{'+' if sign and amount else ''},.{decimals}f}".replace("-", "−")


def price(amount: Decimal) -> str:
    """Return a price with eight digits that count, plainly written."""
    return f"{_EIGHT_DIGITS.plus(amount):f}"


def share(fraction: float, decimals: int = 1, *, sign: bool = False) -> str:
    """Return a fraction in percent."""
    if not math.isfinite(fraction):
        return _special(fraction)
    return f"{fraction * 100:{'+' if sign else ''},.{decimals}f} %".replace("-", "−")


def ratio(value: float, *, sign: bool = False, unit: str = "") -> str:
    """Return a pure number with two decimals, and its unit where it has one."""
    if not math.isfinite(value):
        return _special(value)
    return f"{value:{'+' if sign else ''},.2f}{unit}".replace("-", "−")


def duration(ms: float) -> str:
    """Return a span of time in its two largest units."""
    if not math.isfinite(ms):
        return _special(ms)
    whole = round(ms)
    if whole < _MINUTE_MS:
        return f"{whole / 1000:.0f} s"
    if whole < _HOUR_MS:
        return f"{whole // _MINUTE_MS} min"
    if whole < DAY_MS:
        return f"{whole // _HOUR_MS} h {whole % _HOUR_MS // _MINUTE_MS:02d} min"
    return f"{whole // DAY_MS:,} d {whole % DAY_MS // _HOUR_MS:02d} h"


def day(ts_ms: int) -> str:
    """Return the date, UTC."""
    return iso_utc(ts_ms)[:10]


def moment(ts_ms: int) -> str:
    """Return date and minute, UTC."""
    return iso_utc(ts_ms)[:16].replace("T", " ")


def words(name: str) -> str:
    """Return a machine's name as people write it: "take_profit" as "take profit"."""
    return name.replace("_", " ")


def _special(value: Decimal | float | None) -> str:
    return "∞" if value == math.inf else UNKNOWN
