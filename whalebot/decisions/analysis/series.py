"""A rolling window of bars in flat arrays: a closed bar is appended in constant time."""

from __future__ import annotations

import numpy as np

from whalebot.decisions.analysis.bars import Bars
from whalebot.indicators.arrays import FloatArray

OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)
_ROWS = 5


class PriceSeries:
    """The last `window` closed bars of one symbol and interval.

    Twice the room is held; when it is full the window moves to its beginning, once in `window` bars.
    """

    __slots__ = ("_end", "_open_ms", "_start", "_values", "window")

    def __init__(self, window: int) -> None:
        self.window = window
        self._open_ms = np.zeros(2 * window, dtype=np.int64)
        self._values = np.zeros((_ROWS, 2 * window))
        self._start = self._end = 0

    def __len__(self) -> int:
        return self._end - self._start

    @property
    def last_open_ms(self) -> int | None:
        """Open time of the newest bar, None when there is none."""
        return int(self._open_ms[self._end - 1]) if len(self) else None

    def append(self, open_ms: int, ohlcv: tuple[float, float, float, float, float]) -> None:
        """Add the newest bar; the oldest beyond the window is forgotten."""
        if self._end == 2 * self.window:
            self._open_ms[: self.window] = self._open_ms[self.window :]
            self._values[:, : self.window] = self._values[:, self.window :]
            self._end = self.window
        self._open_ms[self._end] = open_ms
        self._values[:, self._end] = ohlcv
        self._end += 1
        self._start = max(0, self._end - self.window)

    def tail(self, row: int, count: int) -> FloatArray:
        """Return the newest `count` values (fewer if there are not so many) of OPEN, HIGH... as a view."""
        return self._values[row, max(self._start, self._end - count) : self._end]

    def bars(self) -> Bars:
        """Return a copy of the window."""
        held = slice(self._start, self._end)
        return Bars(self._open_ms[held].copy(), *(row[held].copy() for row in self._values))

    def clear(self) -> None:
        """Forget everything."""
        self._start = self._end = 0
