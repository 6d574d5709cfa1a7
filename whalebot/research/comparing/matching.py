"""Two lists of trades side by side: which belong together, and what differs in each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

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
"""What is compared of two trades that belong together, in the order in which they happen."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What happened and what the simulation makes of it; one is None where the other stands alone.

    `differing` names the fields of `FIELDS` whose values are not equal.
    """

    happened: ClosedTrade | None
    simulated: ClosedTrade | None
    differing: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """True where both are there and nothing differs."""
        return self.happened is not None and self.simulated is not None and not self.differing


def match(
    happened: Sequence[ClosedTrade], simulated: Sequence[ClosedTrade], within_ms: int
) -> tuple[Pair, ...]:
    """Return pairs by entry time. Trades belong together when symbol and side agree and their entries lie at
    most `within_ms` apart; the nearest is chosen."""
    left = list(simulated)
    pairs = []
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
        pairs.append(Pair(trade, found, () if found is None else _differing(trade, found)))
    pairs += [Pair(None, trade, ()) for trade in left]
    return tuple(sorted(pairs, key=_begins))


def _differing(one: ClosedTrade, other: ClosedTrade) -> tuple[str, ...]:
    return tuple(name for name in FIELDS if getattr(one, name) != getattr(other, name))


def _begins(pair: Pair) -> tuple[int, str]:
    trade = pair.happened or pair.simulated
    assert trade is not None
    return trade.entry_ms, trade.symbol
