"""Two exponential averages side by side, and where one crosses the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from whalebot.indicators.arrays import FloatArray


def cross_averages(
    close: FloatArray, fast: int, slow: int, first: int, crossed: FloatArray, view: NDArray[np.int8]
) -> None:
    """Write where EMA(`fast`) crosses EMA(`slow`), and the last cross: +1, -1 or 0, into arrays of zeros.

    A cross: now strictly beyond, on the bar before at or on the other side; none before row `first`.
    `fast` < `slow` <= `first`. Operation for operation as `EmaStream` makes the averages. Each value waits
    for the one before it, so that both together take hardly longer than one. A plain loop: the column tier
    of a backtest compiles it.
    """
    count = len(close)
    if count <= slow:
        return
    quick = lazy = 0.0
    for row in range(fast):
        quick += close[row]
    for row in range(slow):
        lazy += close[row]
    quick, lazy = quick / fast, lazy / slow
    by_quick, by_lazy = 2.0 / (fast + 1), 2.0 / (slow + 1)
    for row in range(fast, slow):
        quick = (close[row] - quick) * by_quick + quick
    before = (1 if quick > lazy else 0) - (1 if quick < lazy else 0)
    code = 0
    for row in range(slow, count):
        quick = (close[row] - quick) * by_quick + quick
        lazy = (close[row] - lazy) * by_lazy + lazy
        side = (1 if quick > lazy else 0) - (1 if quick < lazy else 0)
        told = side if side != before and row >= first else 0
        before = side
        code = told if told != 0 else code
        crossed[row] = told
        view[row] = code
