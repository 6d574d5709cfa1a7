"""The yardstick of the column tier: an EMA cross with reversal and ATR stop as one hand-written Numba loop.

It knows this one strategy and nothing else: no gate, no breakers, no order rules, no funding, no exact
figures. It sizes by risk, pays fees, and keeps the equity at every close.
"""

from __future__ import annotations

from typing import Any

import numba
from numpy.typing import NDArray

Floats = NDArray[Any]


@numba.njit  # type: ignore[untyped-decorator]
def ema_cross(
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    equity: Floats,
    fast: int,
    slow: int,
    atr_period: int,
    stop_atr: float,
    fee: float,
    risk: float,
    wallet: float,
) -> tuple[float, int]:
    """Trade bars, arrays (n,) float64; write the equity into `equity`; return (wallet, trades)."""
    k_fast, k_slow = 2.0 / (fast + 1), 2.0 / (slow + 1)
    quick = lazy = close[0]
    atr, was_away = high[0] - low[0], 0.0
    side, wanted, trades = 0, 0, 0
    entry = stop = qty = 0.0
    equity[0] = wallet
    for i in range(1, len(close)):
        if wanted != 0 and wanted != side:
            if side != 0:
                wallet += qty * (side * (open_[i] - entry) - fee * open_[i])
                trades += 1
            side, entry = wanted, open_[i]
            stop = entry - side * stop_atr * atr
            qty = wallet * risk / (stop_atr * atr + 2.0 * fee * entry)
            wallet -= qty * fee * entry
        wanted = 0
        if (side > 0 and low[i] <= stop) or (side < 0 and high[i] >= stop):
            level = min(stop, open_[i]) if side > 0 else max(stop, open_[i])
            wallet += qty * (side * (level - entry) - fee * level)
            trades += 1
            side = 0
        before = close[i - 1]
        span = max(high[i] - low[i], abs(high[i] - before), abs(low[i] - before))
        atr += (span - atr) / atr_period
        quick += k_fast * (close[i] - quick)
        lazy += k_slow * (close[i] - lazy)
        away = quick - lazy
        if away > 0.0 and was_away <= 0.0:
            wanted = 1
        elif away < 0.0 and was_away >= 0.0:
            wanted = -1
        was_away = away
        equity[i] = wallet + side * qty * (close[i] - entry)
    return wallet, trades
