"""The laws about stops: there is one wherever the daemon could have seen to it, and it only tightens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from whalebot.research.chaos.books import Books, is_ours, to_ms
from whalebot.research.chaos.ledger import Ledger, Position
from whalebot.research.chaos.spans import Span, covered_by_reason, length_outside

LONGEST_BARE_MS: Final = 2_000
# However many faults there were: the daemon lived and so did the exchange.
CEILING_MS: Final = 35_000
# In the daemon's log these say that it knows of a position, or of a stop that is not there.
_KNOWING: Final = frozenset(
    {"entry", "stop_moved", "stop_repair", "unprotected", "filled_in_part", "reconciled"}
)


class Heard(NamedTuple):
    """The daemon showed at this real time that it knows of a position of `symbol`, "" for all."""

    at_ms: int
    symbol: str


def heard_moments(books: Books) -> tuple[Heard, ...]:
    """Return what the daemon's event log says of when it knew, in order."""
    return tuple(
        Heard(to_ms(event["ts"]), event.get("symbol") or _named_in(event))
        for event in books.events
        if event.get("kind") in _KNOWING and "ts" in event
    )


def covers_of(position: Position, excused: Iterable[Span], heard: Iterable[Heard]) -> list[Span]:
    """Return the excuses that bear on a position, those about lost news only until the daemon knew."""
    about = [moment.at_ms for moment in heard if moment.symbol in ("", position.symbol)]
    covers = []
    for span in excused:
        if span.symbol in ("", position.symbol):
            knew_ms = next((at for at in about if at > span.news_ms), span.end_ms) if span.news_ms else None
            covers.append(span if knew_ms is None else span._replace(end_ms=min(span.end_ms, knew_ms)))
    return covers


def always_protected(ledger: Ledger, books: Books) -> Iterator[str]:
    """No position is without a stop at the exchange for longer than two seconds of reachable real time.

    Nor is it for 35 seconds in all while daemon and exchange were there, whatever else may excuse it.
    """
    heard = heard_moments(books)
    for position in ledger.positions:
        if not position.bare:
            continue
        covers = covers_of(position, books.excused, heard)
        for span in position.bare:
            reachable_ms = length_outside(span, covers)
            if reachable_ms > LONGEST_BARE_MS:
                yield f"{position}: {reachable_ms} ms without a stop, from {span.start_ms} on"
        gone = [cover for cover in covers if cover.is_gone]
        bare_ms = sum(length_outside(span, gone) for span in position.bare)
        if bare_ms > CEILING_MS:
            yield f"{position}: {bare_ms} ms without a stop in all, which nothing excuses"


def excuses(ledger: Ledger, books: Books) -> dict[str, Counter[str]]:
    """Return by position how many ms without a stop were excused by what; one without any is left out."""
    heard = heard_moments(books)
    found = {}
    for position in ledger.positions:
        if position.unprotected_ms:
            covers = covers_of(position, books.excused, heard)
            counted = sum((covered_by_reason(span, covers) for span in position.bare), Counter[str]())
            if counted:
                found[str(position)] = counted
    return found


def stops_only_tighten(ledger: Ledger, books: Books) -> Iterator[str]:
    """A stop moves in favour of its position only and never away.

    One move is free: from the stop that rode in the entry order, made at the price of the decision, to the
    initial one, made at the price of the fill; it ends at the initial stop or beyond it. None between two
    stops is no move: a stop that fired and was filled in part leaves none behind.
    """
    anchors = _anchors(books)
    for position in ledger.positions:
        if not is_ours(position):
            continue
        sign = 1 if position.side == "Buy" else -1
        stops = _moves(position)
        anchor = anchors.get(position.first_link_id)
        if len(stops) > 1 and anchor is not None and sign * (stops[1] - anchor) < 0:
            yield f"{position}: stop went from {stops[0]} to {stops[1]}, its initial stop is {anchor}"
        for before, after in pairwise(stops[1:]):
            if sign * (after - before) < 0:
                yield f"{position}: stop went from {before} to {after}"


def unjudged_stops(ledger: Ledger) -> int:
    """Count positions whose moved stops are not judged: somebody else's, whose stops are their own affair."""
    return sum(len(_moves(position)) > 1 and not is_ours(position) for position in ledger.positions)


def stop_moved(position: Position) -> bool:
    """True where the exchange ever had a second stop price under a position."""
    return len(_moves(position)) > 1


def _moves(position: Position) -> list[Decimal]:
    stops = [stop for stop in position.stops if stop is not None]
    return [stop for at, stop in enumerate(stops) if at == 0 or stop != stops[at - 1]]


def _anchors(books: Books) -> dict[str, Decimal]:
    """Return initial stops by the link id of the entry, of closed trades and of what is open."""
    known = [(trade["trade_id"], trade["initial_stop"]) for trade in books.trades]
    known += [(m.get("entry_link_id", ""), m.get("initial_stop")) for m in books.state.get("positions", ())]
    return {name: Decimal(stop) for name, stop in known if stop is not None}


def _named_in(event: dict[str, str]) -> str:
    """An alert names its symbol first, if it is about one."""
    head, colon, _ = event.get("text", "").partition(":")
    return head if colon and head.isalnum() and head.isupper() else ""
