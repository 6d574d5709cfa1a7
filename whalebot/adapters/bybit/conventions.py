"""The venue's habits for absent values, sides and states, in one place."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from whalebot.domain.enums import ExecType, OrderStatus, Side

ZERO = Decimal(0)

_SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
_STATUSES = {status.value: status for status in OrderStatus} | {
    # Words of older accounts and of the conditional service for states that have a name above.
    "Created": OrderStatus.NEW,
    "PendingCancel": OrderStatus.NEW,
    "Active": OrderStatus.TRIGGERED,
    "PartiallyFilledCancelled": OrderStatus.PARTIALLY_FILLED_CANCELLED,
}
_EXEC_TYPES = {kind.value: kind for kind in ExecType}
_NO_WORD = frozenset({"", "UNKNOWN", "None"})
# Far beyond any price or quantity. A number like 1e999999999 is finite, but written out it fills the memory.
_MOST_DIGITS: Final = 20
_MOST_DECIMALS: Final = 30
_LONGEST_NUMBER: Final = 64
_LONGEST_TEXT: Final = 300
LATEST_MS: Final = 221_845_392_000_000
"""A time after this one (the year 9000) is none: calendars end soon after."""


class BadValue(ValueError):
    """A payload holds a value that the venue's documents do not allow."""


class Foreign(BadValue):
    """A payload of another product, or of a topic that is not used. The text names it."""


def number(text: str) -> Decimal:
    """Read a number; "" is zero. Raises BadValue for anything that is not a finite number of sane size."""
    if not text:
        return ZERO
    if len(text) > _LONGEST_NUMBER:
        raise BadValue(f"{text[:40]!r}... is too long for a number")
    if not text.isascii() or "_" in text:  # Decimal reads digits of every script, and 1_0 as ten
        raise BadValue(f"{text[:40]!r} is not a number")
    try:
        value = Decimal(text)
    except ArithmeticError:
        raise BadValue(f"{text[:40]!r} is not a number") from None
    return amount(value)


def unsigned(text: str) -> Decimal:
    """Read a number of zero or more; "" is zero. Raises BadValue."""
    value = number(text)
    if value < 0:
        raise BadValue(f"{text[:40]!r} is below zero")
    return value


def amount(value: Decimal) -> Decimal:
    """Return a number that can be counted with and written out. Raises BadValue for any other."""
    if not is_amount(value) or not is_short(value):
        raise BadValue(f"{value!s:.40} is not a finite number of sane size")
    return value


def positive(value: Decimal) -> Decimal:
    """Return an `amount` above zero. Raises BadValue for any other."""
    if amount(value) <= 0:
        raise BadValue(f"{value!s:.40} is not above zero")
    return value


def not_negative(value: Decimal) -> Decimal:
    """Return an `amount` of zero or more. Raises BadValue for any other."""
    if amount(value) < 0:
        raise BadValue(f"{value!s:.40} is below zero")
    return value


def is_amount(value: Decimal) -> bool:
    """Tell whether a number is finite and neither absurdly large nor absurdly small."""
    return value.is_finite() and -_MOST_DECIMALS <= value.adjusted() <= _MOST_DIGITS


def is_short(value: Decimal) -> bool:
    """Tell whether a number for which `is_amount` holds has few digits; there are answers of a million."""
    return len(str(value)) <= _LONGEST_NUMBER


def time_ms(text: str) -> int:
    """Read a time, ms UTC; "" is 0. Raises BadValue."""
    value = number(text)
    if not 0 <= value < LATEST_MS:
        raise BadValue(f"{text[:40]!r} is not a time in ms")
    return int(value)


def told(text: str | None) -> str:
    """Return words of the venue as they may be shown: short, on one line, nothing that steers a terminal."""
    shown = (text or "")[:_LONGEST_TEXT]
    return shown if shown.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in shown)


def price_or_none(text: str | None) -> Decimal | None:
    """Read a price or a level for which "", "0", "0.00" and "UNKNOWN" all mean "none". Raises BadValue."""
    if not text or text == "UNKNOWN":
        return None
    return unsigned(text) or None


def word(text: str) -> str:
    """Return a venue word, with its several ways to say "none" reduced to ""."""
    return "" if text in _NO_WORD else told(text)


def side(text: str) -> Side:
    """Read Buy or Sell. Raises BadValue."""
    try:
        return _SIDES[text]
    except KeyError:
        raise BadValue(f"side {text[:40]!r} is neither Buy nor Sell") from None


def order_status(text: str) -> OrderStatus:
    """Read the state of an order. Raises BadValue for a state that nobody has described."""
    try:
        return _STATUSES[text]
    except KeyError:
        raise BadValue(f"order status {text[:40]!r} is not known") from None


def exec_type(text: str) -> ExecType:
    """Read the kind of an execution; what is not listed is OTHER and moves no position."""
    return _EXEC_TYPES.get(text, ExecType.OTHER)


def foreign_category(symbol: str, category: str = "") -> str | None:
    """Name the product a payload belongs to when it is no USDT linear perpetual, else None."""
    if category not in ("", "linear"):
        return category
    if "-" in symbol:
        return "option or dated future"
    if symbol.endswith("USDT"):
        return None
    return "USDC contract" if symbol.endswith(("PERP", "USDC")) else "inverse or spot"
