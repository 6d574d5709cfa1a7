"""Closed bars of every longer interval, folded bar by bar from the finest one as simulated time passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple, TypeAlias

from whalebot.adapters.exchange.market.bars import Columns, resample
from whalebot.adapters.exchange.market.views import PriceKind
from whalebot.domain.intervals import INTERVALS, bar_close_ms, bar_open_ms, interval_ms


class RawBar(NamedTuple):
    """One bar in units: prices, volume and turnover are the integers of `bars.Columns`."""

    open_ms: int
    close_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


History: TypeAlias = Callable[[PriceKind, str, int, int], Columns]
"""The finest bars in [start_ms, end_ms) from which bars of an interval can be made."""


def raw_bars(columns: Columns, interval: str) -> Iterator[RawBar]:
    """Yield the rows of columns of one interval."""
    opens = columns.open_ms.tolist()
    if interval == "M":
        closes = [bar_close_ms(open_ms, interval) for open_ms in opens]
    else:
        closes = (columns.open_ms + interval_ms(interval)).tolist()
    rest = (columns.open, columns.high, columns.low, columns.close, columns.volume, columns.turnover)
    yield from map(RawBar, opens, closes, *(column.tolist() for column in rest))


RungState: TypeAlias = tuple[list[RawBar | None], list[int]]


def _fits(name: str, base: str) -> bool:
    """Tell whether bars of `base` add up to bars of `name` whatever the calendar says."""
    if base in ("W", "M") or name == base:
        return False
    whole = interval_ms("D") if name in ("W", "M") else interval_ms(name)
    return whole % interval_ms(base) == 0


def rung_intervals(finest: str) -> tuple[str, ...]:
    """Return the intervals that bars of `finest` can be folded into, itself first, ascending."""
    return tuple(name for name in INTERVALS if name == finest or _fits(name, finest))


def _bases(names: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(
        max((j for j in range(i) if _fits(names[i], names[j])), default=0) for i in range(len(names))
    )


class Ladder:
    """Accumulators of all intervals of one symbol.

    The first bucket of an interval is dropped when the data begins inside it. Later ones are what there is
    of them, and close at their own time even where bars are missing.
    """

    def __init__(self, finest: str) -> None:
        self.names: Final = rung_intervals(finest)
        self._bases: Final = _bases(self.names)
        self._open: list[RawBar | None] = [None] * len(self.names)
        # Bars that open before this instant belong to a dropped first bucket; -1: nothing seen yet.
        self._skip_until: list[int] = [-1] * len(self.names)

    def warm(self, start_ms: int, first_ms: int, history: History) -> None:
        """Take in the bars of [first_ms, start_ms): every rung gets what its base rung has closed."""
        if first_ms >= start_ms:
            return
        self._note_first(first_ms)
        for rung, name in enumerate(self.names):
            open_ms = bar_open_ms(start_ms, name)
            until_ms = bar_open_ms(start_ms, self.names[self._bases[rung]])
            columns = history(PriceKind.LAST, name, open_ms, until_ms)
            if rung and first_ms <= open_ms and len(columns):
                row = next(raw_bars(resample(columns, name), name))
                self._open[rung] = row

    def close_bar(self, bar: RawBar) -> list[tuple[int, RawBar]]:
        """Fold a finest bar that just closed; return (rung, bar) of all that close with it, longest first."""
        if self._skip_until[0] < 0:
            self._note_first(bar.open_ms)
        return self._cascade(bar.close_ms, bar)

    def next_close_ms(self) -> int | None:
        """Return when the earliest unfinished bucket closes, None when there is none."""
        return min((bar.close_ms for bar in self._open if bar is not None), default=None)

    def close_at(self, ts_ms: int) -> list[tuple[int, RawBar]]:
        """Close the buckets that end at `ts_ms` without a finest bar closing there (a hole in the data)."""
        return self._cascade(ts_ms, None)

    def save(self) -> RungState:
        """Return a copy of the accumulators."""
        return list(self._open), list(self._skip_until)

    def load(self, state: RungState) -> None:
        """Go back to a copy."""
        self._open, self._skip_until = list(state[0]), list(state[1])

    def _note_first(self, first_ms: int) -> None:
        """Drop of every interval the bucket in which the data begins, unless it begins with it."""
        for rung, name in enumerate(self.names):
            open_ms = bar_open_ms(first_ms, name)
            self._skip_until[rung] = 0 if open_ms == first_ms else bar_close_ms(open_ms, name)

    def _cascade(self, ts_ms: int, finest: RawBar | None) -> list[tuple[int, RawBar]]:
        closed: list[RawBar | None] = [None] * len(self.names)
        closed[0] = finest
        done = [] if finest is None else [(0, finest)]
        for rung in range(1, len(self.names)):
            child = closed[self._bases[rung]]
            if child is not None:
                self._fold(rung, child)
            bar = self._open[rung]
            if bar is not None and bar.close_ms == ts_ms:
                closed[rung] = bar
                self._open[rung] = None
                done.append((rung, bar))
        done.reverse()
        return done

    def _fold(self, rung: int, child: RawBar) -> None:
        bar = self._open[rung]
        if bar is not None:
            self._open[rung] = RawBar(
                bar.open_ms,
                bar.close_ms,
                bar.open,
                max(bar.high, child.high),
                min(bar.low, child.low),
                child.close,
                bar.volume + child.volume,
                bar.turnover + child.turnover,
            )
            return
        open_ms = bar_open_ms(child.open_ms, self.names[rung])
        close_ms = bar_close_ms(open_ms, self.names[rung])
        if child.open_ms >= self._skip_until[rung]:
            self._open[rung] = child._replace(open_ms=open_ms, close_ms=close_ms)
