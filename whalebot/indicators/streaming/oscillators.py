"""Oscillators over other streams, one value at a time."""

from __future__ import annotations

from collections import deque

from whalebot.indicators.oscillators import FLAT_RANGE, STOCH_RSI_WINDOW
from whalebot.indicators.streaming.averages import NAN
from whalebot.indicators.streaming.wilder import RsiStream


class StochRsiStream:
    """Stochastic of the RSI over 14 bars: K and D, 0 to 100, each mean taken afresh."""

    __slots__ = ("_d_window", "_k_window", "_rsi", "_rsi_window")

    def __init__(self, rsi_period: int, k_period: int, d_period: int) -> None:
        self._rsi = RsiStream(rsi_period)
        self._rsi_window: deque[float] = deque(maxlen=STOCH_RSI_WINDOW)
        self._k_window: deque[float] = deque(maxlen=k_period)
        self._d_window: deque[float] = deque(maxlen=d_period)

    def step(self, close: float) -> tuple[float, float]:
        """Take the next close and return (K, D), NaN while warming."""
        rsi = self._rsi.step(close)
        if rsi != rsi:
            return NAN, NAN
        window = self._rsi_window
        window.append(rsi)
        if len(window) < STOCH_RSI_WINDOW:
            return NAN, NAN
        bottom = min(window)
        span = max(window) - bottom
        raw = 50.0 if span <= FLAT_RANGE else 100.0 * ((rsi - bottom) / span)
        k = _mean_of_newest(self._k_window, raw)
        return k, (_mean_of_newest(self._d_window, k) if k == k else NAN)


def _mean_of_newest(window: deque[float], value: float) -> float:
    window.append(value)
    if len(window) < (window.maxlen or 0):
        return NAN
    total = 0.0
    for one in window:
        total += one
    return total / len(window)
