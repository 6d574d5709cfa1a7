"""Mark prices and funding as the compiled pass needs them: on the path of bars, and at settlements."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.playback_feed import PlaybackFeed, PlaybackTrack
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms, iso_utc
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.dataset import SymbolData

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Funding:
    """Settlements within the data, ascending: times (ms UTC), and what one unit of a long pays, in quote."""

    ts_ms: IntArray
    cash: tuple[Decimal, ...]

    def paid_per_unit(self, after_ms: int, until_ms: int) -> Decimal:
        """Return what a unit that is held over (after_ms, until_ms] pays."""
        if not self.cash:
            return _ZERO
        begin, end = np.searchsorted(self.ts_ms, (after_ms, until_ms), side="right").tolist()
        return sum(self.cash[begin:end], _ZERO)


def mark_path(data: SymbolData) -> FloatArray:
    """Return the mark price at the four points of every finest bar, (n, 4), quote.

    It is the last price where no mark price is known.
    """
    mark = data.fine if data.mark is None else data.mark
    feed = PlaybackFeed(PlaybackTrack(data.rules[0].instrument, data.fine, mark))
    path = feed.mark_path()
    assert path is not None
    return path / 10.0**feed.units.price_decimals


def funding_of(data: SymbolData) -> Funding:
    """Return the settlements that a position can meet. Raises ConfigError for one inside a finest bar."""
    rates = data.funding or ()
    times = np.array([rate.ts_ms for rate in rates], dtype=np.int64)
    open_ms = data.fine.open_ms
    if not len(times):
        return Funding(times, ())
    closes_ms = open_ms + interval_ms(data.fine.interval)
    following = np.searchsorted(open_ms, times)
    inside = (following > 0) & (times < closes_ms[following - 1])
    inside &= ~np.isin(times, open_ms)
    if inside.any():
        raise ConfigError(
            f"{data.symbol}: funding at {iso_utc(int(times[inside][0]))} falls inside a bar of interval "
            f"{data.fine.interval}, which the column tier cannot express; choose --tier event"
        )
    opens, closes, decimals = _marks_of(data)
    kept = np.flatnonzero((times > open_ms[0]) & (times <= closes_ms[-1])).tolist()
    cash = []
    for i in kept:
        row = int(following[i])
        begins = row < len(open_ms) and open_ms[row] == times[i]
        units = int(opens[row] if begins else closes[row - 1])
        cash.append(Decimal(units).scaleb(-decimals) * rates[i].rate)
    return Funding(times[kept], tuple(cash))


def _marks_of(data: SymbolData) -> tuple[IntArray, IntArray, int]:
    """Return the mark price at open and close of every finest bar in units of 10^-decimals, and decimals.

    The last price where no mark price is known.
    """
    if data.mark is None:
        return data.fine.open, data.fine.close, data.fine.price_decimals
    feed = PlaybackFeed(PlaybackTrack(data.rules[0].instrument, data.fine, data.mark))
    mark = feed.columns(PriceKind.MARK, feed.interval, feed.first_ms, feed.end_ms)
    return mark.open, mark.close, feed.units.price_decimals
