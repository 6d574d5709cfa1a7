"""The days of one symbol of a synthetic market that are kept: minutes of late, hours before."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Columns, Ints, concat, resample
from whalebot.adapters.exchange.market.noise import Floats
from whalebot.adapters.exchange.market.prints import FourPrices
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.adapters.exchange.market.walk import HolderMood, WalkDay, WalkState
from whalebot.domain.intervals import DAY_MS, interval_ms

# Of a bar's way from its open the index price goes three quarters: the last price, smoothed a little.
_SMOOTHING: Final = 0.25
_HOUR: Final = "60"
_HOUR_MS: Final = interval_ms(_HOUR)


@dataclass(frozen=True, slots=True)
class Retention:
    """How many whole days stay as minutes, and how many in all."""

    minute_days: int
    history_days: int


@dataclass(frozen=True, slots=True)
class _HourDay:
    day: int
    before: WalkState
    last: Columns
    index: Columns
    moods: tuple[HolderMood, ...]


class Archive:
    """Days in a row, the newest minutes first to arrive and the oldest hours first to go."""

    def __init__(self, tick: int, retention: Retention) -> None:
        self._tick: Final = tick
        self._retention: Final = retention
        self._minutes: deque[WalkDay] = deque()
        self._hours: deque[_HourDay] = deque()

    @property
    def first_day(self) -> int:
        """The oldest day kept, counted from 1970."""
        return self._hours[0].day if self._hours else self._minutes[0].day

    @property
    def next_day(self) -> int:
        """The day that follows the newest one kept."""
        return self._minutes[-1].day + 1

    def append(self, day: WalkDay) -> None:
        """Keep the next day; reduce and forget what is too old."""
        self._minutes.append(day)
        while len(self._minutes) > self._retention.minute_days:
            old = self._minutes.popleft()
            index = resample(self._index(old.bars), _HOUR)
            self._hours.append(_HourDay(old.day, old.before, resample(old.bars, _HOUR), index, old.moods))
        while self._hours and self.next_day - self.first_day > self._retention.history_days:
            self._hours.popleft()

    def state_before(self, day: int) -> WalkState:
        """Return the symbol's state at the start of a day that is kept."""
        return self._find(day).before

    def moods(self, day: int) -> tuple[HolderMood, ...]:
        """Return the 24 moods of a day that is kept."""
        return self._find(day).moods

    def minutes(self, day: int) -> Columns:
        """Return the 1440 bars of a day that is kept as minutes."""
        return self._minutes[day - self._minutes[0].day].bars

    def references(self, bars: Columns) -> list[tuple[FourPrices, FourPrices]]:
        """Return mark and index prices at the four points of each of some minutes of one day."""
        index = self._index(bars)
        hours = bars.open_ms % DAY_MS // _HOUR_MS
        mark = self._mark(index, _premiums(self.moods(int(bars.open_ms[0]) // DAY_MS))[hours])
        high_first = (bars.high - bars.open < bars.open - bars.low).tolist()
        return list(zip(_paths(mark, high_first), _paths(index, high_first), strict=True))

    def columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        """Return minutes in [start_ms, end_ms); hours where only those are left and `interval` can do."""
        minutes_from = self._minutes[0].day * DAY_MS
        parts = [
            self._kind_of_minutes(kind, day).between(start_ms, end_ms)
            for day in self._minutes
            if day.day * DAY_MS < end_ms and (day.day + 1) * DAY_MS > start_ms
        ]
        if start_ms >= minutes_from or not _is_whole_hours(interval):
            return concat(parts)
        older = [
            self._kind_of_hours(kind, day).between(start_ms, end_ms)
            for day in self._hours
            if day.day * DAY_MS < end_ms and (day.day + 1) * DAY_MS > start_ms
        ]
        return concat([*older, resample(concat(parts), _HOUR)])

    def _find(self, day: int) -> WalkDay | _HourDay:
        first = self._minutes[0].day
        return self._minutes[day - first] if day >= first else self._hours[day - self._hours[0].day]

    def _kind_of_minutes(self, kind: PriceKind, day: WalkDay) -> Columns:
        if kind is PriceKind.LAST:
            return day.bars
        index = self._index(day.bars)
        return index if kind is PriceKind.INDEX else self._mark(index, np.repeat(_premiums(day.moods), 60))

    def _kind_of_hours(self, kind: PriceKind, day: _HourDay) -> Columns:
        if kind is PriceKind.LAST:
            return day.last
        return day.index if kind is PriceKind.INDEX else self._mark(day.index, _premiums(day.moods))

    def _index(self, bars: Columns) -> Columns:
        first = bars.open
        high, low, close = (
            self._on_grid(price + _SMOOTHING * (first - price)) for price in (bars.high, bars.low, bars.close)
        )
        return Columns(bars.open_ms, first, high, low, close, bars.volume, bars.turnover)

    def _mark(self, index: Columns, premiums: Floats) -> Columns:
        factor = 1.0 + premiums
        open_, high, low, close = (
            self._on_grid(price * factor) for price in (index.open, index.high, index.low, index.close)
        )
        return Columns(index.open_ms, open_, high, low, close, index.volume, index.turnover)

    def _on_grid(self, prices: Floats) -> Ints:
        return np.rint(prices / self._tick).astype(np.int64) * self._tick


def _paths(bars: Columns, high_first: list[bool]) -> list[FourPrices]:
    """Return the four points of bars whose extremes come in the order of another price's."""
    rows = zip(*(c.tolist() for c in (bars.open, bars.high, bars.low, bars.close)), high_first, strict=True)
    return [(o, h, low, c) if first else (o, low, h, c) for o, h, low, c, first in rows]


def _premiums(moods: tuple[HolderMood, ...]) -> Floats:
    return np.array([mood.premium for mood in moods])


def _is_whole_hours(interval: str) -> bool:
    return interval in ("W", "M") or interval_ms(interval) >= _HOUR_MS
