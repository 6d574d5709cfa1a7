"""Numbers as people and exchanges write them into files: few forms, no surprises."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

ALLOWED: Final = "a number from 0 on with at most 15 digits before the point and 18 behind it, as 0.25"
_FORM: Final = re.compile(r"\d{1,15}(\.\d{1,18})?([eE][+-]?\d{1,2})?", re.ASCII)
_LARGEST: Final = Decimal("1e15")
_MOST_PLACES: Final = -18


def number(text: str) -> Decimal | None:
    """Return the number, None for a text that is not one of ALLOWED."""
    if not _FORM.fullmatch(text):
        return None
    value = Decimal(text)
    places = value.normalize().as_tuple().exponent
    if value >= _LARGEST or not isinstance(places, int) or places < _MOST_PLACES:
        return None
    return value
