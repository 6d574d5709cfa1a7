"""What the command line of `scan` says, as typed values."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, fields
from decimal import Decimal

from whalebot.adapters.logs.masking import SecretMasker
from whalebot.app.paths import Paths


@dataclass(frozen=True, slots=True)
class ScanArguments:
    """The options by their names; None and "" where one was not given. `*_ms`, `since`: ms UTC.

    `words`: symbols, or the name of a tool and what follows it. `mode`: of the history's records.
    """

    paths: Paths
    masker: SecretMasker
    quiet: bool
    verbose: int
    words: tuple[str, ...]
    symbols: str | None
    all: bool
    watchlist: str | None
    exclude: str | None
    interval: str | None
    intervals: str | None
    check_config: bool
    fix_config: bool
    strict: bool
    once: bool
    sort: str
    asc: bool
    filter: str | None
    preset: str | None
    top: int | None
    format: str | None
    out: str | None
    book: bool
    no_notify: bool
    refresh: bool
    test_alert: bool
    replay: str | None
    demo: bool
    demo_symbols: int
    demo_speed: str
    seed: int
    symbol: str | None
    since: int | None
    from_ms: int | None
    to_ms: int | None
    data: tuple[str, ...]
    tick: Decimal | None
    type: str | None
    mode: str | None
    min_score: float | None
    by: str | None
    net: bool
    suggest_weights: bool


def scan_arguments(parsed: argparse.Namespace) -> ScanArguments:
    """Return what was parsed."""
    values = {field.name: getattr(parsed, field.name) for field in fields(ScanArguments)}
    return ScanArguments(**{**values, "words": tuple(parsed.words), "data": tuple(parsed.data or ())})
