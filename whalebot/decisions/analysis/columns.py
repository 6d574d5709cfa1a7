"""All indicators of a history, one array each: what the scoring groups read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from whalebot.decisions.analysis.bars import Bars
from whalebot.decisions.analysis.comparisons import Series, side
from whalebot.decisions.analysis.settings import IndicatorSettings
from whalebot.domain.intervals import DAY_MS, interval_ms
from whalebot.indicators import averages, oscillators, structure, trend, volatility, volume
from whalebot.indicators.arrays import FloatArray, lagged

CONFIRMATION_PERIOD = 20
"""Bars before the present one whose mean volume confirms a score."""


@dataclass(slots=True)
class Columns:
    """Every indicator, a column for a whole history or the last three values of a live one.

    Prices and lines in quote, volumes in base, NaN while warming. `vwap_session_start` is 1.0 on the first
    bar of a UTC day. Directions are +1, -1, or 0 while unknown (SuperTrends: NaN). The cloud is that of 26
    bars ago, `lagged_close` the close of `ichimoku_chikou_span_offset` bars ago. `orderbook_imbalance` and
    `mtf_balance` come from outside, -1 to 1, NaN where there is none; so does `volume_delta` when it is
    taken from trades.
    """

    open: Series
    close: Series
    volume: Series
    ema_short: Series
    ema_long: Series
    sma_short: Series
    sma_long: Series
    rsi: Series
    stoch_rsi_k: Series
    stoch_rsi_d: Series
    cci: Series
    williams_r: Series
    mfi: Series
    bollinger_upper: Series
    bollinger_middle: Series
    bollinger_lower: Series
    vwap: Series
    vwap_session_start: Series
    psar: Series
    psar_direction: Series
    orderbook_imbalance: Series
    fibonacci_high: Series
    fibonacci_low: Series
    ehlers_fast_line: Series
    ehlers_fast_direction: Series
    ehlers_slow_line: Series
    ehlers_slow_direction: Series
    macd: Series
    macd_signal: Series
    macd_histogram: Series
    adx: Series
    plus_di: Series
    minus_di: Series
    tenkan: Series
    kijun: Series
    cloud_top: Series
    cloud_bottom: Series
    lagged_close: Series
    obv: Series
    obv_ema: Series
    cmf: Series
    vwma: Series
    kama: Series
    dema: Series
    volume_delta: Series
    mean_volume: Series
    relative_volume: Series
    recent_high: Series
    recent_low: Series
    earlier_high: Series
    earlier_low: Series
    keltner_upper: Series
    keltner_middle: Series
    keltner_lower: Series
    roc: Series
    mtf_balance: Series
    atr: Series
    mean_atr: Series
    volatility_index: Series

    def part(self, start: int, end: int) -> Columns:
        """Return bars start to end (excluded) of every column, as views."""
        return Columns(*(column[start:end] for _, column in self.arrays()))

    def arrays(self) -> Iterator[tuple[str, FloatArray]]:
        """Go through (name, column) in order; for a history only."""
        for name in COLUMN_NAMES:
            column = getattr(self, name)
            if isinstance(column, tuple):
                raise TypeError(f"column {name} is the tail of a live series, not a history")
            yield name, column


COLUMN_NAMES = tuple(f.name for f in fields(Columns))


def uses_anchored_vwap(interval: str, settings: IndicatorSettings) -> bool:
    """Tell whether VWAP is anchored at 00:00 UTC; bars of a day and longer have the rolling form."""
    return settings.vwap_daily_reset and interval_ms(interval) < DAY_MS


def compute_columns(
    bars: Bars, interval: str, settings: IndicatorSettings, mean_atr_period: int = 50
) -> Columns:
    """Compute every indicator over one data set: bars of `interval`, oldest first, without a gap.

    `orderbook_imbalance` and `mtf_balance` are NaN; who has them puts them in.
    """
    absent = np.full(len(bars), np.nan)
    atr = volatility.atr(bars.high, bars.low, bars.close, settings.atr_period)
    return Columns(
        open=bars.open,
        close=bars.close,
        volume=bars.volume,
        orderbook_imbalance=absent,
        mtf_balance=absent,
        atr=atr,
        mean_atr=averages.sma(atr, mean_atr_period),
        volatility_index=volatility.volatility_index(bars.close, atr, settings.volatility_index_period),
        **_averages(bars, settings),
        **_oscillators(bars, settings),
        **_bands(bars, atr, settings),
        **_trends(bars, settings),
        **_ichimoku(bars, settings),
        **_volumes(bars, settings),
        **_vwap(bars, interval, settings),
        **_ranges(bars, settings),
    )


def psar_directions(close: FloatArray, psar: FloatArray) -> FloatArray:
    """Return the side of the close, on equality as on the bar before; 0 until it has had one."""
    sides = np.asarray(side(close, psar), dtype=np.float64)
    last_known = np.maximum.accumulate(np.where(sides != 0.0, np.arange(len(sides)), 0))
    return sides[last_known]


def _averages(bars: Bars, s: IndicatorSettings) -> dict[str, FloatArray]:
    close = bars.close
    return {
        "ema_short": averages.ema(close, s.ema_short_period),
        "ema_long": averages.ema(close, s.ema_long_period),
        "sma_short": averages.sma(close, s.sma_short_period),
        "sma_long": averages.sma(close, s.sma_long_period),
        "vwma": averages.vwma(close, bars.volume, s.vwma_period),
        "kama": averages.kama(close, s.kama_period, s.kama_fast_period, s.kama_slow_period),
        "dema": averages.dema(close, s.dema_period),
    }


def _oscillators(bars: Bars, s: IndicatorSettings) -> dict[str, FloatArray]:
    hlc = (bars.high, bars.low, bars.close)
    k, d = oscillators.stoch_rsi(bars.close, s.stoch_rsi_period, s.stoch_k_period, s.stoch_d_period)
    return {
        "rsi": oscillators.rsi(bars.close, s.rsi_period),
        "stoch_rsi_k": k,
        "stoch_rsi_d": d,
        "cci": oscillators.cci(*hlc, s.cci_period),
        "williams_r": oscillators.williams_r(*hlc, s.williams_r_period),
        "mfi": oscillators.mfi(*hlc, bars.volume, s.mfi_period),
        "roc": oscillators.roc(bars.close, s.roc_period),
    }


def _bands(bars: Bars, atr: FloatArray, s: IndicatorSettings) -> dict[str, FloatArray]:
    bollinger = volatility.bollinger(bars.close, s.bollinger_bands_period, s.bollinger_bands_std_dev)
    keltner = volatility.keltner(bars.close, atr, s.keltner_period, s.keltner_atr_multiplier)
    return {
        "bollinger_upper": bollinger[0],
        "bollinger_middle": bollinger[1],
        "bollinger_lower": bollinger[2],
        "keltner_upper": keltner[0],
        "keltner_middle": keltner[1],
        "keltner_lower": keltner[2],
    }


def _trends(bars: Bars, s: IndicatorSettings) -> dict[str, FloatArray]:
    hlc = (bars.high, bars.low, bars.close)
    fast = trend.ehlers_supertrend(*hlc, s.ehlers_fast_period, s.ehlers_fast_multiplier)
    slow = trend.ehlers_supertrend(*hlc, s.ehlers_slow_period, s.ehlers_slow_multiplier)
    macd = trend.macd(bars.close, s.macd_fast_period, s.macd_slow_period, s.macd_signal_period)
    adx = trend.adx(*hlc, s.adx_period)
    psar = trend.psar(bars.high, bars.low, s.psar_acceleration, s.psar_max_acceleration)
    return {
        "ehlers_fast_line": fast.line,
        "ehlers_fast_direction": fast.direction,
        "ehlers_slow_line": slow.line,
        "ehlers_slow_direction": slow.direction,
        "macd": macd[0],
        "macd_signal": macd[1],
        "macd_histogram": macd[2],
        "adx": adx[0],
        "plus_di": adx[1],
        "minus_di": adx[2],
        "psar": psar,
        "psar_direction": psar_directions(bars.close, psar),
    }


def _ichimoku(bars: Bars, s: IndicatorSettings) -> dict[str, FloatArray]:
    lines = trend.ichimoku(
        bars.high,
        bars.low,
        s.ichimoku_tenkan_period,
        s.ichimoku_kijun_period,
        s.ichimoku_senkou_span_b_period,
    )
    return {**lines._asdict(), "lagged_close": lagged(bars.close, s.ichimoku_chikou_span_offset)}


def _volumes(bars: Bars, s: IndicatorSettings) -> dict[str, FloatArray]:
    obv = volume.obv(bars.close, bars.volume)
    return {
        "obv": obv,
        "obv_ema": averages.ema(obv, s.obv_ema_period),
        "cmf": volume.cmf(bars.high, bars.low, bars.close, bars.volume, s.cmf_period),
        "volume_delta": volume.volume_delta(bars.open, bars.close, bars.volume, s.volume_delta_period),
        "mean_volume": volume.mean_volume_before(bars.volume, CONFIRMATION_PERIOD),
        "relative_volume": volume.relative_volume(bars.volume, s.relative_volume_period),
    }


def _vwap(bars: Bars, interval: str, s: IndicatorSettings) -> dict[str, FloatArray]:
    if uses_anchored_vwap(interval, s):
        return {
            "vwap": volume.anchored_vwap(bars.open_ms, bars.high, bars.low, bars.close, bars.volume),
            "vwap_session_start": volume.session_starts(bars.open_ms).astype(np.float64),
        }
    return {
        "vwap": volume.rolling_vwap(bars.high, bars.low, bars.close, bars.volume, s.vwap_period),
        "vwap_session_start": np.zeros(len(bars)),
    }


def _ranges(bars: Bars, s: IndicatorSettings) -> dict[str, FloatArray]:
    top, bottom = structure.fibonacci_range(bars.high, bars.low, s.fibonacci_window)
    swings = structure.swings(bars.high, bars.low, s.market_structure_lookback_period)
    return {"fibonacci_high": top, "fibonacci_low": bottom, **swings._asdict()}
