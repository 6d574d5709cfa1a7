"""Two lists of trades side by side: which belong together, and what differs in each pair."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from whalebot.domain.trade import ClosedTrade

FIELDS: Final = (
    "entry_ms",
    "entry_price",
    "qty",
    "exit_ms",
    "exit_price",
    "closed_by",
    "fees",
    "funding",
    "pnl",
)
"""What is compared of two trades, or two legs, that belong together, in the order in which it happens."""


class Made(Protocol):
    """A trade or a leg: whatever has `FIELDS`."""

    @property
    def symbol(self) -> str:
        """The instrument."""

    @property
    def entry_ms(self) -> int:
        """When it began, ms UTC."""


M = TypeVar("M", bound=Made)


@dataclass(frozen=True, slots=True)
class Pair(Generic[M]):
    """What happened and what the simulation makes of it; one is None where the other stands alone.

    `differing` names the fields of `FIELDS` whose values are not equal.
    """

    happened: M | None
    simulated: M | None
    differing: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """True where both are there and nothing differs."""
        return self.happened is not None and self.simulated is not None and not self.differing


def match(
    happened: Sequence[ClosedTrade], simulated: Sequence[ClosedTrade], within_ms: int
) -> tuple[Pair[ClosedTrade], ...]:
    """Return pairs by entry time. Trades belong together when symbol and side agree and their entries lie at
    most `within_ms` apart; the nearest is chosen."""
    left = list(simulated)
    pairs: list[Pair[ClosedTrade]] = []
    for trade in sorted(happened, key=lambda t: (t.entry_ms, t.symbol)):
        near = [
            other
            for other in left
            if (other.symbol, other.side) == (trade.symbol, trade.side)
            and abs(other.entry_ms - trade.entry_ms) <= within_ms
        ]
        found = min(near, key=lambda other: abs(other.entry_ms - trade.entry_ms), default=None)
        if found is not None:
            left.remove(found)
        pairs.append(make_pair(trade, found))
    pairs += [make_pair(None, trade) for trade in left]
    return in_order(pairs)


def make_pair(happened: M | None, simulated: M | None) -> Pair[M]:
    """Put two together and compare them."""
    if happened is None or simulated is None:
        return Pair(happened, simulated, ())
    differing = (name for name in FIELDS if getattr(happened, name) != getattr(simulated, name))
    return Pair(happened, simulated, tuple(differing))


def in_order(pairs: Iterable[Pair[M]]) -> tuple[Pair[M], ...]:
    """Return pairs by the time of their entries, then by symbol."""
    return tuple(sorted(pairs, key=_begins))


def _begins(pair: Pair[M]) -> tuple[int, str]:
    one = pair.happened or pair.simulated
    assert one is not None
    return one.entry_ms, one.symbol
