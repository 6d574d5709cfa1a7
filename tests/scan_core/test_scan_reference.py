"""Every indicator and vote worked out a second time, with TA-Lib and pandas, on real bars.

Nothing of the scanner's arithmetic is used here: each value is made of the bars of the window alone.
"""

from __future__ import annotations

import functools
import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import talib
from golden_bars import DEFAULT, with_config

from whalebot.decisions.scan.compute import compute
from whalebot.decisions.scan.deciding import Evaluator
from whalebot.decisions.scan.evaluation import Direction
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.window import FormingBar, SessionBar, Window, session_sums

FOLDER = Path(__file__).resolve().parents[2] / "../shared/data/ohlcv"
FILES = {
    "BTCUSDT-5m-bybit_linear-20250924_20260430.csv.gz": ("15", "15min"),
    "APEUSDT-5m-bybit_linear-20250924_20260430.csv.gz": ("15", "15min"),
    "SOLUSDT-5m-bybit_linear-20250924_20260430.csv.gz": ("60", "60min"),
    "DOGEUSDT-1m-bybit_linear-20250530_20250629.csv.gz": ("1", "1min"),
}
VARIANTS = [
    DEFAULT,
    with_config(
        rsi_method="sma", atr_method="sma", volume_mode="obv_ma", macd_mode="cross", vwap_mode="rolling"
    ),
    with_config(rsi_mode="momentum", stoch_rsi_mode="momentum", ema_mode="reversion", pivot_source="window"),
]
SAMPLES = 30


@functools.cache
def _bars(name: str, rule: str) -> pd.DataFrame:
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{name} is not there")
    frame = pd.read_csv(path, dtype=str).astype(float)
    frame.index = pd.to_datetime(frame.pop("timestamp"), unit="ms", utc=True)
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    return frame.resample(rule).agg(how).dropna()


def _stamp(frame: pd.DataFrame, row: int) -> int:
    return round(frame.index[row].timestamp() * 1000)


def _window(frame: pd.DataFrame, end: int, interval: str) -> tuple[Window, FormingBar]:
    part, day = frame.iloc[end - 200 : end], frame.index[end - 1].normalize()
    today = frame.loc[day : frame.index[end - 1]]
    opens = (
        today.index.asi8 // 1_000_000 if today.index.unit == "ns" else today.index.as_unit("ms").asi8
    ).tolist()
    sums = session_sums(opens, *(today[name].tolist() for name in ("high", "low", "close", "volume")))
    closing = frame.index[end].normalize()
    before = frame.loc[closing - pd.Timedelta(days=1) : closing - pd.Timedelta(milliseconds=1)]
    session = None
    if frame.index[0] <= closing - pd.Timedelta(days=1):
        session = SessionBar(0, before.high.max(), before.low.min(), before.close.iloc[-1])
    forming = frame.iloc[end]
    columns = [part[name].to_numpy() for name in ("high", "low", "close", "volume")]
    open_ms = part.index.as_unit("ms").asi8
    return (
        Window("X", interval, open_ms, *columns, sums, session),
        FormingBar(_stamp(frame, end), forming.high, forming.low, forming.close, forming.volume),
    )


def _rsi(close: pd.Series, period: int, method: str) -> pd.Series:
    if method == "wilder":
        values = pd.Series(talib.RSI(close.to_numpy(), period))
    else:
        moved = close.diff()
        gain = moved.clip(lower=0).rolling(period).mean()
        loss = (-moved).clip(lower=0).rolling(period).mean()
        values = 100 - 100 / (1 + gain / loss)
    flat = close.rolling(period + 1).max() == close.rolling(period + 1).min()
    return values.mask(flat, 50.0)


