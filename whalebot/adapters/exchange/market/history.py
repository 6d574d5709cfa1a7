"""Answers from the past of one symbol: bars of any interval, 24-hour statistics, newest prints.

Nothing later than the instant asked for gets in: closed bars come from the feed up to what the lane has
closed, the bar being played only as far as it was printed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.adapters.exchange.market.bars import Columns, concat, resample
from whalebot.adapters.exchange.market.events import Kline, PricePoint
from whalebot.adapters.exchange.market.feed import PREMIUM_DECIMALS, premium_columns
from whalebot.adapters.exchange.market.ladder import RawBar, raw_bars, rung_intervals
from whalebot.adapters.exchange.market.lane import Lane
from whalebot.adapters.exchange.market.prints import kline_of, path_of, taker_sides
from whalebot.adapters.exchange.market.units import make_units
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.enums import Side
from whalebot.domain.intervals import DAY_MS, bar_close_ms, bar_open_ms, interval_ms

_PREMIUM_UNITS: Final = make_units(PREMIUM_DECIMALS, 0)
_LONGEST_MONTH_MS: Final = 31 * DAY_MS
_PRINT_BARS: Final = 256


@dataclass(frozen=True, slots=True)
class Span:
    """What happened in a stretch of time, in units. `first` is the price at its start."""

    first: int
    high: int
    low: int
    volume: int
    turnover: int


class History:
    """The past of one lane's symbol."""

    def __init__(self, lane: Lane) -> None:
        self._lane: Final = lane
        self._intervals: Final = frozenset(rung_intervals(lane.feed.interval))

    def klines(
        self,
        interval: str,
        kind: PriceKind,
        start_ms: int | None,
        end_ms: int | None,
        limit: int,
        now_ms: int,
    ) -> tuple[Kline, ...]:
        """Return bars newest first, see `MarketSource`. Raises ValueError for too short an interval."""
        self._check(interval)
        newest = bar_open_ms(now_ms if end_ms is None else min(end_ms, now_ms), interval)
        oldest = self._lane.feed.first_ms if start_ms is None else start_ms
        if start_ms is not None and end_ms is None:
            rows = self._oldest_rows(interval, kind, oldest, newest, limit, now_ms)
        else:
            rows = self._newest_rows(interval, kind, oldest, newest, limit, now_ms)
        return tuple(self._kline(row, interval, kind, now_ms) for row in reversed(rows))

    def forming(self, interval: str, kind: PriceKind, now_ms: int) -> Kline | None:
        """Return the unfinished bar that contains now, None while nothing of it has been seen."""
        self._check(interval)
        open_ms = bar_open_ms(now_ms, interval)
        rows = self._rows(interval, kind, open_ms, open_ms + 1, now_ms)
        return self._kline(rows[-1], interval, kind, now_ms) if rows else None

    def span(self, start_ms: int, now_ms: int) -> Span | None:
        """Return what happened from `start_ms` to now, None without a price."""
        feed, lane = self._lane.feed, self._lane
        columns = lane.grid.columns(PriceKind.LAST, feed.interval, start_ms, lane.closed_end_ms(now_ms))
        partial = lane.partial(now_ms)
        if partial is not None:
            columns = concat([columns, _one_row(partial)])
        if not len(columns):
            last = lane.last
            return None if last is None else Span(last[0], last[0], last[0], 0, 0)
        return Span(
            int(columns.open[0]),
            int(columns.high.max()),
            int(columns.low.min()),
            int(columns.volume.sum()),
            int(columns.turnover.sum()),
        )

    def recent_trades(self, limit: int, now_ms: int) -> tuple[PricePoint, ...]:
        """Return the newest prints that traded, newest first; older ones have the last price as mark."""
        found = [point for point in reversed(self._lane.printed()) if point.volume]
        for point in self._older_prints(now_ms):
            if len(found) >= limit:
                break
            found.append(point)
        return tuple(found[:limit])

    def _older_prints(self, now_ms: int) -> Iterator[PricePoint]:
        """Yield traded prints of closed bars, newest first."""
        feed = self._lane.feed
        end_ms = self._lane.closed_end_ms(now_ms)
        printed = self._lane.printed()
        if printed:
            end_ms = min(end_ms, printed[0].ts_ms)
        length = interval_ms(feed.interval)
        while end_ms > feed.first_ms:
            start_ms = (end_ms - 1) // (_PRINT_BARS * length) * _PRINT_BARS * length
            # One bar more than asked for: its last move tells who traded where the price stood still.
            columns = self._lane.grid.columns(PriceKind.LAST, feed.interval, start_ms - length, end_ms)
            points: list[PricePoint] = []
            side, before = Side.BUY, None
            for bar in raw_bars(columns, feed.interval):
                sides = taker_sides(path_of(bar), before, side)
                if bar.open_ms >= start_ms:
                    points += feed.prints(bar, before, side)
                side, before = sides[-1], bar.close
            yield from (point for point in reversed(points) if point.volume)
            end_ms = start_ms

    def _check(self, interval: str) -> None:
        if interval not in self._intervals:
            names = ", ".join(sorted(self._intervals, key=interval_ms))
            raise ValueError(
                f"{self._lane.symbol}: interval {interval!r} cannot be made from "
                f"{self._lane.feed.interval!r} bars; available: {names}"
            )

    def _newest_rows(
        self, interval: str, kind: PriceKind, oldest: int, newest: int, limit: int, now_ms: int
    ) -> list[RawBar]:
        """Look back in doubling steps: where bars are missing a stretch holds fewer rows than it could."""
        length = _LONGEST_MONTH_MS if interval == "M" else interval_ms(interval)
        stretch = limit
        while True:
            begin = max(newest - (stretch - 1) * length, oldest)
            rows = self._rows(interval, kind, begin, newest + 1, now_ms)
            if len(rows) >= limit or begin <= max(oldest, self._lane.feed.first_ms - length):
                return rows[-limit:]
            stretch *= 2

    def _oldest_rows(
        self, interval: str, kind: PriceKind, oldest: int, newest: int, limit: int, now_ms: int
    ) -> list[RawBar]:
        length = _LONGEST_MONTH_MS if interval == "M" else interval_ms(interval)
        begin = max(oldest, bar_open_ms(self._lane.feed.first_ms, interval))
        stretch = limit
        while True:
            end = min(begin + stretch * length, newest + 1)
            rows = self._rows(interval, kind, begin, end, now_ms)
            if len(rows) >= limit or end > newest:
                return rows[:limit]
            stretch *= 2

    def _rows(self, interval: str, kind: PriceKind, begin: int, end: int, now_ms: int) -> list[RawBar]:
        """Return the bars that open in [begin, end), ascending, but for the data's partial first bucket."""
        feed = self._lane.feed
        start_ms = bar_open_ms(max(begin, feed.first_ms), interval)
        closed_end = self._lane.closed_end_ms(now_ms)
        stop_ms = min(bar_close_ms(bar_open_ms(end - 1, interval), interval), closed_end)
        resampled = resample(self._columns(kind, interval, start_ms, stop_ms), interval)
        rows = list(raw_bars(resampled, interval))
        partial = self._lane.partial(now_ms, kind)
        if partial is not None and bar_open_ms(partial.open_ms, interval) < end:
            rows = _with_partial(rows, partial, interval)
        if rows and rows[0].open_ms < feed.first_ms:
            del rows[0]
        return [row for row in rows if row.open_ms >= begin]

    def _columns(self, kind: PriceKind, interval: str, start_ms: int, end_ms: int) -> Columns:
        columns = self._lane.grid.columns
        if kind is not PriceKind.PREMIUM:
            return columns(kind, interval, start_ms, end_ms)
        mark = columns(PriceKind.MARK, interval, start_ms, end_ms)
        return premium_columns(mark, columns(PriceKind.INDEX, interval, start_ms, end_ms))

    def _kline(self, row: RawBar, interval: str, kind: PriceKind, now_ms: int) -> Kline:
        is_confirmed = row.close_ms <= (self._lane.closed_end_ms(now_ms) if self._lane.is_over else now_ms)
        units = _PREMIUM_UNITS if kind is PriceKind.PREMIUM else self._lane.feed.units
        ts_ms = row.close_ms if is_confirmed else now_ms
        return kline_of(row, self._lane.symbol, interval, units, ts_ms, is_confirmed)


def _one_row(bar: RawBar) -> Columns:
    values = (bar.open_ms, bar.open, bar.high, bar.low, bar.close, bar.volume, bar.turnover)
    return Columns(*(np.array([value], dtype=np.int64) for value in values))


def _with_partial(rows: list[RawBar], partial: RawBar, interval: str) -> list[RawBar]:
    open_ms = bar_open_ms(partial.open_ms, interval)
    if rows and rows[-1].open_ms == open_ms:
        last = rows[-1]
        joined = last._replace(
            high=max(last.high, partial.high),
            low=min(last.low, partial.low),
            close=partial.close,
            volume=last.volume + partial.volume,
            turnover=last.turnover + partial.turnover,
        )
        return [*rows[:-1], joined]
    return [*rows, partial._replace(open_ms=open_ms, close_ms=bar_close_ms(open_ms, interval))]
