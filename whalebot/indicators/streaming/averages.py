"""Moving averages, one value at a time."""

from __future__ import annotations

import math
from collections import deque

NAN = math.nan
# TA-Lib's zero: a sum of absolute moves below this is no move at all.
_NO_MOVE = 1e-14


class SmaStream:
    """Simple moving average that adds the newest and drops the oldest, as TA-Lib does."""

    __slots__ = ("_period", "_sum", "_window")

    def __init__(self, period: int) -> None:
        self._period = period
        self._window: deque[float] = deque()
        self._sum = 0.0

    def step(self, value: float) -> float:
        """Take the next value and return the mean, NaN for `period` - 1 steps."""
        self._window.append(value)
        self._sum += value
        if len(self._window) < self._period:
            return NAN
        total = self._sum
        self._sum -= self._window.popleft()
        return total / self._period


class EmaStream:
    """EMA seeded by the mean of its first `period` values."""

    __slots__ = ("_k", "_missing", "_period", "_sum", "_value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._k = 2.0 / (period + 1)
        self._missing = period
        self._sum = 0.0
        self._value = NAN

    def step(self, value: float) -> float:
        """Take the next value (no NaN) and return the average, NaN for `period` - 1 steps."""
        if self._missing:
            self._missing -= 1
            self._sum += value
            if not self._missing:
                self._value = self._sum / self._period
        else:
            self._value = (value - self._value) * self._k + self._value
        return self._value


class DemaStream:
    """Double EMA: 2·EMA - EMA(EMA)."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, period: int) -> None:
        self._inner = EmaStream(period)
        self._outer = EmaStream(period)

    def step(self, value: float) -> float:
        """Take the next value and return the average, NaN for 2·(`period` - 1) steps."""
        inner = self._inner.step(value)
        if inner != inner:
            return NAN
        return 2.0 * inner - self._outer.step(inner)


class KamaStream:
    """Kaufman's adaptive average with any period and any bounds of smoothing.

    `fast_period` and `slow_period` are EMA lengths in bars. Source: P. Kaufman, "Smarter Trading", 1995;
    seed, running sum and limits of the efficiency ratio as in TA-Lib, so that 10/2/30 equals it.
    """

    __slots__ = ("_moves", "_period", "_slow", "_span", "_value", "_window")

    def __init__(self, period: int, fast_period: int, slow_period: int) -> None:
        self._period = period
        self._slow = 2.0 / (slow_period + 1.0)
        self._span = 2.0 / (fast_period + 1.0) - self._slow
        self._window: deque[float] = deque(maxlen=period + 2)
        self._moves = 0.0
        self._value = NAN

    def step(self, value: float) -> float:
        """Take the next value and return the average, NaN for `period` steps."""
        window = self._window
        window.append(value)
        held = len(window)
        if held == 1:
            return NAN
        if held <= self._period + 1:
            self._moves += abs(window[-2] - value)
            if held <= self._period:
                return NAN
            self._value = window[-2]
            oldest = window[0]
        else:
            oldest = window[1]
            self._moves -= abs(window[0] - oldest)
            self._moves += abs(value - window[-2])
        constant = self._efficiency(value - oldest) * self._span + self._slow
        self._value = (value - self._value) * (constant * constant) + self._value
        return self._value

    def _efficiency(self, way: float) -> float:
        if self._moves <= way or -_NO_MOVE < self._moves < _NO_MOVE:
            return 1.0
        return abs(way / self._moves)


class SuperSmootherStream:
    """Ehlers' two-pole low-pass filter; the first two values pass through."""

    __slots__ = ("_before", "_c1", "_c2", "_c3", "_seen", "_y1", "_y2")

    def __init__(self, period: int) -> None:
        self._c1, self._c2, self._c3 = super_smoother_coefficients(period)
        self._seen = 0
        self._before = self._y1 = self._y2 = NAN

    def step(self, value: float) -> float:
        """Take the next value (no NaN) and return the smoothed one."""
        if self._seen < 2:
            self._seen += 1
            smoothed = value
        else:
            smoothed = self._c1 * (value + self._before) / 2.0 + self._c2 * self._y1 + self._c3 * self._y2
        self._y2, self._y1 = self._y1, smoothed
        self._before = value
        return smoothed


def super_smoother_coefficients(period: int) -> tuple[float, float, float]:
    """Return (c1, c2, c3) of y = c1·(x + x₋₁)/2 + c2·y₋₁ + c3·y₋₂. Raises ValueError when period < 2."""
    if period < 2:
        raise ValueError(f"super_smoother: period {period} must be at least 2")
    a = math.exp(-math.sqrt(2.0) * math.pi / period)
    b = 2.0 * a * math.cos(math.sqrt(2.0) * math.pi / period)
    return 1.0 - b + a * a, b, -a * a
