"""Random and recorded bars for the tests of the indicators."""

from __future__ import annotations

import numpy as np


class MarketBars:
    """Columns of bars: open_ms and five float arrays."""

    def __init__(self, table: np.ndarray) -> None:
        self.open_ms = table[:, 0].astype(np.int64)
        self.open, self.high, self.low, self.close, self.volume = (
            np.ascontiguousarray(table[:, column]) for column in range(1, 6)
        )

    def __len__(self) -> int:
        return len(self.close)

    def first(self, count: int) -> MarketBars:
        """The first `count` bars."""
        return MarketBars(
            np.column_stack((self.open_ms, self.open, self.high, self.low, self.close, self.volume))[:count]
        )


def random_market(
    seed: int, bars: int, tick: float = 0.5, flat: float = 0.2, minutes: int = 15
) -> MarketBars:
    """A random walk on a coarse grid with still stretches, dojis and bars without volume."""
    tick = 0.5
    rng = np.random.default_rng(seed)
    steps = rng.integers(-4, 5, bars) * (rng.random(bars) > 0.2)
    if bars > 60:
        at = int(rng.integers(0, bars - 40))
        steps[at : at + 40] = 0
    close = 100.0 + np.cumsum(steps) * tick
    close += max(0.0, 10.0 - close.min())
    open_ = np.concatenate(([close[0]], close[:-1]))
    still = steps == 0
    high = np.maximum(open_, close) + np.where(still, 0, rng.integers(0, 3, bars)) * tick
    low = np.minimum(open_, close) - np.where(still, 0, rng.integers(0, 3, bars)) * tick
    volume = np.round(rng.lognormal(2.0, 1.0, bars), 3) * (rng.random(bars) > 0.15)
    volume[still & (rng.random(bars) < 0.7)] = 0.0
    start = 1_700_000_000_000 // (minutes * 60_000) * (minutes * 60_000)
    open_ms = start + np.arange(bars) * minutes * 60_000
    return MarketBars(np.column_stack((open_ms, open_, high, low, close, volume)))
