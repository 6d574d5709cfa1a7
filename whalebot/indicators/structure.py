"""Price structure: ranges of recent swings, Fibonacci retracements, candlestick patterns."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from whalebot.indicators.arrays import FloatArray, highest, lagged, lowest
from whalebot.indicators.ta import ta

FIBONACCI_RATIOS: Final = (0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0)
INNER_RATIOS: Final = FIBONACCI_RATIOS[1:-1]


class Swings(NamedTuple):
    """High and low of the last bars and of as many bars before them. Unit of price."""

    recent_high: FloatArray
    recent_low: FloatArray
    earlier_high: FloatArray
    earlier_low: FloatArray


def swings(high: FloatArray, low: FloatArray, lookback: int) -> Swings:
    """Return the range of the last `lookback` bars and of the `lookback` before them; NaN while short."""
    top, bottom = highest(high, lookback), lowest(low, lookback)
    return Swings(top, bottom, lagged(top, lookback), lagged(bottom, lookback))


def market_structure(high: FloatArray, low: FloatArray, lookback: int) -> FloatArray:
    """+1 where both ends of the range rose, -1 where both fell, else 0; NaN for 2·`lookback` - 1 bars."""
    now = swings(high, low, lookback)
    rose = (now.recent_high > now.earlier_high) & (now.recent_low > now.earlier_low)
    fell = (now.recent_high < now.earlier_high) & (now.recent_low < now.earlier_low)
    out = rose.astype(np.float64) - fell.astype(np.float64)
    out[np.isnan(now.earlier_high)] = np.nan
    return out


def fibonacci_range(high: FloatArray, low: FloatArray, window: int) -> tuple[FloatArray, FloatArray]:
    """Return (highest high, lowest low) of the last `window` bars, this one included."""
    return highest(high, window), lowest(low, window)


def fibonacci_levels(high: float, low: float) -> tuple[tuple[float, float], ...]:
    """Return (ratio, price) of each retracement of a range: price = high - ratio · (high - low)."""
    return tuple((ratio, high - ratio * (high - low)) for ratio in FIBONACCI_RATIOS)


def pattern_names() -> tuple[str, ...]:
    """Return the candlestick patterns that `pattern` knows, such as "CDLENGULFING"."""
    return tuple(name for name in dir(ta) if name.startswith("CDL") and "_" not in name)


def pattern(
    name: str, open_: FloatArray, high: FloatArray, low: FloatArray, close: FloatArray
) -> NDArray[np.int32]:
    """Return a candlestick pattern: 100 or 200 bullish, -100 or -200 bearish, 0 none (also while warming).

    Raises ValueError for a name that is not one of `pattern_names`.
    """
    if name not in pattern_names():
        raise ValueError(f"candlestick pattern {name!r} is unknown; see pattern_names()")
    found: NDArray[np.int32] = getattr(ta, name)(open_, high, low, close)
    return found
