"""Numbers as people read them. Prices keep all their decimals."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

_CENT: Final = Decimal("0.01")


def price_text(price: Decimal | None) -> str:
    """Return a price with all its decimals and separators of thousands, "-" for none."""
    return "-" if price is None else f"{price:,f}"


def average_text(price: Decimal, *like: Decimal | None) -> str:
    """Return an average price with as many decimals as the finest of the prices beside it."""
    exponents = [reference.as_tuple().exponent for reference in like if reference is not None]
    places = max((-e for e in exponents if isinstance(e, int)), default=8)
    return f"{price:,.{max(places, 0)}f}"


def money_text(amount: Decimal | None) -> str:
    """Return an amount of quote currency to the cent, "-" for none."""
    return "-" if amount is None else f"{amount.quantize(_CENT):,f}"


def signed_money(amount: Decimal | None) -> str:
    """Return an amount to the cent with its sign, "-" for none; what rounds to zero has no sign."""
    if amount is None:
        return "-"
    cents = amount.quantize(_CENT)
    return f"{cents:+,f}" if cents else f"{abs(cents):f}"


def contribution_text(value: float) -> str:
    """Return a part of a score: sign and two decimals, without the zero in front."""
    text = f"{value:+.2f}"
    return text[0] + text[2:] if text[1] == "0" else text


def count_text(number: int, one: str, many: str = "") -> str:
    """Return a number and what it counts: `one` where it is 1, else `many` (`one` with an s unless given)."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def interval_text(interval: str) -> str:
    """Return an interval for people: "15" is "15m", "240" is "4h", "D" is "1d"."""
    if not interval.isdigit():
        return {"D": "1d", "W": "1w", "M": "1mo"}.get(interval, interval)
    minutes = int(interval)
    return f"{minutes // 60}h" if minutes >= 60 and minutes % 60 == 0 else f"{minutes}m"


def age_text(ms: int | None) -> str:
    """Return a duration in its largest fitting unit, "-" for none."""
    if ms is None:
        return "-"
    seconds = max(ms, 0) / 1000
    for length, unit in ((86_400, "d"), (3600, "h"), (60, "m")):
        if seconds >= length:
            return f"{seconds / length:.1f}{unit}"
    return f"{seconds:.1f}s"
