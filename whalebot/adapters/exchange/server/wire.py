"""Decimals, enums and times as the venue writes them."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from whalebot.domain.enums import Side, TriggerBy

ZERO: Final = Decimal(0)
_EIGHT: Final = Decimal("1E-8")


def plain(value: Decimal) -> str:
    """Return `value` exactly, without exponent and trailing zeros."""
    text = str(value)
    if "E" in text:
        text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def plain_or(value: Decimal | None, absent: str) -> str:
    """Return `value` exactly, or `absent` where there is none."""
    return absent if value is None else plain(value)


def rounded(value: Decimal) -> str:
    """Return a quotient (an average, a margin, a ratio) with the venue's eight decimals."""
    return plain(value.quantize(_EIGHT, ROUND_HALF_EVEN))


def rounded_or(value: Decimal | None, absent: str) -> str:
    """Return a quotient with eight decimals, or `absent` where there is none."""
    return absent if value is None else rounded(value)


def side_or_empty(side: Side | None) -> str:
    """Return Buy, Sell, or "" for a flat position."""
    return "" if side is None else side.value


def trigger_or(trigger: TriggerBy | None, absent: str) -> str:
    """Return the name of a trigger price, or `absent` where there is none."""
    return absent if trigger is None else trigger.value
