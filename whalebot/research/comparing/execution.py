"""The orders of a recorded session at a simulated venue: what it would have made of exactly these.

Nothing is decided here. A difference in one trade therefore changes no other one: each shows alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from whalebot.adapters.recording.reader import Journal
from whalebot.domain.state import StateDocument
from whalebot.research.comparing.assumptions import Assumptions
from whalebot.research.comparing.legs import Leg, Legs
from whalebot.research.comparing.matching import Pair, in_order, make_pair
from whalebot.research.comparing.orders import RecordedOrders, recorded_orders
from whalebot.research.comparing.venue import RecordedVenue


@dataclass(frozen=True, slots=True)
class Execution:
    """Legs in the order of their entries, and the recorded orders themselves.

    `before`: symbols whose position was open when the recording began; they are compared from their first
    entry on. `refused`: why the simulated venue refused what the real one took, by link id or symbol. `lent`:
    orders for which the simulated account had no margin at that instant, although the real one had, and got
    some. `joined`: legs, by name, that a stop ended at a price which the recording holds joined with others
    (the inbox conflates prints under load), and by how many ms the simulated time lies later: the true one is
    among the joined, so these count as equal. `unseen`: legs with an order that met prices or a book which
    the recording holds only joined with later ones, by name; what differs in them may be that alone.
    `notes`: what else was assumed, in sentences.
    """

    pairs: tuple[Pair[Leg], ...]
    orders: RecordedOrders
    before: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    lent: tuple[str, ...] = ()
    joined: Mapping[str, int] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        """True where every leg has its equal."""
        return all(pair.is_equal for pair in self.pairs)


def execute_recording(journal: Journal, assumed: Assumptions, latency_ms: int | None = None) -> Execution:
    """Carry out the recorded orders on the recorded market and pair what comes of them with what came.

    latency_ms: market time from every decision to the venue; None takes each arrival as the venue stamped it.
    Raises ConfigError for a recording this version cannot read.
    """
    orders = recorded_orders(journal)
    venue = RecordedVenue(journal, assumed, orders)
    came = orders.arrivals
    due = [((r.arrived_ms or 0) if latency_ms is None else r.decided_ms + latency_ms, r) for r in came]
    if latency_ms is not None:
        due.sort(key=lambda pair: pair[0])
    venue.run(deque(due))
    happened = Legs()
    for row in sorted(orders.booked, key=lambda row: row.ts_ms):
        happened.take(row)
    before = _open_before(journal)
    sent = orders.links
    # What is asked about a position found open goes back to the fills that opened it.
    legs = [leg for leg in happened.legs if leg.name in sent or leg.symbol not in before]
    joined = _put_right(legs, venue)
    pairs = _pairs(legs, venue.legs.legs)
    unseen = _with_orders(legs, venue.unseen)
    return Execution(
        pairs,
        orders,
        before,
        venue.refused,
        tuple(venue.lent),
        joined,
        unseen,
        (*venue.notes, *_told_apart(pairs, unseen)),
    )


def _told_apart(pairs: Sequence[Pair[Leg]], unseen: Set[str]) -> Iterator[str]:
    """Yield what the differences come to of trades that met joined prices, apart from all others."""
    differing = [pair for pair in pairs if not pair.is_equal]
    joined = [pair for pair in differing if pair.happened is not None and pair.happened.name in unseen]
    if joined:
        others = [pair for pair in differing if pair not in joined]
        yield (
            f"{len(joined)} of the trades that differ met joined prices, net {_net(joined):+f}; "
            f"{len(others)} did not, net {_net(others):+f}"
        )


def _net(pairs: Sequence[Pair[Leg]]) -> Decimal:
    made = sum((pair.simulated.pnl for pair in pairs if pair.simulated is not None), Decimal(0))
    was = sum((pair.happened.pnl for pair in pairs if pair.happened is not None), Decimal(0))
    return round(made - was, 8)


def _open_before(journal: Journal) -> tuple[str, ...]:
    state = msgspec.msgpack.decode(journal.header.state, type=StateDocument)
    return tuple(memory.symbol for memory in state.positions)


def _pairs(happened: list[Leg], simulated: list[Leg]) -> tuple[Pair[Leg], ...]:
    others = {leg.name: leg for leg in simulated}
    pairs = []
    for leg in happened:
        other = others.pop(leg.name, None)
        pairs.append(make_pair(leg, other))
    pairs += [make_pair(None, leg) for leg in others.values()]
    return in_order(pairs)


def _put_right(happened: list[Leg], venue: RecordedVenue) -> dict[str, int]:
    """Move ends of simulated legs to the true time where that lies among the joined prints that made them."""
    true_ms = {leg.name: leg.exit_ms for leg in happened if leg.is_over}
    moved = {}
    for leg in venue.legs.legs:
        at_ms = true_ms.get(leg.name)
        since_ms = venue.since_ms.get(leg.fills[-1].exec_id)
        if at_ms is None or since_ms is None or leg.exit_ms is None or not leg.is_over:
            continue
        if since_ms < at_ms < leg.exit_ms:
            moved[leg.name] = leg.exit_ms - at_ms
            leg.exit_ms = at_ms
    return moved


def _with_orders(legs: list[Leg], links: Set[str]) -> frozenset[str]:
    return frozenset(leg.name for leg in legs if any(fill.order_link_id in links for fill in leg.fills))
