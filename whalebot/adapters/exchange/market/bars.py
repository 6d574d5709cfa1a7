"""Columns of bars as exact scaled integers, and how they become longer bars.

A price column holds price × 10^price_decimals, a volume column volume × 10^volume_decimals, so that sums and
extremes are exact and independent of the machine. Turnover is kept in 1e-4 quote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.exchange.market.units import Units, decimals_of, to_units
from whalebot.domain.intervals import DAY_MS, WEEK_MS, interval_ms
from whalebot.domain.market import Candle

Ints: TypeAlias = NDArray[np.int64]
_EPOCH_MONDAY_MS: Final = 4 * DAY_MS


class Bars(Protocol):
    """Bars of one symbol, ascending by `open_ms`, no duplicates; all columns (n,) int64."""

    @property
    def symbol(self) -> str:
        """Venue name."""

    @property
    def interval(self) -> str:
        """Interval name of the venue."""

    @property
    def price_decimals(self) -> int:
        """Prices are the columns' integers × 10^-price_decimals."""

    @property
    def volume_decimals(self) -> int:
        """Volumes are the column's integers × 10^-volume_decimals."""

    @property
    def open_ms(self) -> Ints:
        """Open times, ms UTC."""

    @property
    def open(self) -> Ints:
        """First prices."""

    @property
    def high(self) -> Ints:
        """Highest prices."""

    @property
    def low(self) -> Ints:
        """Lowest prices."""

    @property
    def close(self) -> Ints:
        """Last prices."""

    @property
    def volume(self) -> Ints:
        """Base volumes."""


@dataclass(frozen=True, slots=True)
class BarTable:
    """A `Bars` held in memory."""

    symbol: str
    interval: str
    price_decimals: int
    volume_decimals: int
    open_ms: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints


def bars_from_candles(candles: Sequence[Candle]) -> BarTable:
    """Return candles of one symbol and interval, ascending, as columns. Raises ValueError when empty."""
    if not candles:
        raise ValueError("no candles")
    first = candles[0]
    prices = [(c.open, c.high, c.low, c.close) for c in candles]
    price_decimals = max(decimals_of(p) for row in prices for p in row)
    volume_decimals = max(decimals_of(c.volume) for c in candles)
    columns = np.array([[to_units(p, price_decimals) for p in row] for row in prices], dtype=np.int64).T
    return BarTable(
        symbol=first.symbol,
        interval=first.interval,
        price_decimals=price_decimals,
        volume_decimals=volume_decimals,
        open_ms=np.array([c.open_ms for c in candles], dtype=np.int64),
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=np.array([to_units(c.volume, volume_decimals) for c in candles], dtype=np.int64),
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """Bars of one length with their turnover; the unit of all work inside the market."""

    open_ms: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    turnover: Ints

    def __len__(self) -> int:
        return len(self.open_ms)

    def part(self, begin: int, end: int) -> Columns:
        """Return rows begin..end-1 as views."""
        return Columns(
            self.open_ms[begin:end],
            self.open[begin:end],
            self.high[begin:end],
            self.low[begin:end],
            self.close[begin:end],
            self.volume[begin:end],
            self.turnover[begin:end],
        )

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Return the bars that open in [start_ms, end_ms)."""
        begin, end = np.searchsorted(self.open_ms, (start_ms, end_ms))
        return self.part(int(begin), int(end))


NO_COLUMNS: Final = Columns(*(np.empty(0, dtype=np.int64) for _ in range(7)))


def columns_of(bars: Bars, units: Units) -> Columns:
    """Return the bars' columns in `units` (no coarser than theirs), with the turnover their path implies."""
    power = 10 ** (units.price_decimals - bars.price_decimals)
    open_, high, low, close = (column * power for column in (bars.open, bars.high, bars.low, bars.close))
    volume = bars.volume * 10 ** (units.volume_decimals - bars.volume_decimals)
    turnover = path_turnover(open_, high, low, close, volume, units)
    return Columns(bars.open_ms, open_, high, low, close, volume, turnover)


def concat(parts: Sequence[Columns]) -> Columns:
    """Join bars of one length, oldest part first."""
    filled = [part for part in parts if len(part)]
    if len(filled) <= 1:
        return filled[0] if filled else NO_COLUMNS
    names = Columns.__dataclass_fields__
    return Columns(*(np.concatenate([getattr(part, name) for part in filled]) for name in names))


def path_turnover(open_: Ints, high: Ints, low: Ints, close: Ints, volume: Ints, units: Units) -> Ints:
    """Return Σ price × volume over the four points of each bar, in 1e-4 quote, as int64.

    The volume is split 2 : 3 : 3 : 2 over open, both extremes, close (`units.split` does the same), so the
    order of the extremes does not matter. Plain products in a fixed order: equal on every machine.
    """
    outer = volume // units.step_units * 2 // 10 * units.step_units
    inner = volume // units.step_units * 3 // 10 * units.step_units
    last = volume - outer - 2 * inner
    total = outer * 1.0 * open_ + inner * 1.0 * (high + low) + last * 1.0 * close
    return np.rint(total * units.turnover_scale).astype(np.int64)


def bucket_opens(open_ms: Ints, interval: str) -> Ints:
    """Return for each time the open of the bar of `interval` that contains it."""
    if interval == "M":
        months = open_ms.astype("datetime64[ms]").astype("datetime64[M]")
        return months.astype("datetime64[ms]").astype(np.int64)
    base = _EPOCH_MONDAY_MS if interval == "W" else 0
    length = WEEK_MS if interval == "W" else interval_ms(interval)
    return (open_ms - base) // length * length + base


def resample(columns: Columns, interval: str) -> Columns:
    """Return the bars of a longer interval: a bucket is what there is of it, the first and last too."""
    if not len(columns):
        return NO_COLUMNS
    buckets = bucket_opens(columns.open_ms, interval)
    starts = np.flatnonzero(np.concatenate(([True], buckets[1:] != buckets[:-1])))
    ends = np.concatenate((starts[1:], [len(buckets)])) - 1
    return Columns(
        open_ms=buckets[starts],
        open=columns.open[starts],
        high=np.maximum.reduceat(columns.high, starts),
        low=np.minimum.reduceat(columns.low, starts),
        close=columns.close[ends],
        volume=np.add.reduceat(columns.volume, starts),
        turnover=np.add.reduceat(columns.turnover, starts),
    )
