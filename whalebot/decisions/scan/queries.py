"""The error of everything a user types about the table: filters, sort keys, presets."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from whalebot.domain.errors import ConfigError


class ScanQueryError(ConfigError):
    """A filter or sort key that cannot be read. `column`: where, counted from 1."""

    def __init__(self, message: str, column: int = 1) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


def unknown_name(name: str, known: Iterable[str], what: str, column: int = 1) -> ScanQueryError:
    """Return the error for a name that is not known, with the nearest that is."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.0)
    return ScanQueryError(f"unknown {what} {name!r}; the nearest is {near[0]!r}", column)
