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
    TWO_SIDED = "two_sided"


@dataclass(frozen=True, slots=True)
class Held:
    """What we hold of a symbol: signed quantity in base, and the venue's index of that position."""

    qty: Decimal
    position_idx: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One symbol's comparison. Quantities are signed, in base.

    `report` is the venue's position that belongs to ours or stands in its place, None where it is flat.
    `sides` are both positions of a symbol that is long and short at once, else empty.
    """

    symbol: str
    verdict: Verdict
    ours: Decimal
    venue: Decimal
    report: PositionReport | None
    sides: tuple[PositionReport, ...] = ()


def compare(
    symbols: tuple[str, ...],
    reports: tuple[PositionReport, ...],
    ours: dict[str, Held],
    busy: frozenset[str],
) -> tuple[Finding, ...]:
    """Return one finding per symbol.

    ours: absent when flat. busy: symbols with an order in flight or a fill newer than the question; a
    difference there proves nothing yet.
    """
    return tuple(_finding(symbol, reports, ours.get(symbol), symbol in busy) for symbol in symbols)


def _finding(symbol: str, reports: tuple[PositionReport, ...], held: Held | None, busy: bool) -> Finding:
    found = [r for r in reports if r.symbol == symbol and r.side is not None and r.qty != 0]
    found.sort(key=lambda r: r.qty, reverse=True)
    sides = tuple(found) if len(found) > 1 else ()
    if held is None:
        venue = sum((_signed(r) for r in found), Decimal(0))
        if sides:
            return Finding(symbol, Verdict.TWO_SIDED, Decimal(0), venue, None, sides)
        verdict = Verdict.MATCH if not found else Verdict.BUSY if busy else Verdict.FOREIGN
        return Finding(symbol, verdict, Decimal(0), venue, found[0] if found else None)
    mine = next((r for r in found if r.position_idx == held.position_idx), None)
    venue = _signed(mine) if mine is not None else Decimal(0)
    verdict = Verdict.MATCH if venue == held.qty else Verdict.BUSY if busy else Verdict.DIFFERS
    return Finding(symbol, verdict, held.qty, venue, mine or (found[0] if found else None), sides)


def _signed(report: PositionReport) -> Decimal:
    return report.qty * report.side.sign if report.side is not None else Decimal(0)
