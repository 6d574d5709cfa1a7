"""Own code against TA-Lib where both know the indicator, on recorded markets."""

from __future__ import annotations

import numpy as np
import pytest
import talib
from market_bars import MarketBars, random_market

from whalebot.indicators import averages, oscillators, trend, volatility, volume
from whalebot.indicators.arrays import highest, lowest, rolling_mean
from whalebot.indicators.streaming.averages import KamaStream


def _same(own: np.ndarray, library: np.ndarray, atol: float = 0.0) -> None:
    np.testing.assert_allclose(own, library, rtol=1e-9, atol=atol)


def test_indicators_with_overrides_equal_talib_away_from_flat_windows(real: MarketBars) -> None:
    b = real
    moving = np.concatenate((np.full(14, True), _unequal(b.close, 15)))
    own, library = oscillators.rsi(b.close, 14), talib.RSI(b.close, 14)
    _same(own[moving], library[moving])
    ranged = highest(b.high, 14) != lowest(b.low, 14)
    own, library = oscillators.williams_r(b.high, b.low, b.close, 14), talib.WILLR(b.high, b.low, b.close, 14)
    _same(own[ranged], library[ranged])
    own = oscillators.mfi(b.high, b.low, b.close, b.volume, 14)
    library = talib.MFI(b.high, b.low, b.close, b.volume, 14)
    moved = own != 50.0
    _same(own[moved], library[moved], atol=1e-9)
    assert moved.sum() > 0.95 * len(b)


def _unequal(close: np.ndarray, window: int) -> np.ndarray:
    windows = np.lib.stride_tricks.sliding_window_view(close, window)
    return windows.max(axis=1) != windows.min(axis=1)


def test_stoch_rsi_equals_talib(real: MarketBars) -> None:
    k, d = oscillators.stoch_rsi(real.close, 14, 3, 3)
    _, fast_d = talib.STOCHRSI(real.close, 14, 14, 3, 0)
    _same(k[31:], fast_d[31:], atol=1e-7)
    _same(d[33:], rolling_mean(fast_d[29:], 3)[4:], atol=1e-7)


def test_stochastic_equals_talib(real: MarketBars) -> None:
    k, d = oscillators.stochastic(real.high, real.low, real.close, 14, 3, 3)
    slow_k, slow_d = talib.STOCH(real.high, real.low, real.close, 14, 3, 0, 3, 0)
    ranged = rolling_mean((highest(real.high, 14) > lowest(real.low, 14)).astype(float), 6) == 1.0
    _same(k[ranged][20:], slow_k[ranged][20:], atol=1e-9)
    _same(d[ranged][20:], slow_d[ranged][20:], atol=1e-9)


def test_own_kama_equals_talib_at_the_bounds_talib_knows(real: MarketBars) -> None:
    for period in (5, 10, 21):
        stream = KamaStream(period, 2, 30)
        own = np.array([stream.step(x) for x in real.close.tolist()])
        _same(own, talib.KAMA(real.close, period))


def test_own_kama_with_other_bounds_is_another_line(real: MarketBars) -> None:
    own, kaufmans = averages.kama(real.close, 10, 5, 60), averages.kama(real.close, 10, 2, 30)
    assert np.nanmax(np.abs(own - kaufmans)) > 0.0
    assert np.nanmin(real.close) <= np.nanmin(own)
    assert np.nanmax(own) <= np.nanmax(real.close)


def test_the_ratchet_of_both_supertrends_is_talibs(real: MarketBars) -> None:
    b = real
    middle = (b.high + b.low) / 2.0
    band = 3.0 * talib.ATR(b.high, b.low, b.close, 10)
    line, direction = trend._ratchet((middle + band)[10:], (middle - band)[10:], b.close[10:])
    library_line, library_trend = talib.SUPERTREND(b.high, b.low, b.close, 10, 3.0)
    _same(np.array(line), library_line[10:])
    np.testing.assert_array_equal(direction, library_trend[10:])
    assert len(set(direction)) == 2
    own = trend.supertrend(b.high, b.low, b.close, 10, 3.0)
    np.testing.assert_array_equal(own.direction[10:], library_trend[10:])


@pytest.mark.parametrize("seed", range(3))
def test_volume_averages_equal_talib_where_there_is_volume(seed: int) -> None:
    b = random_market(seed, 500)
    traded = np.convolve(b.volume > 0, np.ones(20), "full")[: len(b)] > 0
    traded[:19] = False
    _same(averages.vwma(b.close, b.volume, 20)[traded], talib.VWMA(b.close, b.volume, 20)[traded])
    _same(
        volume.cmf(b.high, b.low, b.close, b.volume, 20)[traded],
        talib.CMF(b.high, b.low, b.close, b.volume, 20)[traded],
        atol=1e-12,
    )


def test_anchored_vwap_of_one_day_equals_talibs_running_sums(real: MarketBars) -> None:
    starts = np.flatnonzero(volume.session_starts(real.open_ms))
    first, end = starts[0], starts[1]
    own = volume.anchored_vwap(real.open_ms, real.high, real.low, real.close, real.volume)[first:end]
    typical = talib.TYPPRICE(real.high, real.low, real.close)[first:end]
    weights = real.volume[first:end]
    expected = [np.average(typical[: i + 1], weights=weights[: i + 1]) for i in range(end - first)]
    _same(own, np.array(expected))


def test_bollinger_deviation_is_the_populations(real: MarketBars) -> None:
    upper, middle, lower = volatility.bollinger(real.close, 20, 2.0)
    windows = np.lib.stride_tricks.sliding_window_view(real.close, 20)
    _same(upper[19:], windows.mean(axis=1) + 2.0 * windows.std(axis=1))
    _same(lower[19:], windows.mean(axis=1) - 2.0 * windows.std(axis=1))
    _same(middle[19:], windows.mean(axis=1))


def test_plain_calls_are_talibs(real: MarketBars) -> None:
    b = real
    hlc = (b.high, b.low, b.close)
    _same(averages.sma(b.close, 50), talib.SMA(b.close, 50))
    _same(averages.ema(b.close, 9), talib.EMA(b.close, 9))
    _same(averages.dema(b.close, 14), talib.DEMA(b.close, 14))
    _same(averages.kama(b.close, 10, 2, 30), talib.KAMA(b.close, 10))
    _same(oscillators.cci(*hlc, 20), talib.CCI(*hlc, 20))
    _same(oscillators.roc(b.close, 12), talib.ROC(b.close, 12))
    _same(volatility.atr(*hlc, 14), talib.ATR(*hlc, 14))
    _same(trend.psar(b.high, b.low, 0.02, 0.2), talib.SAR(b.high, b.low, 0.02, 0.2))
    _same(volume.obv(b.close, b.volume), talib.OBV(b.close, b.volume))
    for own, library in zip(trend.macd(b.close, 12, 26, 9), talib.MACD(b.close, 12, 26, 9), strict=True):
        _same(own, library)
    directional = (talib.ADX(*hlc, 14), talib.PLUS_DI(*hlc, 14), talib.MINUS_DI(*hlc, 14))
    for own, library in zip(trend.adx(*hlc, 14), directional, strict=True):
        _same(own, library)
