"""The values that depend on where the window begins: EMA, MACD, Wilder's RSI and ATR, and what uses them."""

from __future__ import annotations

import numpy as np

from whalebot.decisions.scan.panes import Panes
from whalebot.decisions.scan.recursions import Rows, ema_rows, macd_rows, wilder_rows
from whalebot.decisions.scan.series import FixedSeries, swing_rows, swings_in_force
from whalebot.decisions.scan.settings import ScanSettings, warm_up_bars
from whalebot.indicators.arrays import FloatArray, rolling_mean

_FLAT_RANGE = 1e-9
"""A range of the RSI (0 to 100) up to this is rounding noise."""


def recursive_columns(series: FixedSeries, panes: Panes, settings: ScanSettings) -> dict[str, FloatArray]:
    """Return one array (one value per window) for each of these fields of BarValues."""
    closes = panes.rows(series.close)
    columns = {"ema": panes.stack(ema_rows(closes, settings.signal_config.ema_period), 1)[0]}
    columns |= _macd(series, panes, settings, closes)
    columns |= _volume(series, panes, settings)
    columns |= _oscillators(series, panes, settings)
    columns |= _atr(series, panes, settings, closes)
    return columns


def _macd(series: FixedSeries, panes: Panes, settings: ScanSettings, closes: Rows) -> dict[str, FloatArray]:
    s = settings.signal_config
    line, signal = macd_rows(closes, s.macd_fast, s.macd_slow, s.macd_signal)
    kept = s.divergence_lookback + s.divergence_valid_bars + 1
    lines, signals = panes.stack(line, kept), panes.stack(signal, kept)
    histogram = lines - signals
    columns = {
        "macd": lines[-1],
        "macd_signal": signals[-1],
        "macd_histogram": histogram[-1],
        "macd_histogram_before": histogram[-2],
    }
    return columns | _divergence(series.close, histogram, panes, settings)


def _divergence(
    close: FloatArray, histogram: FloatArray, panes: Panes, settings: ScanSettings
) -> dict[str, FloatArray]:
    """Compare the last two swings: a lower low under a higher histogram is bullish, highs mirrored."""
    # A window's own places only: swings at its edge would lean on bars it does not hold.
    ends, part = panes.ends, slice(panes.first, panes.first + panes.length + panes.count - 1)
    vote = np.zeros(panes.count)
    earlier_age, later_age = np.full(panes.count, np.nan), np.full(panes.count, np.nan)
    for sign in (1.0, -1.0):
        prices = sign * close[part]
        swings = swing_rows(prices, settings.signal_config.divergence_pivot_bars)
        earlier, later = swings_in_force(swings, ends - panes.first, settings)
        found = np.flatnonzero(later >= 0)
        ages = ends[found] - panes.first - earlier[found], ends[found] - panes.first - later[found]
        before = sign * histogram[len(histogram) - 1 - ages[0], found]
        after = sign * histogram[len(histogram) - 1 - ages[1], found]
        spoke = (prices[later[found]] < prices[earlier[found]]) & (after > before)
        vote[found[spoke]] += sign
        earlier_age[found[spoke]], later_age[found[spoke]] = ages[0][spoke], ages[1][spoke]
    if panes.length < warm_up_bars(settings)["divergence"]:
        vote[:] = np.nan
    return {"divergence": vote, "swing_earlier": earlier_age, "swing_later": later_age}


def _volume(series: FixedSeries, panes: Panes, settings: ScanSettings) -> dict[str, FloatArray]:
    total = before = 0.0
    for step in panes.rows(series.obv_step, 1):
        before, total = total, total + step
    last = panes.stack([before, total], 2)
    return {"obv": last[1], "obv_before": last[0], "obv_above_mean": panes.last(series.obv_above_mean)}


def _rsi(
    series: FixedSeries, panes: Panes, settings: ScanSettings, period: int, flat: FloatArray, bars: int
) -> FloatArray:
    """Return the last `bars` values of the RSI of each window, (bars, windows), 0 to 100.

    50 where the closes that make it are equal, whatever the recursion remembers.
    """
    if settings.signal_config.rsi_method == "sma":
        gains, losses = (
            panes.tail(rolling_mean(moves, period), bars) for moves in (series.gains, series.losses)
        )
        gains, losses = (panes.stack(list(moves), bars) for moves in (gains, losses))
    else:
        gains, losses = (
            panes.stack(wilder_rows(panes.rows(moves, 1), period), bars)
            for moves in (series.gains, series.losses)
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        out = 100.0 * (gains / (gains + losses))
    quiet = panes.stack(list(panes.tail(flat, bars)), bars) > 0.0
    out[quiet & ~np.isnan(gains) | (gains + losses == 0.0)] = 50.0
    return np.asarray(out)


def _oscillators(series: FixedSeries, panes: Panes, settings: ScanSettings) -> dict[str, FloatArray]:
    s = settings.signal_config
    bars = s.stoch_rsi_period + s.stoch_rsi_k + s.stoch_rsi_d - 2
    inner = _rsi(series, panes, settings, s.inner_rsi_period, series.inner_flat, bars)
    outer = inner
    if s.inner_rsi_period != settings.rsi_period:
        outer = _rsi(series, panes, settings, settings.rsi_period, series.flat, 1)
    return {"rsi": outer[-1]} | _stoch_rsi(inner, panes, settings)


def _stoch_rsi(rsi: FloatArray, panes: Panes, settings: ScanSettings) -> dict[str, FloatArray]:
    s = settings.signal_config
    period, tail = s.stoch_rsi_period, s.stoch_rsi_k + s.stoch_rsi_d - 1
    raw = np.empty((tail, panes.count))
    for place in range(tail):
        part = rsi[place : place + period]
        low, span = part.min(axis=0), part.max(axis=0) - part.min(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            raw[place] = np.where(span <= _FLAT_RANGE, 0.5, (part[-1] - low) / span)
    k = _means(raw, s.stoch_rsi_k)
    return {"stoch_rsi": raw[-1], "stoch_k": k[-1], "stoch_d": _means(k, s.stoch_rsi_d)[-1]}


def _means(rows: FloatArray, period: int) -> FloatArray:
    count = len(rows) - period + 1
    total = rows[:count].copy()
    for offset in range(1, period):
        total += rows[offset : offset + count]
    return np.asarray(total / period)


def _atr(series: FixedSeries, panes: Panes, settings: ScanSettings, closes: Rows) -> dict[str, FloatArray]:
    period = settings.atr_period
    if settings.signal_config.atr_method == "sma":
        rows = panes.rows(rolling_mean(series.true_range, period), min(period, panes.length))
    else:
        rows = wilder_rows(panes.rows(series.true_range, 1), period)
    places = panes.stack(rows, len(rows)) if rows else np.full((1, panes.count), np.nan)
    natr = 100.0 * places / panes.stack(closes, len(places))
    below = (natr < natr[-1]).sum(axis=0) + 0.5 * (natr == natr[-1]).sum(axis=0)
    rank = np.where(np.isnan(natr[-1]), np.nan, 100.0 * below / len(natr))
    return {"atr": places[-1], "natr": natr[-1], "natr_rank": rank}
