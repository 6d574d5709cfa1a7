"""Bars of one file in memory: exact scaled integers, with Decimal and float on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from whalebot.domain.market import Candle

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gap:
    """Bars that are missing: the hole is [start_ms, end_ms), `bars` long."""

    start_ms: int
    end_ms: int
    bars: int


@dataclass(frozen=True, slots=True)
class BarFile:
    """OHLCV bars of one symbol, ascending, on the grid of `interval`; holes are listed, not filled.

    All columns are (n,) int64. A price is its integer × 10^-price_decimals, exactly as written in the file;
    so is a volume with `volume_decimals`, cut where it has more digits than 64 bits hold. `venue` is ""
    where the file's name does not tell. `has_volume` is False when the column is empty (mark prices).
    """

    path: Path
    symbol: str
    venue: str
    interval: str
    price_decimals: int
    volume_decimals: int
    has_volume: bool
    open_ms: Ints
    open: Ints
    high: Ints
    low: Ints
    close: Ints
    volume: Ints
    gaps: tuple[Gap, ...]

    def __len__(self) -> int:
        return len(self.open_ms)

    def prices(self, column: Ints) -> Floats:
        """Return a price column as the nearest float64 of each exact price, shape (n,), quote per base."""
        return np.asarray(column / 10.0**self.price_decimals, dtype=np.float64)

    def volumes(self) -> Floats:
        """Return the volumes as float64, shape (n,), base units."""
        return np.asarray(self.volume / 10.0**self.volume_decimals, dtype=np.float64)

    def price(self, units: int) -> Decimal:
        """Return one integer of a price column as the exact price."""
        return Decimal(units).scaleb(-self.price_decimals)

    def candle(self, index: int) -> Candle:
        """Return one bar. Raises IndexError."""
        return Candle(
            self.symbol,
            self.interval,
            int(self.open_ms[index]),
            self.price(int(self.open[index])),
            self.price(int(self.high[index])),
            self.price(int(self.low[index])),
            self.price(int(self.close[index])),
            Decimal(int(self.volume[index])).scaleb(-self.volume_decimals),
        )

    def candles(self, start: int = 0, stop: int | None = None) -> Iterator[Candle]:
        """Yield the bars start..stop-1, oldest first."""
        return (self.candle(index) for index in range(*slice(start, stop).indices(len(self))))
