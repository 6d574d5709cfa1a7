"""Any settings, any interval, holes, silent bars: a history still has the bits of each of its windows."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from whalebot.decisions.scan.compute import compute, compute_history
from whalebot.decisions.scan.settings import (
    PIVOT_SOURCES,
    SMOOTHING_METHODS,
    VWAP_MODES,
    ScanSettings,
    longest_warm_up,
)
from whalebot.decisions.scan.window import History, make_history
from whalebot.domain.intervals import DAY_MS, interval_ms
from whalebot.scanner.backscan import backscan

DEFAULT = ScanSettings()


def _bars(rng: np.random.Generator, interval: str, count: int) -> History:
    still = rng.random(count) < 0.3
    close = np.round(100 * np.exp(np.cumsum(rng.normal(0, 0.004, count) * ~still)), 2)
    high = close + np.round(rng.uniform(0, 0.5, count), 2)
    low = close - np.round(rng.uniform(0, 0.5, count), 2)
    volume = np.round(rng.uniform(0, 5, count), 1) * (rng.random(count) < 0.9)
    first = 4 * DAY_MS if interval == "W" else int(rng.integers(0, 50)) * interval_ms(interval)
    open_ms = first + np.arange(count, dtype=np.int64) * interval_ms(interval)
    kept = rng.random(count) < 0.95
    return make_history("X", interval, *(column[kept] for column in (open_ms, high, low, close, volume)))


def _settings(rng: np.random.Generator, interval: str) -> ScanSettings:
    def some(low: int, high: int) -> int:
        return int(rng.integers(low, high))

    pivot_bars = some(1, 4)
    config = replace(
        DEFAULT.signal_config,
        ema_period=some(2, 40),
        macd_fast=some(1, 10),
        macd_slow=some(11, 30),
        macd_signal=some(1, 10),
        stoch_rsi_period=some(2, 20),
        stoch_rsi_rsi_period=rng.choice([None, 5, 17]),
        stoch_rsi_k=some(1, 5),
        stoch_rsi_d=some(1, 5),
        bb_squeeze_lookback=some(5, 30),
        bb_squeeze_percentile=float(rng.uniform(1, 99)),
        bb_squeeze_release_bars=some(1, 8),
        divergence_pivot_bars=pivot_bars,
        divergence_lookback=2 * pivot_bars + 2 + some(0, 20),
        divergence_valid_bars=some(1, 8),
        rsi_method=str(rng.choice(SMOOTHING_METHODS)),
        atr_method=str(rng.choice(SMOOTHING_METHODS)),
        vwap_mode=str(rng.choice(VWAP_MODES)),
        vwap_period=some(1, 30),
        pivot_source=str(rng.choice(PIVOT_SOURCES)),
    )
    found = replace(
        DEFAULT,
        interval=interval,
        momentum_period=some(1, 15),
        momentum_ma_short=some(1, 10),
        momentum_ma_long=some(11, 30),
        volume_ma_period=some(2, 30),
        atr_period=some(2, 30),
        rsi_period=some(2, 30),
        bollinger_bands_period=some(2, 30),
        active_weight_set="auto",
        signal_config=config,
    )
    return replace(found, kline_history=longest_warm_up(found) + some(0, 30))


@pytest.mark.parametrize("interval", ["1", "15", "60", "D", "W"])
@pytest.mark.parametrize("seed", range(3))
def test_one_window_and_all_windows_agree_to_the_last_bit(interval: str, seed: int) -> None:
    rng = np.random.default_rng([seed, interval_ms(interval) // 60_000])
    settings, history = _settings(rng, interval), _bars(rng, interval, 260)
    bars = dict(enumerate(compute_history(history, settings), 1))
    length = settings.kline_history
    for row in (1, 2, length - 2, length - 1, length, len(history) - 1):
        one = compute(history.window(row, length), settings)
        assert np.array_equal(np.array(one), np.array(bars[row]), equal_nan=True), row
    times = [event.evaluation.ts_ms for event in backscan(history, settings, Decimal("0.01"))]
    assert times == sorted(times)
