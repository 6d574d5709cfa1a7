"""What each scoring group earned: every result shared out by what the groups said at the entry."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from whalebot.domain.trade import ClosedTrade


@dataclass(frozen=True, slots=True)
class GroupShare:
    """One group over all trades. Amounts in quote.

    `earned` is its part of the net PnL: a trade's result times the group's contribution over the whole score,
    so that the parts of all groups add up to the result, and a group that spoke against a losing trade
    earns. `backed` and `opposed` count the trades by the side it spoke for; `backed_r` and `opposed_r` are
    their mean results in R, NaN of nothing.
    """

    name: str
    earned: float
    backed: int
    opposed: int
    backed_r: float
    opposed_r: float


def attribute(trades: Iterable[ClosedTrade]) -> list[GroupShare]:
    """Return every group that spoke at an entry, the one that earned most first."""
    sums: dict[str, list[float]] = {}
    for trade in trades:
        score = sum(part for _, part in trade.breakdown)
        if not score:
            continue
        r = float(trade.r_multiple) if trade.r_multiple is not None else math.nan
        for name, part in trade.breakdown:
            row = sums.setdefault(name, [0.0] * 5)
            row[0] += float(trade.pnl) * part / score
            side = part * trade.side.sign
            if side:
                at = 1 if side > 0 else 3
                row[at] += 1
                row[at + 1] += r
    shares = [
        GroupShare(name, earned, int(backed), int(opposed), _mean(for_r, backed), _mean(against_r, opposed))
        for name, (earned, backed, for_r, opposed, against_r) in sums.items()
    ]
    return sorted(shares, key=lambda share: (-share.earned, share.name))


def _mean(total: float, count: float) -> float:
    return total / count if count else math.nan