def _reference(frame: pd.DataFrame, end: int, s: ScanSettings) -> dict[str, float]:
    """Values of the window that ends before row `end`."""
    part = frame.iloc[end - 200 : end].reset_index(drop=True)
    c, config = part.close, s.signal_config
    arrays = [part[name].to_numpy() for name in ("high", "low", "close")]
    macd, signal, histogram = talib.MACD(arrays[2], 12, 26, 9)
    upper, middle, lower = talib.BBANDS(arrays[2], 20, 2, 2)
    momentum = c.diff(10)
    true_range = pd.concat(
        [part.high - part.low, (part.high - c.shift()).abs(), (part.low - c.shift()).abs()], axis=1
    ).max(axis=1, skipna=False)
    atr = true_range.rolling(14).mean().iloc[-1] if config.atr_method == "sma" else talib.ATR(*arrays, 14)[-1]
    inner = _rsi(c, 14, config.rsi_method)
    low, high = inner.rolling(14).min(), inner.rolling(14).max()
    stoch = ((inner - low) / (high - low)).mask(high - low <= 1e-9, 0.5)
    obv = (np.sign(c.diff()) * part.volume).fillna(0).cumsum()
    width = pd.Series((upper - lower) / middle)
    limit = width.shift().rolling(20).quantile(0.10, interpolation="linear")
    squeezed = width < limit
    short, long = momentum.rolling(12).mean().iloc[-1], momentum.rolling(26).mean().iloc[-1]
    return {
        "ema": talib.EMA(arrays[2], 20)[-1],
        "momentum_short": short,
        "momentum_long": long,
        "strength": abs(short - long) / atr if atr > 0 else math.nan,
        "obv": obv.iloc[-1],
        "obv_before": obv.iloc[-2],
        "obv_above_mean": obv.iloc[-1] - obv.rolling(20).mean().iloc[-1],
        "relative_volume": part.volume.iloc[-1] / part.volume.rolling(20).mean().iloc[-1],
        "rsi": inner.iloc[-1],
        "stoch_rsi": stoch.iloc[-1],
        "stoch_k": stoch.rolling(3).mean().iloc[-1],
        "stoch_d": stoch.rolling(3).mean().rolling(3).mean().iloc[-1],
        "macd": macd[-1],
        "macd_signal": signal[-1],
        "macd_histogram": histogram[-1],
        "macd_histogram_before": histogram[-2],
        "band_upper": upper[-1],
        "band_middle": middle[-1],
        "band_lower": lower[-1],
        "bandwidth": width.iloc[-1],
        "bandwidth_limit": limit.iloc[-1],
        "armed": float(squeezed.iloc[-5:].any()),
        "atr": atr,
        "natr": 100 * atr / c.iloc[-1],
        "divergence": _divergence(c.to_numpy(), histogram),
        **_vwaps(frame, end, s),
        **_pivots(frame, end, part, s),
    }


def _divergence(close: np.ndarray, histogram: np.ndarray) -> float:
    """Bar by bar, as one would with a pencil."""
    votes = set()
    last = len(close) - 1
    for sign in (1, -1):
        c, h = sign * close, sign * histogram
        lows = [i for i in range(3, last - 2) if all(c[i] < c[i - k] and c[i] <= c[i + k] for k in (1, 2, 3))]
        for known in range(last, last - 3, -1):
            if known - 3 not in lows:
                continue
            inside = [i for i in lows if known - 20 < i <= known - 3]
            if len(inside) >= 2 and c[inside[-1]] < c[inside[-2]] and h[inside[-1]] > h[inside[-2]]:
                votes.add(sign)
            break
    return float(sum(votes))


def _vwaps(frame: pd.DataFrame, end: int, s: ScanSettings) -> dict[str, float]:
    def of(bars: pd.DataFrame) -> float:
        typical = (bars.high + bars.low + bars.close) / 3
        return float((typical * bars.volume).sum() / bars.volume.sum()) if bars.volume.sum() else math.nan

    if s.signal_config.vwap_mode == "rolling":
        return {"vwap": of(frame.iloc[end - 20 : end]), "live_vwap": of(frame.iloc[end - 19 : end + 1])}
    day, today = frame.index[end - 1].normalize(), frame.index[end].normalize()
    return {
        "vwap": of(frame.loc[day : frame.index[end - 1]]),
        "live_vwap": of(frame.loc[today : frame.index[end]]),
    }


def _pivots(frame: pd.DataFrame, end: int, part: pd.DataFrame, s: ScanSettings) -> dict[str, float]:
    if s.signal_config.pivot_source == "window":
        bars = part
    else:
        today = frame.index[end].normalize()
        bars = frame.loc[today - pd.Timedelta(days=1) : today - pd.Timedelta(milliseconds=1)]
    high, low, close = bars.high.max(), bars.low.min(), bars.close.iloc[-1]
    pivot = (high + low + close) / 3
    return {
        "pivot": pivot,
        "r1": 2 * pivot - low,
        "s1": 2 * pivot - high,
        "r2": pivot + high - low,
        "s2": pivot - high + low,
    }


