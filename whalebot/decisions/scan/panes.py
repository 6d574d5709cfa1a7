"""Many windows over one series, each ending one bar later, seen place by place without copying."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from whalebot.decisions.scan.recursions import Rows
from whalebot.indicators.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Panes:
    """`count` windows of `length` bars; the first begins at row `first` of the series."""

    first: int
    count: int
    length: int

    @property
    def ends(self) -> IntArray:
        """Row of the last bar of each window."""
        return np.arange(self.count, dtype=np.int64) + (self.first + self.length - 1)

    def rows(self, series: FloatArray, skip: int = 0) -> Rows:
        """Return what stands at each place of the windows from place `skip` on: floats for one window."""
        if self.count == 1:
            return list(series[self.first + skip : self.first + self.length].tolist())
        start = self.first
        return [series[start + j : start + j + self.count] for j in range(skip, self.length)]

    def last(self, series: FloatArray, back: int = 0) -> FloatArray:
        """Return the value `back` bars before the end of each window, (count,); NaN outside the window."""
        if back >= self.length:
            return np.full(self.count, np.nan)
        start = self.first + self.length - 1 - back
        return series[start : start + self.count]

    def tail(self, series: FloatArray, bars: int) -> FloatArray:
        """Return the last `bars` places of each window, (bars, count), fewer where a window is shorter."""
        bars = min(bars, self.length)
        start = self.first + self.length - bars
        if self.count == 1:
            return series[start : start + bars].reshape(bars, 1)
        view = sliding_window_view(series[start : start + bars + self.count - 1], bars)
        return np.asarray(view.T)

    def stack(self, rows: Rows, bars: int) -> FloatArray:
        """Return the last `bars` of computed rows as (bars, count), NaN in front where there are fewer."""
        out = np.full((bars, self.count), np.nan)
        have = min(bars, len(rows))
        if have:
            out[bars - have :] = np.asarray(rows[len(rows) - have :]).reshape(have, self.count)
        return out
