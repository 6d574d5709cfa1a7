"""Columns of decimal text as exact scaled integers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Up to this magnitude the nearest float of a decimal text, times a power of ten, rounds to the exact integer.
_EXACT_IN_FLOAT: Final = 2**51
_INT64: Final = 2**63 - 1
_MOST_DECIMALS: Final = 30


class BadNumber(ValueError):
    """A field is no finite number. `row` counts from 0."""

    def __init__(self, row: int, text: str) -> None:
        super().__init__(f"row {row}: {text!r}")
        self.row = row
        self.text = text


@dataclass(frozen=True, slots=True)
class Scaled:
    """Columns × 10^decimals as (n,) int64. `is_exact` is False where digits had to be cut to fit."""

    columns: tuple[NDArray[np.int64], ...]
    decimals: int
    is_exact: bool


def scale(columns: Sequence[Sequence[str]]) -> Scaled:
    """Return decimal texts as integers on one common scale. Raises BadNumber."""
    floats = [_floats(column) for column in columns]
    wanted = max((_decimals(column) for column in columns), default=0)
    largest = max((float(np.abs(values).max()) for values in floats if len(values)), default=0.0)
    if largest >= _INT64:
        raise _find_largest(columns, floats)
    decimals = min(wanted, _MOST_DECIMALS)
    while decimals > 0 and largest * 10.0**decimals >= _INT64:
        decimals -= 1
    if largest * 10.0**decimals < _EXACT_IN_FLOAT:
        scaled = tuple(np.rint(values * 10.0**decimals).astype(np.int64) for values in floats)
    else:
        scaled = tuple(
            np.array([int(Decimal(text).scaleb(decimals)) for text in column], dtype=np.int64)
            for column in columns
        )
    return Scaled(scaled, decimals, decimals == wanted)


def _floats(column: Sequence[str]) -> NDArray[np.float64]:
    try:
        values = np.array(column, dtype=np.float64)
    except ValueError:
        raise _find_bad(column) from None
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise BadNumber(row, column[row])
    return values


def _find_bad(column: Sequence[str]) -> BadNumber:
    for row, text in enumerate(column):
        try:
            Decimal(text)
        except InvalidOperation:
            return BadNumber(row, text)
    return BadNumber(0, "")


def _find_largest(columns: Sequence[Sequence[str]], floats: Sequence[NDArray[np.float64]]) -> BadNumber:
    for column, values in zip(columns, floats, strict=True):
        for row in np.flatnonzero(np.abs(values) >= _INT64).tolist():
            return BadNumber(row, column[row])
    return BadNumber(0, "")


def _decimals(column: Sequence[str]) -> int:
    """Return how many decimals the column needs, trailing zeros left out."""
    if any("e" in text or "E" in text for text in column):
        return max(_decimals_of(text) for text in column)
    pointed = [text for text in column if "." in text]
    longest = max((len(text) - text.find(".") - 1 for text in pointed), default=0)
    if any(text[-1] != "0" for text in pointed if len(text) - text.find(".") - 1 == longest):
        return longest
    return max((len(text.rstrip("0")) - text.find(".") - 1 for text in pointed), default=0)


def _decimals_of(text: str) -> int:
    exponent = Decimal(text).normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0
