"""A stream fed bar by bar gives what the array form gives over the whole history."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from market_bars import MarketBars, random_market

from whalebot.indicators import averages, oscillators, trend, volatility, volume
from whalebot.indicators.streaming.averages import (
    DemaStream,
    EmaStream,
    KamaStream,
    SmaStream,
    SuperSmootherStream,
)
from whalebot.indicators.streaming.oscillators import StochRsiStream
from whalebot.indicators.streaming.trend import MacdStream, SuperTrendStream
from whalebot.indicators.streaming.volume import (
    MeanVolumeStream,
    ObvStream,
    VolumeDeltaStream,
    VwapStream,
)
from whalebot.indicators.streaming.wilder import AdxStream, AtrStream, PsarStream, RsiStream

Pair = tuple[Callable[[MarketBars], list], Callable[[MarketBars], list]]


def _of_close(make: Callable[[], object], array: Callable[[np.ndarray], np.ndarray]) -> Pair:
    def stream(bars: MarketBars) -> list:
        one = make()
        return [[one.step(x) for x in bars.close.tolist()]]  # type: ignore[attr-defined]

    return stream, lambda bars: [array(bars.close)]


def _of_bars(make: Callable[[], object], array: Callable[[MarketBars], tuple]) -> Pair:
    def stream(bars: MarketBars) -> list:
        one = make()
        rows = zip(bars.high.tolist(), bars.low.tolist(), bars.close.tolist(), strict=True)
        out = [one.step(*row) for row in rows]  # type: ignore[attr-defined]
        return list(zip(*out, strict=True)) if isinstance(out[0], tuple) else [out]

    return stream, lambda bars: list(array(bars))


def _macd(bars: MarketBars) -> list:
    one = MacdStream(12, 26, 9)
    return list(zip(*[one.step(x) for x in bars.close.tolist()], strict=True))


def _psar(bars: MarketBars) -> list:
    one = PsarStream(0.02, 0.2)
    return [[one.step(h, low) for h, low in zip(bars.high.tolist(), bars.low.tolist(), strict=True)]]


def _obv(bars: MarketBars) -> list:
    one = ObvStream()
    return [[one.step(c, v) for c, v in zip(bars.close.tolist(), bars.volume.tolist(), strict=True)]]


def _vwap(bars: MarketBars) -> list:
    one = VwapStream()
    columns = (bars.open_ms, bars.high, bars.low, bars.close, bars.volume)
    out = [one.step(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    return [[value for value, _ in out], [float(begins) for _, begins in out]]


def _stoch_rsi(bars: MarketBars) -> list:
    one = StochRsiStream(14, 3, 3)
    return list(zip(*[one.step(x) for x in bars.close.tolist()], strict=True))


def _volume_delta(bars: MarketBars) -> list:
    one = VolumeDeltaStream(5)
    columns = (bars.open, bars.close, bars.volume)
    return [[one.step(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]]


def _mean_volume(bars: MarketBars) -> list:
    one = MeanVolumeStream(20)
    return [[one.step(v) for v in bars.volume.tolist()]]


CASES: dict[str, Pair] = {
    "stoch_rsi": (_stoch_rsi, lambda bars: list(oscillators.stoch_rsi(bars.close, 14, 3, 3))),
    "volume_delta": (
        _volume_delta,
        lambda bars: [volume.volume_delta(bars.open, bars.close, bars.volume, 5)],
    ),
    "mean_volume": (_mean_volume, lambda bars: [volume.mean_volume_before(bars.volume, 20)]),
    "sma": _of_close(lambda: SmaStream(10), lambda x: averages.sma(x, 10)),
    "ema": _of_close(lambda: EmaStream(21), lambda x: averages.ema(x, 21)),
    "dema": _of_close(lambda: DemaStream(14), lambda x: averages.dema(x, 14)),
    "kama": _of_close(lambda: KamaStream(10, 2, 30), lambda x: averages.kama(x, 10, 2, 30)),
    "super_smoother": _of_close(lambda: SuperSmootherStream(10), lambda x: averages.super_smoother(x, 10)),
    "rsi": _of_close(lambda: RsiStream(14), lambda x: oscillators.rsi(x, 14)),
    "macd": (_macd, lambda bars: list(trend.macd(bars.close, 12, 26, 9))),
    "atr": _of_bars(lambda: AtrStream(14), lambda b: (volatility.atr(b.high, b.low, b.close, 14),)),
    "adx": _of_bars(lambda: AdxStream(14), lambda b: trend.adx(b.high, b.low, b.close, 14)),
    "ehlers_fast": _of_bars(
        lambda: SuperTrendStream(10, 2.0), lambda b: trend.ehlers_supertrend(b.high, b.low, b.close, 10, 2.0)
    ),
    "ehlers_slow": _of_bars(
        lambda: SuperTrendStream(20, 3.0), lambda b: trend.ehlers_supertrend(b.high, b.low, b.close, 20, 3.0)
    ),
    "psar": (_psar, lambda bars: [trend.psar(bars.high, bars.low, 0.02, 0.2)]),
    "obv": (_obv, lambda bars: [volume.obv(bars.close, bars.volume)]),
    "vwap": (
        _vwap,
        lambda b: [
            volume.anchored_vwap(b.open_ms, b.high, b.low, b.close, b.volume),
            volume.session_starts(b.open_ms).astype(float),
        ],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_stream_equals_array_on_recorded_bars(name: str, real: MarketBars) -> None:
    stream, array = CASES[name]
    # A place in a range of RSI values is a difference of them: near 0 % only its size counts.
    atol = 1e-11 if name == "stoch_rsi" else 0.0
    for streamed, whole in zip(stream(real), array(real), strict=True):
        np.testing.assert_allclose(streamed, whole, rtol=1e-9, atol=atol)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("name", CASES)
def test_stream_equals_array_on_coarse_ticks_and_still_markets(name: str, seed: int) -> None:
    bars = random_market(seed, 400)
    stream, array = CASES[name]
    for streamed, whole in zip(stream(bars), array(bars), strict=True):
        np.testing.assert_allclose(streamed, whole, rtol=1e-9, atol=1e-11)
