"""Wilder's indicators, one bar at a time: RSI, average true range, directional movement, parabolic SAR."""

from __future__ import annotations

from whalebot.indicators.streaming.averages import NAN

# TA-Lib's zero: sums below this divide nothing.
_ZERO = 1e-14


def true_range(high: float, low: float, before: float) -> float:
    """Return the greatest of the bar's range and its distances from `before`, the close of the bar before."""
    greatest = high - low
    distance = abs(before - high)
    if distance > greatest:
        greatest = distance
    distance = abs(before - low)
    return distance if distance > greatest else greatest


class RsiStream:
    """Relative strength index, 0 to 100; 50 while the last `period` + 1 closes are equal."""

    __slots__ = ("_before", "_equal", "_gain", "_loss", "_missing", "_period")

    def __init__(self, period: int) -> None:
        self._period = period
        self._missing = period
        self._before = NAN
        self._gain = self._loss = 0.0
        self._equal = 0

    def step(self, close: float) -> float:
        """Take the next close and return the index, NaN for `period` steps."""
        before, self._before = self._before, close
        if before != before:
            return NAN
        move = close - before
        self._equal = self._equal + 1 if move == 0.0 else 0
        if self._missing:
            self._missing -= 1
            self._add(move)
            if self._missing:
                return NAN
            self._gain /= self._period
            self._loss /= self._period
        else:
            self._gain *= self._period - 1
            self._loss *= self._period - 1
            self._add(move)
            self._gain /= self._period
            self._loss /= self._period
        if self._equal >= self._period:
            return 50.0
        total = self._gain + self._loss
        return 0.0 if -_ZERO < total < _ZERO else 100.0 * (self._gain / total)

    def _add(self, move: float) -> None:
        if move < 0.0:
            self._loss -= move
        else:
            self._gain += move


class AtrStream:
    """Wilder's average true range, unit of price."""

    __slots__ = ("_before", "_missing", "_period", "_sum", "_value")

    def __init__(self, period: int) -> None:
        self._period = period
        self._missing = period
        self._before = NAN
        self._sum = 0.0
        self._value = NAN

    def step(self, high: float, low: float, close: float) -> float:
        """Take the next bar and return the average, NaN for `period` steps."""
        before, self._before = self._before, close
        if before != before:
            return NAN
        span = true_range(high, low, before)
        if self._missing:
            self._missing -= 1
            self._sum += span
            if not self._missing:
                self._value = self._sum / self._period
        else:
            value = self._value * (self._period - 1)
            value += span
            self._value = value / self._period
        return self._value


class AdxStream:
    """Directional movement: ADX, +DI and -DI, each 0 to 100."""

    __slots__ = ("_adx", "_bars", "_close", "_dx", "_high", "_low", "_minus", "_period", "_plus", "_range")

    def __init__(self, period: int) -> None:
        self._period = period
        self._bars = 0
        self._high = self._low = self._close = NAN
        self._plus = self._minus = self._range = 0.0
        self._dx = 0.0
        self._adx = NAN

    def step(self, high: float, low: float, close: float) -> tuple[float, float, float]:
        """Take the next bar and return (ADX, +DI, -DI): NaN for 2·`period` - 1 and for `period` steps."""
        self._bars += 1
        if self._bars > 1:
            self._move(high, low)
        self._high, self._low, self._close = high, low, close
        if self._bars <= self._period:
            return NAN, NAN, NAN
        plus_di = minus_di = 0.0
        if self._range >= _ZERO:
            plus_di = 100.0 * (self._plus / self._range)
            minus_di = 100.0 * (self._minus / self._range)
        return self._average(plus_di, minus_di), plus_di, minus_di

    def _move(self, high: float, low: float) -> None:
        up, down = high - self._high, self._low - low
        span = true_range(high, low, self._close)
        if self._bars > self._period:
            self._plus -= self._plus / self._period
            self._minus -= self._minus / self._period
            self._range = self._range - self._range / self._period + span
        else:
            self._range += span
        if down > 0 and up < down:
            self._minus += down
        elif up > 0 and up > down:
            self._plus += up

    def _average(self, plus_di: float, minus_di: float) -> float:
        total = plus_di + minus_di
        moved = total >= _ZERO
        dx = 100.0 * (abs(minus_di - plus_di) / total) if moved else 0.0
        if self._bars < 2 * self._period:
            self._dx += dx
            return NAN
        if self._bars == 2 * self._period:
            self._adx = (self._dx + dx) / self._period
        elif moved:
            self._adx = (self._adx * (self._period - 1) + dx) / self._period
        return self._adx


class PsarStream:
    """Parabolic stop and reverse: the stop valid on the bar, or the new one on a bar that reverses it.

    Source: J. W. Wilder, "New Concepts in Technical Trading Systems", 1978, in TA-Lib's form (first bar's
    extreme as first stop, long unless the second bar moved down more than up).
    """

    __slots__ = ("_acceleration", "_extreme", "_factor", "_high", "_long", "_low", "_maximum", "_stop")

    def __init__(self, acceleration: float, maximum: float) -> None:
        self._acceleration = min(acceleration, maximum)
        self._maximum = maximum
        self._factor = self._acceleration
        self._high = self._low = self._stop = self._extreme = NAN
        self._long = True

    def step(self, high: float, low: float) -> float:
        """Take the next bar and return the stop, NaN for the first step."""
        before_high, before_low = self._high, self._low
        self._high, self._low = high, low
        if before_high != before_high:
            return NAN
        if self._stop != self._stop:
            self._start(high, low, before_high, before_low)
            before_high, before_low = high, low
        if self._long:
            return self._step_long(high, low, before_high, before_low)
        return self._step_short(high, low, before_high, before_low)

    def _start(self, high: float, low: float, before_high: float, before_low: float) -> None:
        down = before_low - low
        self._long = not (down > 0 and high - before_high < down)
        self._stop = before_low if self._long else before_high
        self._extreme = high if self._long else low

    def _step_long(self, high: float, low: float, before_high: float, before_low: float) -> float:
        if low <= self._stop:
            shown = max(self._extreme, before_high, high)
            self._long, self._factor, self._extreme = False, self._acceleration, low
            self._stop = max(shown + self._factor * (low - shown), before_high, high)
            return shown
        shown = self._stop
        if high > self._extreme:
            self._extreme = high
            self._factor = min(self._factor + self._acceleration, self._maximum)
        self._stop = min(shown + self._factor * (self._extreme - shown), before_low, low)
        return shown

    def _step_short(self, high: float, low: float, before_high: float, before_low: float) -> float:
        if high >= self._stop:
            shown = min(self._extreme, before_low, low)
            self._long, self._factor, self._extreme = True, self._acceleration, high
            self._stop = min(shown + self._factor * (high - shown), before_low, low)
            return shown
        shown = self._stop
        if low < self._extreme:
            self._extreme = low
            self._factor = min(self._factor + self._acceleration, self._maximum)
        self._stop = max(shown + self._factor * (self._extreme - shown), before_high, high)
        return shown
