"""Compares what we hold with what the venue says: a pure diff."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from whalebot.domain.orders import PositionReport


class Verdict(Enum):
    """Outcome of one comparison."""

    MATCH = "match"
    BUSY = "busy"
    FOREIGN = "foreign"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Finding:
    """One symbol's comparison. Quantities are signed, in base; `report` is None when the venue is flat."""

    symbol: str
    verdict: Verdict
    ours: Decimal
    venue: Decimal
    report: PositionReport | None


def compare(
    symbols: tuple[str, ...],
    reports: tuple[PositionReport, ...],
    ours: dict[str, Decimal],
    busy: frozenset[str],
) -> tuple[Finding, ...]:
    """Return one finding per symbol.

    ours: signed quantity held, absent when flat. busy: symbols with an order in flight or a fill newer than
    the question; a difference there proves nothing yet.
    """
    return tuple(
        _finding(symbol, reports, ours.get(symbol, Decimal(0)), symbol in busy) for symbol in symbols
    )


def _finding(symbol: str, reports: tuple[PositionReport, ...], ours: Decimal, busy: bool) -> Finding:
    open_reports = [r for r in reports if r.symbol == symbol and r.side is not None and r.qty != 0]
    venue = sum((r.qty * r.side.sign for r in open_reports if r.side is not None), Decimal(0))
    report = max(open_reports, key=lambda r: r.qty, default=None)
    if venue == ours:
        verdict = Verdict.MATCH
    elif busy:
        verdict = Verdict.BUSY
    else:
        verdict = Verdict.FOREIGN if ours == 0 else Verdict.DIFFERS
    return Finding(symbol, verdict, ours, venue, report)
