"""A table on its way out: named columns of one kind each, rows made one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

Cell: TypeAlias = str | int | float | bool | None
Row: TypeAlias = Mapping[str, Cell]


class Kind(Enum):
    """What stands in a column. AMOUNT: a decimal as exact text. TIME: ISO-8601 UTC with milliseconds."""

    TEXT = "text"
    AMOUNT = "amount"
    TIME = "time"
    COUNT = "count"
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Column:
    """One column."""

    name: str
    kind: Kind = Kind.TEXT


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows; a cell that a row does not have is empty. `rows` can be gone through once."""

    columns: tuple[Column, ...]
    rows: Iterator[Row]


def columns(**kinds: Kind) -> tuple[Column, ...]:
    """Return columns of the given names and kinds, in order."""
    return tuple(Column(name, kind) for name, kind in kinds.items())
