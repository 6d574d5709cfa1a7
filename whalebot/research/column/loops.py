"""Sequential loops over a whole history, compiled: the smoother, the bands of SuperTrend, the held signal."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.analysis import signal
from whalebot.indicators import averages, trend, volatility
from whalebot.indicators.arrays import FloatArray
from whalebot.indicators.streaming.averages import super_smoother_coefficients
from whalebot.research.column.compiled import cached, compiled

_next_code = compiled(signal.next_code)
_smooth: Any = cached(averages.smooth)
_ratchet: Any = cached(trend.ratchet)


def supertrend(
    high: FloatArray, low: FloatArray, close: FloatArray, period: int, multiplier: float
) -> FloatArray:
    """Return the direction of `trend.ehlers_supertrend`, bit for bit."""
    coefficients = super_smoother_coefficients(period)
    price = high + low
    price /= 2.0
    _smooth(price, *coefficients)
    band = volatility.true_range(high, low, close)
    _smooth(band[1:], *coefficients)
    band *= multiplier
    upper = (price + band)[period:]
    price -= band
    direction = price[period:]
    _ratchet(upper, direction, close[period:])
    price[:period] = np.nan
    return price


@cached
def hold_signal(
    score: FloatArray,
    threshold: FloatArray,
    ratio: float,
    may_enter: NDArray[np.bool_],
    codes: NDArray[np.int8],
) -> None:
    """Write the held signal after each bar into `codes`: +1, -1, 0; 0 while not `may_enter`."""
    code = 0
    for row in range(len(score)):
        if may_enter[row]:
            code = _next_code(code, score[row], threshold[row], ratio)
        else:
            code = 0
        codes[row] = code