def _reference_votes(
    r: dict[str, float], close: float, price: float, same_day: bool, s: ScanSettings
) -> dict[str, int]:
    config, sign = s.signal_config, lambda x: int(np.sign(x))
    trend = sign(r["momentum_short"] - r["momentum_long"])
    ema = sign(price - r["ema"])
    stoch = int(r["stoch_k"] < 0.2) - int(r["stoch_k"] > 0.8)
    rsi = int(r["rsi"] < 30) - int(r["rsi"] > 70)
    crossed = (
        sign(r["macd_histogram"]) if sign(r["macd_histogram"]) != sign(r["macd_histogram_before"]) else 0
    )
    bounced = 0
    if same_day or config.vwap_mode == "rolling":
        bounced += close <= r["vwap"] and price > r["live_vwap"]
        bounced -= close >= r["vwap"] and price < r["live_vwap"]
    band = int(price < r["band_lower"]) - int(price > r["band_upper"])
    return {
        "ema_alignment": -ema if config.ema_mode == "reversion" else ema,
        "momentum": trend if r["strength"] >= 0.4 else 0,
        "volume_confirmation": sign(r["obv_above_mean"])
        if config.volume_mode == "obv_ma"
        else sign(r["obv"] - r["obv_before"]),
        "divergence": int(r["divergence"]),
        "stoch_rsi": -stoch if config.stoch_rsi_mode == "momentum" else stoch,
        "rsi": -rsi if config.rsi_mode == "momentum" else rsi,
        "macd": crossed if config.macd_mode == "cross" else sign(r["macd"] - r["macd_signal"]),
        "bollinger_bands": band,
        "bb_squeeze": -band if r["armed"] else 0,
        "vwap_bounce": int(bounced),
        "pivot_breakout": int(price > r["r1"]) - int(price < r["s1"]),
    }


@pytest.mark.parametrize("settings", VARIANTS, ids=["default", "sma", "turned"])
@pytest.mark.parametrize("name", FILES)
def test_every_value_and_vote_on_real_bars(name: str, settings: ScanSettings) -> None:
    interval, rule = FILES[name]
    frame = _bars(name, rule)
    settings = replace(settings, interval=interval)
    evaluator = Evaluator(settings)
    rng = np.random.default_rng(11)
    for end in np.sort(rng.choice(np.arange(3000, len(frame) - 1), SAMPLES, replace=False)).tolist():
        window, forming = _window(frame, end, interval)
        bar, expected = compute(window, settings), _reference(frame, end, settings)
        live = expected.pop("live_vwap")
        scale = abs(bar.close)
        for field, value in expected.items():
            assert getattr(bar, field) == pytest.approx(value, rel=1e-9, abs=1e-9 * max(scale, 1.0)), (
                end,
                field,
            )
        price = float(frame.close.iloc[end])
        found = evaluator.evaluate(
            bar,
            Decimal(repr(price)),
            symbol="X",
            interval=interval,
            ts_ms=_stamp(frame, end),
            tick_size=Decimal("0.0001"),
            held=Direction.NONE,
            weight_set="low_volatility",
            forming=forming,
        )
        same_day = frame.index[end].normalize() == frame.index[end - 1].normalize()
        expected["live_vwap"] = live
        votes = _reference_votes(expected, bar.close, price, same_day, settings)
        assert dict(found.votes) == votes, end
        weights = settings.weight_sets["low_volatility"]
        assert found.score == pytest.approx(sum(weights[n] * v for n, v in votes.items()) / 4.1)


def test_equality_with_talib_on_ten_thousand_bars() -> None:
    rng = np.random.default_rng(5)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.002, 10_000)))
    high, low = close * (1 + rng.uniform(0, 0.002, 10_000)), close * (1 - rng.uniform(0, 0.002, 10_000))
    volume = rng.uniform(1, 100, 10_000)
    settings = replace(DEFAULT, kline_history=10_000)
    bar = compute(Window("X", "15", np.arange(10_000) * 900_000, high, low, close, volume), settings)
    macd = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    expected = {
        "ema": talib.EMA(close, 20)[-1],
        "rsi": talib.RSI(close, 14)[-1],
        "atr": talib.ATR(high, low, close, 14)[-1],
        "macd": macd[0][-1],
        "macd_signal": macd[1][-1],
        "macd_histogram": macd[2][-1],
        "band_upper": upper[-1],
        "band_middle": middle[-1],
        "band_lower": lower[-1],
        "obv": talib.OBV(close, volume)[-1] - volume[0],
    }
    assert {name: getattr(bar, name) for name in expected} == pytest.approx(expected, rel=1e-9, abs=1e-9)
