"""Tolerant comparisons, written once: of whole columns (one answer per bar) and of one live bar.

Two values are equal when they differ by no more than 1e-9 · max(0.001, |x|, |y|): on coarse ticks the
rounding noise of an average would otherwise decide which side of it a price is on. A NaN is on no side and
never crosses.

A series is a column of a whole history or the last three values of a live one, oldest first; every function
answers with an array for the former and with a number for the latter.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from whalebot.indicators.arrays import FloatArray, lagged

Tail: TypeAlias = tuple[float, float, float]
Series: TypeAlias = FloatArray | Tail
Value: TypeAlias = NDArray[np.floating[Any]] | float
Code: TypeAlias = NDArray[np.int8] | int
"""+1, 0 or -1 per bar."""

_RELATIVE: Final = 1e-9
_SMALLEST: Final = 1e-3
# A NaN on either side: none of +1, 0, -1, and on no side of them in the tests below.
_UNKNOWN: Final = 2


def now(series: Series) -> Value:
    """Return the value of the bar."""
    return series[2] if isinstance(series, tuple) else series


def before(series: Series) -> Value:
    """Return the value of the bar before."""
    return series[1] if isinstance(series, tuple) else lagged(series, 1)


def side(x: Series, y: Series | float) -> Code:
    """Return +1 where x is above y, -1 where below, 0 where equal or NaN."""
    if isinstance(x, tuple):
        code = _compare(x[2], y[2] if isinstance(y, tuple) else float(y))
        return 0 if code == _UNKNOWN else code
    return _silenced(_compare_arrays(x, _operand(y)))


def value_side(x: Value, y: Value) -> Code:
    """Return `side` of plain values."""
    if isinstance(x, float):
        code = _compare(x, float(y))
        return 0 if code == _UNKNOWN else code
    return _silenced(_compare_arrays(x, y))


def cross(x: Series, y: Series | float) -> Code:
    """Return +1 where x passes above y, -1 where below: strictly beyond now, at or on the other side before.

    Each bar is held against its own y.
    """
    if isinstance(x, tuple):
        return _cross_of_tail(x, y)
    codes = _compare_arrays(x, _operand(y))
    out = np.zeros(len(codes), dtype=np.int8)
    last, code = codes[:-1], codes[1:]
    out[1:][(code == 1) & (last <= 0)] = 1
    out[1:][(code == -1) & (last >= 0) & (last != _UNKNOWN)] = -1
    return out


def crossed_level(earlier: Value, later: Value, level: Value) -> Code:
    """Return `cross` of two values that are held against one and the same level."""
    if isinstance(later, float):
        was, is_ = _compare(float(earlier), float(level)), _compare(later, float(level))
        return 0 if _UNKNOWN in (was, is_) or was == is_ else is_
    was_codes, codes = _compare_arrays(np.asarray(earlier), level), _compare_arrays(later, level)
    moved = (was_codes != _UNKNOWN) & (codes != _UNKNOWN) & (was_codes != codes)
    return np.where(moved, codes, np.int8(0))


def three_bar_run(x: Series) -> Code:
    """Return +1 where x rose on this bar and on the one before, -1 where it fell on both."""
    if isinstance(x, tuple):
        step = _compare(x[2], x[1])
        return step if step in (1, -1) and _compare(x[1], x[0]) == step else 0
    out = np.zeros(len(x), dtype=np.int8)
    steps = _compare_arrays(x[1:], x[:-1])
    run = (steps[1:] == steps[:-1]) & (steps[1:] != _UNKNOWN)
    out[2:][run] = steps[1:][run]
    return out


def flip(direction: Series) -> Code:
    """Return the new direction, +1 or -1, on the bar on which it turned from the opposite one."""
    if isinstance(direction, tuple):
        return int(direction[2]) if direction[2] * direction[1] == -1.0 else 0
    out = np.zeros(len(direction), dtype=np.int8)
    turned = direction[1:] * direction[:-1] == -1.0
    out[1:][turned] = direction[1:][turned].astype(np.int8)
    return out


def beyond(x: Series, low: Series | float, high: Series | float) -> Code:
    """Return +1 where x is below `low`, -1 where above `high`, else 0."""
    if isinstance(x, tuple):
        if side(x, low) == -1:
            return 1
        return -1 if side(x, high) == 1 else 0
    out = np.zeros(len(x), dtype=np.int8)
    out[_compare_arrays(x, _operand(high)) == 1] = -1
    out[_compare_arrays(x, _operand(low)) == -1] = 1
    return out


def reaches(x: Value, level: Value) -> Code:
    """Return 1 where x is at or above `level`, else 0."""
    if isinstance(x, float):
        return 1 if _compare(x, float(level)) in (0, 1) else 0
    codes = _compare_arrays(x, level)
    out: NDArray[np.int8] = ((codes == 0) | (codes == 1)).astype(np.int8)
    return out


def is_near(x: Value, level: Value, fraction: float) -> Code:
    """Return 1 where x is no further from `level` than that fraction of it, else 0."""
    if isinstance(x, float):
        return reaches(fraction * float(level), abs(x - float(level)))
    return reaches(fraction * level, np.abs(x - level))


def or_zero(x: Value) -> Value:
    """Return x, 0.0 where it is NaN."""
    if isinstance(x, float):
        return x if x == x else 0.0
    return np.nan_to_num(x, nan=0.0)


def ramp(x: Value, low: float, high: float) -> Value:
    """Return 0 up to `low`, 1 from `high`, a straight line between, 0 for NaN."""
    if isinstance(x, float):
        return min(max((x - low) / (high - low), 0.0), 1.0) if x == x else 0.0
    out: FloatArray = np.nan_to_num(np.clip((x - low) / (high - low), 0.0, 1.0), nan=0.0)
    return out


def _compare(x: float, y: float) -> int:
    distance = x - y
    if distance != distance:
        return _UNKNOWN
    size = x if x >= 0.0 else -x
    other = y if y >= 0.0 else -y
    if other > size:
        size = other
    tolerance = _RELATIVE * (size if size > _SMALLEST else _SMALLEST)
    if distance > tolerance:
        return 1
    return -1 if distance < -tolerance else 0


def _compare_arrays(x: NDArray[np.floating[Any]], y: Value) -> NDArray[np.int8]:
    distance = x - y
    tolerance = np.maximum(np.abs(x), np.abs(y))
    np.maximum(tolerance, _SMALLEST, out=tolerance)
    tolerance *= _RELATIVE
    codes: NDArray[np.int8] = (distance > tolerance).view(np.int8) - (distance < -tolerance).view(np.int8)
    codes[np.isnan(distance)] = _UNKNOWN
    return codes


def _cross_of_tail(x: Tail, y: Series | float) -> int:
    line = y if isinstance(y, tuple) else (float(y),) * 3
    code = _compare(x[2], line[2])
    if code not in (1, -1):
        return 0
    last = _compare(x[1], line[1])
    return 0 if last in (code, _UNKNOWN) else code


def _operand(y: Series | float) -> Value:
    if isinstance(y, tuple):
        raise TypeError("a column cannot be compared with the tail of a live series")
    return y


def _silenced(codes: NDArray[np.int8]) -> NDArray[np.int8]:
    codes[codes == _UNKNOWN] = 0
    return codes
