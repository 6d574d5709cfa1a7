"""Everything the votes read of one closed bar, computed once when it closes."""

from __future__ import annotations

from typing import NamedTuple


class BarValues(NamedTuple):
    """Indicator values at the last closed bar of a window; NaN: not ready. Price-like ones in quote.

    open_ms, close_ms: the bar, ms UTC. bars: closed bars in the window. strength: distance of the momentum
    means in ATR. obv: counted from the window's start, only differences have meaning; obv_before: one bar
    earlier; obv_above_mean: less its own mean. stoch_rsi, stoch_k, stoch_d: 0 to 1. bandwidth_limit: the
    percentile below which the bandwidth is squeezed. armed: 1.0 where one of the last bars was squeezed, else
    0.0. vwap_money, vwap_volume: sums to which the forming bar is added for the live VWAP, valid in the
    session that began at vwap_anchor_ms (-1: rolling, any bar). natr: ATR in percent of the close; natr_rank:
    its percentile rank in the window, 0 to 100. divergence: -1.0, 0.0 or 1.0, with the ages in bars of its
    two swings (NaN where there is none).
    """

    open_ms: int
    close_ms: int
    bars: int
    close: float
    ema: float
    momentum_short: float
    momentum_long: float
    strength: float
    obv: float
    obv_before: float
    obv_above_mean: float
    relative_volume: float
    rsi: float
    stoch_rsi: float
    stoch_k: float
    stoch_d: float
    macd: float
    macd_signal: float
    macd_histogram: float
    macd_histogram_before: float
    band_upper: float
    band_middle: float
    band_lower: float
    bandwidth: float
    bandwidth_limit: float
    armed: float
    vwap: float
    vwap_money: float
    vwap_volume: float
    vwap_anchor_ms: int
    atr: float
    natr: float
    natr_rank: float
    pivot: float
    r1: float
    s1: float
    r2: float
    s2: float
    divergence: float
    swing_earlier: float
    swing_later: float
