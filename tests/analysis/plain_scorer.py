"""A second, deliberately plain reading of the scoring rules: one bar at a time, loops, no sharing of code."""

from __future__ import annotations

import math

import numpy as np
import talib

W = {
    "ema": 0.22, "sma": 0.28, "momentum": 0.18, "bb": 0.22, "vwap": 0.22, "psar": 0.22, "sma10": 0.07,
    "fib": 0.10, "ehlers": 0.55, "macd": 0.28, "adx": 0.18, "ichi": 0.38, "obv": 0.18, "cmf": 0.12,
    "mtf": 0.32, "vol": 0.15, "vwma": 0.15, "vd": 0.10, "kama": 0.20, "rv": 0.10, "ms": 0.25, "dema": 0.18,
    "kelt": 0.20, "roc": 0.12,
}  # fmt: skip


def same(x: float, y: float) -> bool:
    return abs(x - y) <= 1e-9 * max(1e-3, abs(x), abs(y))


def above(x: float, y: float) -> bool:
    return bool(x > y and not same(x, y))


def sgn(x: float, y: float) -> int:
    return 1 if above(x, y) else -1 if above(y, x) else 0


def crossing(x, y, i: int) -> int:  # type: ignore[no-untyped-def]
    four = (x[i], y[i], x[i - 1], y[i - 1])
    if i == 0 or any(math.isnan(v) for v in four):
        return 0
    if above(x[i], y[i]) and not above(x[i - 1], y[i - 1]):
        return 1
    return -1 if above(y[i], x[i]) and not above(y[i - 1], x[i - 1]) else 0


def run3(x, i: int) -> int:  # type: ignore[no-untyped-def]
    if i < 2:
        return 0
    if above(x[i], x[i - 1]) and above(x[i - 1], x[i - 2]):
        return 1
    return -1 if above(x[i - 1], x[i]) and above(x[i - 2], x[i - 1]) else 0


def smooth(x: list[float], period: int) -> list[float]:
    a = math.exp(-math.sqrt(2) * math.pi / period)
    c2, c3 = 2 * a * math.cos(math.sqrt(2) * math.pi / period), -a * a
    out: list[float] = []
    for i, value in enumerate(x):
        if i < 2:
            out.append(value)
        else:
            out.append((1 - c2 - c3) * (value + x[i - 1]) / 2 + c2 * out[i - 1] + c3 * out[i - 2])
    return out


def supertrend(h, l, c, period: int, k: float) -> list[float]:  # type: ignore[no-untyped-def]  # noqa: E741
    n = len(c)
    price = smooth([(h[i] + l[i]) / 2 for i in range(n)], period)
    true = [max(h[i] - l[i], abs(h[i] - c[i - 1]), abs(l[i] - c[i - 1])) for i in range(1, n)]
    span = [math.nan, *smooth(true, period)]
    out = [math.nan] * min(period, n)
    top = bottom = 0.0
    for i in range(period, n):
        up, down = price[i] + k * span[i], price[i] - k * span[i]
        if i == period:
            top, bottom = up, down
            out.append(1.0)
            continue
        top = up if up < top or c[i - 1] > top else top
        bottom = down if down > bottom or c[i - 1] < bottom else bottom
        direction = out[-1]
        if c[i] > top and direction < 0:
            direction = 1.0
        elif c[i] < bottom and direction > 0:
            direction = -1.0
        out.append(direction)
    return out


