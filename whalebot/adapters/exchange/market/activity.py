"""How lively a symbol has been lately, which gives its synthetic book a spread and a depth."""

from __future__ import annotations

from typing import Final

from whalebot.adapters.exchange.market.book import BookShape
from whalebot.adapters.exchange.market.lane import Lane
from whalebot.adapters.exchange.market.units import to_units
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.intervals import MINUTE_MS, interval_ms

_HOUR_MS: Final = 60 * MINUTE_MS
_LEAST_BARS: Final = 4
# Of a minute's usual range the spread takes one in 700, a touch holds one in 25 of a minute's volume: about
# what liquid perpetuals show.
_SPREAD_SHARE: Final = 1.0 / 700.0
_TOUCH_SHARE: Final = 1.0 / 25.0


class Activity:
    """Mean range and volume of one lane's last hour, measured once for every bar."""

    def __init__(self, lane: Lane) -> None:
        units, instrument = lane.feed.units, lane.feed.instrument
        self._lane: Final = lane
        self._length_ms: Final = interval_ms(lane.feed.interval)
        self._step: Final = to_units(instrument.qty_step, units.volume_decimals)
        self._measured = (-1, 0)
        self._spread_ticks, self._touch_qty = 1, self._step

    def book_shape(self, now_ms: int) -> BookShape | None:
        """Return what the book is made from now, None without a price."""
        if self._lane.last is None:
            return None
        end_ms, tick = self._lane.closed_end_ms(now_ms), self._lane.grid.tick
        if self._measured != (end_ms, tick):
            self._measured = end_ms, tick
            self._measure(end_ms, tick)
        return BookShape(
            self._lane.last[0],
            self._lane.last_side,
            tick,
            self._spread_ticks,
            self._touch_qty,
            self._step,
        )

    def _measure(self, end_ms: int, tick: int) -> None:
        feed = self._lane.feed
        start_ms = end_ms - max(_HOUR_MS, _LEAST_BARS * self._length_ms)
        bars = self._lane.grid.columns(PriceKind.LAST, feed.interval, start_ms, end_ms)
        if not len(bars):
            return
        minutes = self._length_ms / MINUTE_MS
        # The range of a random walk grows with the root of time, its volume with time.
        range_ticks = int((bars.high - bars.low).sum()) / len(bars) / tick / minutes**0.5
        volume = int(bars.volume.sum()) / len(bars) / minutes
        self._spread_ticks = 1 + int(range_ticks * _SPREAD_SHARE)
        self._touch_qty = max(round(volume * _TOUCH_SHARE), self._step)
