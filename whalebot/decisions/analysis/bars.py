"""Bars as float columns, and the one place where the exact prices of candles become floats."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whalebot.domain.intervals import interval_ms
from whalebot.domain.market import Candle
from whalebot.indicators.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Bars:
    """Closed bars, oldest first. `open_ms` int64 ms UTC, ascending; the others float64 of the same length.

    Prices: quote per base; volume: base. Arrays of other types are converted. Raises ValueError when the
    lengths differ or the times do not rise.
    """

    open_ms: IntArray
    open: FloatArray
    high: FloatArray
    low: FloatArray
    close: FloatArray
    volume: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "open_ms", np.ascontiguousarray(self.open_ms, dtype=np.int64))
        for name in ("open", "high", "low", "close", "volume"):
            column = np.ascontiguousarray(getattr(self, name), dtype=np.float64)
            if column.shape != self.open_ms.shape:
                raise ValueError(f"bars: {name} has shape {column.shape}, open_ms {self.open_ms.shape}")
            object.__setattr__(self, name, column)
        if len(self.open_ms) > 1 and not bool(np.all(np.diff(self.open_ms) > 0)):
            at = int(np.argmax(np.diff(self.open_ms) <= 0)) + 1
            raise ValueError(f"bars: bar {at} (open_ms {self.open_ms[at]}) is not after the one before it")

    def __len__(self) -> int:
        return len(self.open_ms)

    def part(self, start: int, end: int) -> Bars:
        """Return bars start to end (excluded) as views."""
        return Bars(
            self.open_ms[start:end],
            self.open[start:end],
            self.high[start:end],
            self.low[start:end],
            self.close[start:end],
            self.volume[start:end],
        )


def bars_of(candles: Iterable[Candle]) -> Bars:
    """Turn candles into float columns."""
    rows = [(c.open_ms, *floats_of(c)) for c in candles]
    columns = list(zip(*rows, strict=True)) if rows else [()] * 6
    return Bars(np.array(columns[0], dtype=np.int64), *(np.array(c, dtype=np.float64) for c in columns[1:]))


def floats_of(candle: Candle) -> tuple[float, float, float, float, float]:
    """Return (open, high, low, close, volume) of a candle as floats."""
    return (
        float(candle.open),
        float(candle.high),
        float(candle.low),
        float(candle.close),
        float(candle.volume),
    )


def close_times(open_ms: IntArray, interval: str) -> IntArray:
    """Return when each bar is complete (ms UTC): the open of the bar after it on the grid."""
    if interval == "M":
        months = open_ms.astype("datetime64[ms]").astype("datetime64[M]")
        ends: IntArray = (months + 1).astype("datetime64[ms]").astype(np.int64)
        return ends
    return open_ms + interval_ms(interval)


def data_set_starts(open_ms: IntArray, bar_interval: str, interval: str) -> NDArray[np.int64]:
    """Return the indices at which a new data set begins: 0, and every bar after a gap.

    A gap counts when the time missing between two bars of `bar_interval` exceeds 10 bars of `interval`, the
    one decisions are taken on. Nothing learnt before a gap may be used after it.
    """
    if not len(open_ms):
        return np.zeros(0, dtype=np.int64)
    missing = open_ms[1:] - close_times(open_ms, bar_interval)[:-1]
    return np.concatenate(([0], np.flatnonzero(missing > 10 * interval_ms(interval)) + 1))
