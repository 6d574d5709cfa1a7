"""Trend followers, one bar at a time: MACD and Ehlers' SuperTrend."""

from __future__ import annotations

from whalebot.indicators.streaming.averages import NAN, EmaStream, SuperSmootherStream
from whalebot.indicators.streaming.wilder import true_range


class MacdStream:
    """MACD line, signal and histogram; both price averages start on the same bar, as in TA-Lib."""

    __slots__ = ("_fast", "_fast_k", "_fast_period", "_seed", "_signal", "_slow", "_slow_k", "_slow_period")

    def __init__(self, fast_period: int, slow_period: int, signal_period: int) -> None:
        self._fast_period, self._slow_period = fast_period, slow_period
        self._fast_k = 2.0 / (fast_period + 1)
        self._slow_k = 2.0 / (slow_period + 1)
        self._fast = self._slow = NAN
        self._seed: list[float] = []
        self._signal = EmaStream(signal_period)

    def step(self, close: float) -> tuple[float, float, float]:
        """Take the next close and return (line, signal, histogram), NaN for slow + signal - 2 steps."""
        if self._slow != self._slow:
            self._seed.append(close)
            if len(self._seed) < self._slow_period:
                return NAN, NAN, NAN
            self._slow = _mean_in_order(self._seed)
            self._fast = _mean_in_order(self._seed[-self._fast_period :])
            self._seed = []
        else:
            self._fast = (close - self._fast) * self._fast_k + self._fast
            self._slow = (close - self._slow) * self._slow_k + self._slow
        line = self._fast - self._slow
        signal = self._signal.step(line)
        return (line, signal, line - signal) if signal == signal else (NAN, NAN, NAN)


class SuperTrendStream:
    """Ehlers' SuperTrend: the bands of two SuperSmoothers, ratcheted until the close passes one."""

    __slots__ = (
        "_before", "_direction", "_lower", "_missing", "_multiplier", "_price", "_range", "_upper",
    )  # fmt: skip

    def __init__(self, period: int, multiplier: float) -> None:
        self._price = SuperSmootherStream(period)
        self._range = SuperSmootherStream(period)
        self._multiplier = multiplier
        self._missing = period
        self._before = self._upper = self._lower = NAN
        self._direction = 1.0

    def step(self, high: float, low: float, close: float) -> tuple[float, float]:
        """Take the next bar and return (line, direction +1 or -1), NaN for `period` steps."""
        before, self._before = self._before, close
        price = self._price.step((high + low) / 2.0)
        if before != before:
            self._missing -= 1
            return NAN, NAN
        band = self._multiplier * self._range.step(true_range(high, low, before))
        if self._missing:
            self._missing -= 1
            return NAN, NAN
        upper, lower = price + band, price - band
        if self._upper != self._upper:
            self._upper, self._lower = upper, lower
            return lower, 1.0
        self._ratchet(upper, lower, before, close)
        return (self._lower if self._direction > 0 else self._upper), self._direction

    def _ratchet(self, upper: float, lower: float, before: float, close: float) -> None:
        if upper < self._upper or before > self._upper:
            self._upper = upper
        if lower > self._lower or before < self._lower:
            self._lower = lower
        if self._direction > 0:
            if close < self._lower:
                self._direction = -1.0
        elif close > self._upper:
            self._direction = 1.0


def _mean_in_order(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total / len(values)