class PlainScorer:
    """Default settings and weights, bars without a book."""

    def __init__(self, bars, trends) -> None:  # type: ignore[no-untyped-def]
        self.t, self.o, self.h, self.l, self.c, self.v = (
            bars.open_ms, bars.open, bars.high, bars.low, bars.close, bars.volume,
        )  # fmt: skip
        self.trends = trends
        h, l, c, v = self.h, self.l, self.c, self.v  # noqa: E741
        self.ema9, self.ema21 = talib.EMA(c, 9), talib.EMA(c, 21)
        self.sma10, self.sma50 = talib.SMA(c, 10), talib.SMA(c, 50)
        self.rsi = talib.RSI(c, 14)
        for i in range(14, len(c)):
            if len(set(c[i - 14 : i + 1])) == 1:
                self.rsi[i] = 50.0
        self.k, self.d = self.stoch_rsi()
        self.cci, self.wr = talib.CCI(h, l, c, 20), talib.WILLR(h, l, c, 14)
        self.mfi = talib.MFI(h, l, c, v, 14)
        self.bb_up, _, self.bb_low = talib.BBANDS(c, 20, 2.0, 2.0)
        self.sar, self.roc = talib.SAR(h, l, 0.02, 0.2), talib.ROC(c, 12)
        self.fast, self.slow = supertrend(h, l, c, 10, 2.0), supertrend(h, l, c, 20, 3.0)
        self.macd, self.signal, _ = talib.MACD(c, 12, 26, 9)
        self.adx = talib.ADX(h, l, c, 14)
        self.pdi, self.mdi = talib.PLUS_DI(h, l, c, 14), talib.MINUS_DI(h, l, c, 14)
        self.obv = talib.OBV(c, v)
        self.obv_ema = talib.EMA(self.obv, 20)
        self.cmf, self.vwma, self.kama, self.dema = (
            self.flow(),
            self.weighted(),
            talib.KAMA(c, 10),
            talib.DEMA(c, 14),
        )
        self.atr = talib.ATR(h, l, c, 14)
        self.vol = talib.SMA(self.atr / c, 20)
        self.kelt = talib.EMA(c, 20)
        self.vwap = self.anchored()
        self.psar_dir = self.directions()

    def stoch_rsi(self):  # type: ignore[no-untyped-def]
        n = len(self.c)
        raw, k, d = ([math.nan] * n for _ in range(3))
        for i in range(27, n):
            window = self.rsi[i - 13 : i + 1]
            span = max(window) - min(window)
            raw[i] = 50.0 if span <= 1e-9 else 100 * (self.rsi[i] - min(window)) / span
            if i >= 29:
                k[i] = (raw[i - 2] + raw[i - 1] + raw[i]) / 3
            if i >= 31:
                d[i] = (k[i - 2] + k[i - 1] + k[i]) / 3
        return k, d

    def flow(self) -> list[float]:
        out = [math.nan] * len(self.c)
        for i in range(19, len(self.c)):
            money = total = 0.0
            for j in range(i - 19, i + 1):
                if self.h[j] > self.l[j]:
                    money += (2 * self.c[j] - self.h[j] - self.l[j]) / (self.h[j] - self.l[j]) * self.v[j]
                total += self.v[j]
            out[i] = money / total if total else 0.0
        return out

    def weighted(self) -> list[float]:
        out = [math.nan] * len(self.c)
        for i in range(19, len(self.c)):
            total = math.fsum(self.v[i - 19 : i + 1])
            if total:
                out[i] = math.fsum(self.c[i - 19 : i + 1] * self.v[i - 19 : i + 1]) / total
        return out

    def anchored(self) -> list[float]:
        out, money, traded, seen = [], 0.0, 0.0, False
        for i in range(len(self.c)):
            if self.t[i] % 86_400_000 == 0:
                money, traded, seen = 0.0, 0.0, True
            money += (self.h[i] + self.l[i] + self.c[i]) / 3 * self.v[i]
            traded += self.v[i]
            out.append(math.nan if not seen else money / traded if traded else self.c[i])
        return out

    def directions(self) -> list[int]:
        out = [0]
        for i in range(1, len(self.c)):
            out.append(sgn(self.c[i], self.sar[i]) or out[-1])
        return out

    def delta(self, i: int) -> float:
        if i < 4:
            return math.nan
        up = sum(self.v[j] for j in range(i - 4, i + 1) if self.c[j] > self.o[j])
        down = sum(self.v[j] for j in range(i - 4, i + 1) if self.c[j] < self.o[j])
        total = sum(self.v[i - 4 : i + 1])
        return (up - down) / total if total else 0.0

    def score(self, i: int) -> float:
        """The score of bar i (>= 100)."""
        c, o = self.c, self.o
        total = W["ema"] * sgn(self.ema9[i], self.ema21[i]) + W["sma"] * sgn(c[i], self.sma50[i])
        total += W["momentum"] * self.momentum(i)
        total += 0.5 * W["bb"] * (above(self.bb_low[i], c[i]) - above(c[i], self.bb_up[i]))
        first = self.t[i] % 86_400_000 == 0
        total += W["vwap"] * (
            0.2 * sgn(c[i], self.vwap[i]) + (0 if first else 0.3 * crossing(c, self.vwap, i))
        )
        flipped = self.psar_dir[i] * self.psar_dir[i - 1] == -1
        total += W["psar"] * self.psar_dir[i] * (0.9 if flipped else 0.5)
        total += W["sma10"] * sgn(c[i], self.sma10[i]) + self.fibonacci(i) + self.ehlers(i)
        total += W["macd"] * crossing(self.macd, self.signal, i)
        total += W["adx"] * min(max((self.adx[i] - 20) / 5, 0), 1) * sgn(self.pdi[i], self.mdi[i])
        total += self.ichimoku(i)
        total += W["obv"] * (0.5 * crossing(self.obv, self.obv_ema, i) + 0.2 * run3(self.obv, i))
        total += W["cmf"] * (0.5 * sgn(self.cmf[i], 0.0) + 0.3 * run3(self.cmf, i))
        for name, line in (("vwma", self.vwma), ("kama", self.kama), ("dema", self.dema)):
            total += W[name] * crossing(c, line, i)
        delta = self.delta(i)
        strong = above(delta, 0.2) - above(-0.2, delta)
        total += W["vd"] * (strong or 0.3 * sgn(delta, 0.0))
        mean = sum(self.v[i - 20 : i]) / 20
        bar = sgn(c[i], o[i])
        if mean and not above(1.5, self.v[i] / mean):
            total += W["rv"] * bar
        total += self.structure(i)
        total += W["kelt"] * (
            above(c[i], self.kelt[i] + 2 * self.atr[i]) - above(self.kelt[i] - 2 * self.atr[i], c[i])
        )
        total += W["roc"] * self.rate(i) + self.confluence(i)
        run = run3(self.vol, i)
        total += 0.2 * W["vol"] * sgn(total, 0.0) if run == 1 else -0.2 * total if run == -1 else 0.0
        side = sgn(total, 0.0)
        confirmed = (above(self.v[i], 1.5 * mean) and bar == side) or strong == side
        return total if confirmed or not side else total / 2

    def momentum(self, i: int) -> float:
        def zone(x: float, low: float, high: float) -> int:
            return above(low, x) - above(x, high)

        k, d = self.k[i], self.d[i]
        turn = crossing(self.k, self.d, i)
        if turn == 1 and above(20, k):
            stoch = 0.6
        elif turn == -1 and above(k, 80):
            stoch = -0.6
        elif above(k, d) and above(50, k):
            stoch = 0.2
        else:
            stoch = -0.2 if above(d, k) and above(k, 50) else 0.0
        flat = max(self.h[i - 13 : i + 1]) == min(self.l[i - 13 : i + 1])
        wr = -50.0 if flat else self.wr[i]
        typical = (self.h + self.l + self.c) / 3
        moved = any(
            self.v[j] and not math.isclose(typical[j], typical[j - 1], rel_tol=1e-12)
            for j in range(i - 13, i + 1)
        )
        mfi = self.mfi[i] if moved else 50.0
        rest = zone(self.cci[i], -100, 100) + zone(wr, -80, -20) + zone(mfi, 20, 80)
        return 0.5 * zone(self.rsi[i], 30, 70) + stoch + 0.4 * rest

    def fibonacci(self, i: int) -> float:
        top, bottom = max(self.h[i - 59 : i + 1]), min(self.l[i - 59 : i + 1])
        total = 0.0
        for ratio in (0.236, 0.382, 0.5, 0.618, 0.786):
            level = top - ratio * (top - bottom)
            if above(abs(self.c[i] - level), 0.001 * level):
                continue
            if not above(self.c[i - 1], level) and above(self.c[i], level):
                total += 0.1 * W["fib"]
            elif not above(level, self.c[i - 1]) and above(level, self.c[i]):
                total -= 0.1 * W["fib"]
        return total

    def ehlers(self, i: int) -> float:
        fast, slow = self.fast[i], self.slow[i]
        if fast != slow:
            return 0.0
        return W["ehlers"] * fast * (1.0 if self.fast[i - 1] == -fast else 0.3)

    def ichimoku(self, i: int) -> float:
        def middle(at: int, period: int) -> float:
            return (max(self.h[at - period + 1 : at + 1]) + min(self.l[at - period + 1 : at + 1])) / 2

        tenkan, kijun, top, bottom, lag = ({} for _ in range(5))
        for j in (i - 1, i):
            tenkan[j], kijun[j] = middle(j, 9), middle(j, 26)
            spans = (middle(j - 26, 9) + middle(j - 26, 26)) / 2, middle(j - 26, 52)
            top[j], bottom[j], lag[j] = max(spans), min(spans), self.c[j - 26]
        left = (crossing(self.c, top, i) == 1) - (crossing(self.c, bottom, i) == -1)
        return W["ichi"] * (0.5 * crossing(tenkan, kijun, i) + 0.7 * left + 0.3 * crossing(self.c, lag, i))

    def structure(self, i: int) -> float:
        tops = sgn(max(self.h[i - 19 : i + 1]), max(self.h[i - 39 : i - 19]))
        bottoms = sgn(min(self.l[i - 19 : i + 1]), min(self.l[i - 39 : i - 19]))
        return W["ms"] * tops if tops == bottoms else 0.0

    def rate(self, i: int) -> float:
        five = np.full(len(self.c), 5.0)
        return (crossing(self.roc, -five, i) == -1) - (crossing(self.roc, five, i) == 1)

    def confluence(self, i: int) -> float:
        known = [codes[i] for codes in self.trends.values() if not math.isnan(codes[i])]
        return W["mtf"] * sum(known) / len(known) if known else 0.0
