"""Volume sums, one bar at a time: OBV, volume delta, mean volume and the anchored VWAP."""

from __future__ import annotations

from collections import deque

from whalebot.domain.intervals import DAY_MS
from whalebot.indicators.streaming.averages import NAN


class ObvStream:
    """On-balance volume, base units: the volume of rising closes minus that of falling ones."""

    __slots__ = ("_before", "_value")

    def __init__(self) -> None:
        self._before = NAN
        self._value = 0.0

    def step(self, close: float, volume: float) -> float:
        """Take the next bar and return the sum; the first bar's volume counts as risen."""
        before, self._before = self._before, close
        if close < before:
            self._value -= volume
        elif close > before or before != before:
            self._value += volume
        return self._value


class VwapStream:
    """VWAP anchored at 00:00 UTC."""

    __slots__ = ("_day", "_money", "_started", "_volume")

    def __init__(self) -> None:
        self._day: int | None = None
        self._started = False
        self._money = self._volume = 0.0

    def step(self, open_ms: int, high: float, low: float, close: float, volume: float) -> tuple[float, bool]:
        """Take the next bar; return (VWAP, whether a session begins with it).

        NaN until the first 00:00 UTC seen; the close where there was no volume since the anchor.
        """
        day = open_ms // DAY_MS
        begins = open_ms % DAY_MS == 0 if self._day is None else day != self._day
        self._day = day
        if begins:
            self._started = True
            self._money = self._volume = 0.0
        if not self._started:
            return NAN, False
        self._money += (high + low + close) / 3.0 * volume
        self._volume += volume
        return (self._money / self._volume if self._volume > 0.0 else close), begins


class VolumeDeltaStream:
    """(Volume of up-bars - volume of down-bars) / all volume over `period` bars, -1 to 1."""

    __slots__ = ("_signed", "_whole")

    def __init__(self, period: int) -> None:
        self._signed: deque[float] = deque(maxlen=period)
        self._whole: deque[float] = deque(maxlen=period)

    def step(self, open_: float, close: float, volume: float) -> float:
        """Take the next bar and return the delta, NaN for `period` - 1 steps, 0 without volume."""
        self._signed.append(volume if close > open_ else -volume if close < open_ else 0.0)
        self._whole.append(volume)
        if len(self._whole) < (self._whole.maxlen or 0):
            return NAN
        total = _sum_in_order(self._whole)
        return _sum_in_order(self._signed) / total if total else 0.0


class MeanVolumeStream:
    """Mean volume of the `period` bars before the newest."""

    __slots__ = ("_period", "_window")

    def __init__(self, period: int) -> None:
        self._period = period
        self._window: deque[float] = deque(maxlen=period)

    def step(self, volume: float) -> float:
        """Take the next bar's volume and return the mean of those before it, NaN for `period` steps."""
        window = self._window
        mean = _sum_in_order(window) / self._period if len(window) == self._period else NAN
        window.append(volume)
        return mean


def _sum_in_order(values: deque[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total
