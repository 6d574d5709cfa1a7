"""Answers about the venue: known, or unknown with the reason. A failed query is never an empty answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A value the venue answered. `asked_ms` is the local time (ms UTC) at which the question left."""

    value: T
    asked_ms: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """No answer. `reason` is for people."""

    reason: str


Answer: TypeAlias = Known[T] | Unknown
