"""Every indicator by name: how to compute it and how long it warms up."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from market_bars import MarketBars

from whalebot.indicators import (
    averages,
    oscillators,
    structure,
    trend,
    volatility,
    volume,
    warmup,
)


class Case(NamedTuple):
    """`outputs` gives the arrays of one indicator, `warm_up` the NaN bars of each (None: depends on data)."""

    outputs: Callable[[MarketBars], tuple[np.ndarray, ...]]
    warm_up: tuple[int | None, ...]


def _atr(b: MarketBars) -> np.ndarray:
    return volatility.atr(b.high, b.low, b.close, 14)


CASES: dict[str, Case] = {
    "sma": Case(lambda b: (averages.sma(b.close, 10),), (warmup.window(10),)),
    "ema": Case(lambda b: (averages.ema(b.close, 21),), (warmup.window(21),)),
    "dema": Case(lambda b: (averages.dema(b.close, 14),), (warmup.dema(14),)),
    "kama": Case(lambda b: (averages.kama(b.close, 10, 2, 30),), (warmup.after_first(10),)),
    "kama_own": Case(lambda b: (averages.kama(b.close, 8, 3, 20),), (warmup.after_first(8),)),
    "vwma": Case(lambda b: (averages.vwma(b.close, b.volume, 20),), (None,)),
    "super_smoother": Case(lambda b: (averages.super_smoother(b.close, 10),), (0,)),
    "rsi": Case(lambda b: (oscillators.rsi(b.close, 14),), (warmup.after_first(14),)),
    "stoch_rsi": Case(
        lambda b: oscillators.stoch_rsi(b.close, 14, 3, 3),
        (warmup.stoch_rsi(14, 3, 1), warmup.stoch_rsi(14, 3, 3)),
    ),
    "stochastic": Case(
        lambda b: oscillators.stochastic(b.high, b.low, b.close, 14, 3, 3),
        (warmup.stochastic(14, 3, 1), warmup.stochastic(14, 3, 3)),
    ),
    "cci": Case(lambda b: (oscillators.cci(b.high, b.low, b.close, 20),), (warmup.window(20),)),
    "williams_r": Case(lambda b: (oscillators.williams_r(b.high, b.low, b.close, 14),), (warmup.window(14),)),
    "mfi": Case(
        lambda b: (oscillators.mfi(b.high, b.low, b.close, b.volume, 14),), (warmup.after_first(14),)
    ),
    "roc": Case(lambda b: (oscillators.roc(b.close, 12),), (warmup.after_first(12),)),
    "true_range": Case(lambda b: (volatility.true_range(b.high, b.low, b.close),), (1,)),
    "atr": Case(lambda b: (_atr(b),), (warmup.after_first(14),)),
    "bollinger": Case(lambda b: volatility.bollinger(b.close, 20, 2.0), (warmup.window(20),) * 3),
    "keltner": Case(
        lambda b: volatility.keltner(b.close, _atr(b), 20, 2.0),
        (warmup.keltner(20, 14), warmup.window(20), warmup.keltner(20, 14)),
    ),
    "volatility_index": Case(
        lambda b: (volatility.volatility_index(b.close, _atr(b), 20),), (warmup.volatility_index(14, 20),)
    ),
    "obv": Case(lambda b: (volume.obv(b.close, b.volume),), (0,)),
    "cmf": Case(lambda b: (volume.cmf(b.high, b.low, b.close, b.volume, 20),), (warmup.window(20),)),
    "volume_delta": Case(lambda b: (volume.volume_delta(b.open, b.close, b.volume, 5),), (warmup.window(5),)),
    "relative_volume": Case(lambda b: (volume.relative_volume(b.volume, 20),), (None,)),
    "mean_volume_before": Case(
        lambda b: (volume.mean_volume_before(b.volume, 20),), (warmup.after_first(20),)
    ),
    "anchored_vwap": Case(
        lambda b: (volume.anchored_vwap(b.open_ms, b.high, b.low, b.close, b.volume),), (None,)
    ),
    "session_starts": Case(lambda b: (volume.session_starts(b.open_ms).astype(float),), (0,)),
    "rolling_vwap": Case(
        lambda b: (volume.rolling_vwap(b.high, b.low, b.close, b.volume, 20),), (warmup.window(20),)
    ),
    "macd": Case(lambda b: trend.macd(b.close, 12, 26, 9), (warmup.macd(26, 9),) * 3),
    "adx": Case(
        lambda b: trend.adx(b.high, b.low, b.close, 14),
        (warmup.adx(14), warmup.after_first(14), warmup.after_first(14)),
    ),
    "psar": Case(lambda b: (trend.psar(b.high, b.low, 0.02, 0.2),), (warmup.psar(),)),
    "supertrend": Case(
        lambda b: tuple(trend.supertrend(b.high, b.low, b.close, 10, 3.0)), (warmup.after_first(10),) * 2
    ),
    "ehlers_supertrend": Case(
        lambda b: tuple(trend.ehlers_supertrend(b.high, b.low, b.close, 10, 2.0)),
        (warmup.after_first(10),) * 2,
    ),
    "ichimoku": Case(
        lambda b: tuple(trend.ichimoku(b.high, b.low, 9, 26, 52)),
        (warmup.window(9), warmup.window(26), warmup.cloud(26, 52), warmup.cloud(26, 52)),
    ),
    "swings": Case(
        lambda b: tuple(structure.swings(b.high, b.low, 20)),
        (warmup.window(20), warmup.window(20), warmup.market_structure(20), warmup.market_structure(20)),
    ),
    "market_structure": Case(
        lambda b: (structure.market_structure(b.high, b.low, 20),), (warmup.market_structure(20),)
    ),
    "fibonacci_range": Case(lambda b: structure.fibonacci_range(b.high, b.low, 60), (warmup.window(60),) * 2),
    "engulfing": Case(
        lambda b: (structure.pattern("CDLENGULFING", b.open, b.high, b.low, b.close).astype(float),), (0,)
    ),
}
