"""Indicators that look back a fixed number of bars: the same value whatever came before, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from whalebot.decisions.scan.settings import ScanSettings
from whalebot.indicators.arrays import (
    FloatArray,
    IntArray,
    highest,
    lagged,
    lowest,
    rolling_mean,
    rolling_sum,
)
from whalebot.indicators.volatility import true_range

_NOISE = 1e-12
"""Differences of this relative size are rounding, not market."""


@dataclass(frozen=True, slots=True)
class FixedSeries:
    """Arrays of one length, NaN while warming up.

    gains, losses: of one bar, both >= 0. flat, inner_flat: the last closes that make the RSI (the one inside
    StochRSI) are equal. obv_step: signed volume of one bar. obv_above_mean: OBV less its own mean. bandwidth:
    fraction of the middle. money: typical price times volume.
    """

    close: FloatArray
    gains: FloatArray
    losses: FloatArray
    true_range: FloatArray
    flat: FloatArray
    inner_flat: FloatArray
    momentum_short: FloatArray
    momentum_long: FloatArray
    obv_step: FloatArray
    obv_above_mean: FloatArray
    relative_volume: FloatArray
    band_upper: FloatArray
    band_middle: FloatArray
    band_lower: FloatArray
    bandwidth: FloatArray
    bandwidth_limit: FloatArray
    armed: FloatArray
    money: FloatArray
    volume: FloatArray

    def __len__(self) -> int:
        return len(self.close)


def fixed_series(
    high: FloatArray, low: FloatArray, close: FloatArray, volume: FloatArray, settings: ScanSettings
) -> FixedSeries:
    """Return every indicator of fixed length over the bars of one symbol, oldest first, no NaN."""
    change = np.empty(len(close))
    change[:1], change[1:] = np.nan, close[1:] - close[:-1]
    step = np.sign(change) * volume
    upper, middle, lower = bands(
        close, settings.bollinger_bands_period, float(settings.bollinger_bands_std_dev)
    )
    width, limit, armed = squeeze(upper, middle, lower, settings)
    moved = close - lagged(close, settings.momentum_period)
    return FixedSeries(
        close=close,
        gains=np.maximum(change, 0.0),
        losses=np.maximum(-change, 0.0),
        true_range=true_range(high, low, close),
        flat=_is_flat(close, settings.rsi_period),
        inner_flat=_is_flat(close, settings.signal_config.inner_rsi_period),
        momentum_short=rolling_mean(moved, settings.momentum_ma_short),
        momentum_long=rolling_mean(moved, settings.momentum_ma_long),
        obv_step=step,
        obv_above_mean=_above_own_mean(step, settings.volume_ma_period),
        relative_volume=_relative_volume(volume, settings.volume_ma_period),
        band_upper=upper,
        band_middle=middle,
        band_lower=lower,
        bandwidth=width,
        bandwidth_limit=limit,
        armed=armed,
        money=(high + low + close) / 3.0 * volume,
        volume=volume,
    )


def bands(close: FloatArray, period: int, deviations: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Bollinger bands (upper, middle, lower), population deviation, each window summed afresh.

    TA-Lib's form keeps running sums, so its last digits depend on what came before. NaN for `period` - 1.
    """
    middle = rolling_mean(close, period)
    spread = np.full(len(close), np.nan)
    count = len(close) - period + 1
    if count > 0:
        mean = middle[period - 1 :]
        total = np.zeros(count)
        for offset in range(period):
            distance = close[offset : offset + count] - mean
            total += distance * distance
        spread[period - 1 :] = deviations * np.sqrt(total / period)
    return middle + spread, middle, middle - spread


def squeeze(
    upper: FloatArray, middle: FloatArray, lower: FloatArray, settings: ScanSettings
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (bandwidth, its limit, armed): squeezed is a bandwidth below the limit, armed lasts some bars.

    The limit is the percentile, linearly interpolated, of the `bb_squeeze_lookback` bars before.
    """
    s = settings.signal_config
    width = (upper - lower) / middle
    limit = _percentile_before(width, s.bb_squeeze_lookback, s.bb_squeeze_percentile)
    squeezed = np.where(np.isnan(limit), np.nan, (width < limit - _NOISE).astype(np.float64))
    return width, limit, np.minimum(rolling_sum(squeezed, s.bb_squeeze_release_bars), 1.0)


def swing_rows(close: FloatArray, pivot_bars: int) -> IntArray:
    """Return the rows of swing lows: lower than the closes before, not higher than as many after.

    For swing highs give the negated closes. A swing is known only `pivot_bars` after its row.
    """
    count = len(close) - 2 * pivot_bars
    if count <= 0:
        return np.zeros(0, dtype=np.int64)
    here = close[pivot_bars : pivot_bars + count]
    found = np.ones(count, dtype=np.bool_)
    for offset in range(1, pivot_bars + 1):
        found &= here < close[pivot_bars - offset : pivot_bars - offset + count]
        found &= here <= close[pivot_bars + offset : pivot_bars + offset + count]
    return np.flatnonzero(found).astype(np.int64) + pivot_bars


def swings_in_force(swings: IntArray, at: IntArray, settings: ScanSettings) -> tuple[IntArray, IntArray]:
    """Return rows (earlier, later) of the last two swings that still speak at the rows `at`; -1 for none.

    They speak for `divergence_valid_bars` bars from the bar at which the later became known, if both lay in
    the `divergence_lookback` bars that ended there.
    """
    s = settings.signal_config
    none = np.full(len(at), -1, dtype=np.int64)
    if len(swings) < 2:
        return none, none
    place = np.searchsorted(swings + s.divergence_pivot_bars, at, side="right") - 1
    later = swings[np.maximum(place, 0)]
    earlier = swings[np.maximum(place - 1, 0)]
    known = later + s.divergence_pivot_bars
    speaks = (place >= 1) & (at - known < s.divergence_valid_bars)
    speaks &= earlier > known - s.divergence_lookback
    return np.where(speaks, earlier, none), np.where(speaks, later, none)


def _is_flat(close: FloatArray, period: int) -> FloatArray:
    if len(close) <= period:
        return np.zeros(len(close))
    return np.asarray(highest(close, period + 1) == lowest(close, period + 1), dtype=np.float64)


def _above_own_mean(step: FloatArray, period: int) -> FloatArray:
    # OBV now less OBV j bars ago is the sum of the last j steps: no running total is needed.
    out = np.full(len(step), np.nan)
    count = len(step) - period + 1
    if count > 0:
        gone = np.zeros(count)
        total = np.zeros(count)
        for back in range(period - 1):
            gone = gone + step[period - 1 - back : period - 1 - back + count]
            total += gone
        out[period - 1 :] = total / period
    return out


def _relative_volume(volume: FloatArray, period: int) -> FloatArray:
    mean = rolling_mean(volume, period)
    mean[mean == 0.0] = np.nan
    out: FloatArray = volume / mean
    return out


def _percentile_before(values: FloatArray, bars: int, percent: float) -> FloatArray:
    out = np.full(len(values), np.nan)
    if len(values) > bars:
        ordered = np.sort(sliding_window_view(values[:-1], bars), axis=1)
        place = percent / 100.0 * (bars - 1)
        below = int(place)
        lower, upper = ordered[:, below], ordered[:, min(below + 1, bars - 1)]
        # Not-a-number sorts last: one in the window shows there.
        out[bars:] = np.where(np.isnan(ordered[:, -1]), np.nan, lower + (upper - lower) * (place - below))
    return out
