"""Kinds of values of the scanner's table: what is taken, what becomes of the rest."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from whalebot.domain.intervals import INTERVALS

_LABELS: Final = {
    "1m": "1", "3m": "3", "5m": "5", "15m": "15", "30m": "30", "60m": "60", "1h": "60", "2h": "120",
    "4h": "240", "6h": "360", "12h": "720", "1d": "D", "24h": "D", "1w": "W", "7d": "W", "1mo": "M",
}  # fmt: skip
_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_SYMBOL: Final = re.compile(r"[A-Za-z0-9]{1,30}")


@dataclass(frozen=True, slots=True)
class Taken:
    """A value as it is used. `said` True: it was not written so, and that is worth a line."""

    value: Any
    said: bool = False


Check: TypeAlias = Callable[[Any], Taken | None]
"""Takes a value of the file; None where it cannot be used."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a value may be, in words, and how it is read."""

    allowed: str
    check: Check


def number(
    low: float = -math.inf, high: float = math.inf, *, above: bool = False, below: bool = False
) -> Kind:
    """A finite number from `low` to `high`; `above`, `below` leave out the bound itself."""

    def check(value: Any) -> Taken | None:
        found, said = _number(value)
        if found is None or not (found > low if above else found >= low):
            return None
        if not (found < high if below else found <= high):
            return None
        return Taken(found, said)

    return Kind(_range_text("a number", low, high, above, below), check)


def whole(low: int, high: int | None = None, *, clamp: bool = False) -> Kind:
    """A whole number from `low` to `high`; with `clamp` one outside becomes the nearer bound."""

    def check(value: Any) -> Taken | None:
        found, said = _number(value)
        if found is None or found != int(found):
            return None
        result = int(found)
        bound = max(low, result if high is None else min(result, high))
        if bound != result:
            return Taken(bound, True) if clamp else None
        return Taken(result, said or not isinstance(value, int))

    return Kind(_range_text("a whole number", low, math.inf if high is None else high, False, False), check)


def boolean() -> Kind:
    """True or false."""
    return Kind("true or false", lambda value: Taken(value) if isinstance(value, bool) else None)


def choice(*values: Any) -> Kind:
    """One of a few values."""

    def check(value: Any) -> Taken | None:
        if any(value == known and type(value) is type(known) for known in values):
            return Taken(value)
        found, _ = _number(value)
        if isinstance(value, str) and found is not None and found in values:
            return Taken(int(found), True)
        near = [known for known in values if isinstance(value, str) and str(known).lower() == value.lower()]
        return Taken(near[0], True) if near else None

    return Kind("one of " + ", ".join(map(str, values)), check)


def interval() -> Kind:
    """The venue's name of an interval, its number of minutes or a label such as 15m, 1h, 1d."""

    def check(value: Any) -> Taken | None:
        if isinstance(value, bool):
            return None
        text = str(value) if isinstance(value, str | int) else ""
        name = text if text in INTERVALS else _LABELS.get(text.lower(), text.upper())
        return Taken(name) if name in INTERVALS else None

    return Kind("one of " + ", ".join(INTERVALS), check)


def text(allowed: str = "a text") -> Kind:
    """Any text."""
    return Kind(allowed, lambda value: Taken(value) if isinstance(value, str) else None)


def text_or_none(allowed: str) -> Kind:
    """A text or null."""
    return Kind(allowed, lambda value: Taken(value) if value is None or isinstance(value, str) else None)


def or_none(kind: Kind) -> Kind:
    """A value of a kind, or null."""
    return Kind(f"{kind.allowed}, or null", lambda value: Taken(None) if value is None else kind.check(value))


def folder() -> Kind:
    """A relative or absolute folder."""

    def check(value: Any) -> Taken | None:
        return Taken(value) if isinstance(value, str) and value.strip() and "\0" not in value else None

    return Kind("a folder", check)


def file_name() -> Kind:
    """A plain file name: no path, no dots alone."""

    def check(value: Any) -> Taken | None:
        plain = isinstance(value, str) and bool(value.strip()) and not re.search(r"[/\\\0]|\.\.", value)
        return Taken(value) if plain and value != "." else None

    return Kind("a plain file name without / \\ or ..", check)


def zone() -> Kind:
    """An IANA time zone."""

    def check(value: Any) -> Taken | None:
        if not isinstance(value, str):
            return None
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return None
        return Taken(value)

    return Kind("an IANA time zone, as Europe/Berlin", check)


def list_of(kind: Kind, *, least: int = 0) -> Kind:
    """A list of values of one kind."""

    def check(value: Any) -> Taken | None:
        if not isinstance(value, list) or len(value) < least:
            return None
        taken = [kind.check(item) for item in value]
        if any(item is None for item in taken):
            return None
        return Taken(tuple(item.value for item in taken if item), any(item.said for item in taken if item))

    return Kind(f"a list: {kind.allowed}", check)


def symbol() -> Kind:
    """The name of a symbol."""

    def check(value: Any) -> Taken | None:
        if not isinstance(value, str) or not _SYMBOL.fullmatch(value.strip()):
            return None
        return Taken(value.strip().upper())

    return Kind("a symbol, as BTCUSDT", check)


def hours() -> Kind:
    """A pair of UTC times."""

    def check(value: Any) -> Taken | None:
        if not isinstance(value, list) or len(value) != 2:
            return None
        fine = all(isinstance(item, str) and _TIME.fullmatch(item) for item in value)
        return Taken((value[0], value[1])) if fine and value[0] != value[1] else None

    return Kind('a pair of UTC times, as ["22:00", "06:00"]', check)


def _number(value: Any) -> tuple[float | None, bool]:
    """Return a finite number and whether it stood there as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None, False
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None, False
    if not math.isfinite(found):
        return None, False
    return (value if isinstance(value, int) else found), isinstance(value, str)


def _range_text(what: str, low: float, high: float, above: bool, below: bool) -> str:
    if low == -math.inf:
        return what
    left = f"above {low:g}" if above else f"from {low:g}"
    if high == math.inf:
        return f"{what} {left}" + ("" if above else " on")
    return f"{what} {left} to " + (f"below {high:g}" if below else f"{high:g}")
