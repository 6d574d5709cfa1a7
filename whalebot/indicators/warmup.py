"""How many bars each indicator needs before its first value: the one place that says so.

A warm-up of n means: NaN on the first n bars, a value on bar n (counted from 0). Recursive indicators have a
value then and go on settling; how far they still move is seen by comparing histories of several lengths.
"""

from __future__ import annotations

from whalebot.domain.intervals import DAY_MS, interval_ms
from whalebot.indicators.oscillators import STOCH_RSI_WINDOW
from whalebot.indicators.trend import ICHIMOKU_SHIFT


def window(period: int) -> int:
    """SMA, EMA, VWMA, Bollinger, CCI, Williams %R, CMF, volume delta, rolling VWAP, Fibonacci, extremes."""
    return period - 1


def after_first(period: int) -> int:
    """RSI, MFI, ROC, ATR, ±DI, KAMA, relative volume, both SuperTrends: they compare with a bar before."""
    return period


def dema(period: int) -> int:
    """Double EMA."""
    return 2 * (period - 1)


def macd(slow_period: int, signal_period: int) -> int:
    """MACD's three lines."""
    return slow_period + signal_period - 2


def adx(period: int) -> int:
    """ADX; its ±DI come earlier."""
    return 2 * period - 1


def psar() -> int:
    """Parabolic SAR."""
    return 1


def stoch_rsi(rsi_period: int, k_period: int, d_period: int) -> int:
    """StochRSI's D; its K comes d_period - 1 bars earlier."""
    return rsi_period + STOCH_RSI_WINDOW - 1 + k_period - 1 + d_period - 1


def stochastic(period: int, k_period: int, d_period: int) -> int:
    """Slow stochastic's D."""
    return period + k_period + d_period - 3


def cloud(kijun_period: int, senkou_b_period: int) -> int:
    """Ichimoku's cloud."""
    return max(kijun_period, senkou_b_period) - 1 + ICHIMOKU_SHIFT


def keltner(period: int, atr_period: int) -> int:
    """Keltner channel."""
    return max(period - 1, atr_period)


def volatility_index(atr_period: int, period: int) -> int:
    """Mean of ATR/close."""
    return atr_period + period - 1


def market_structure(lookback: int) -> int:
    """Two ranges, one after the other."""
    return 2 * lookback - 1


def anchored_vwap(interval: str) -> int:
    """Most bars before the first 00:00 UTC."""
    return max(DAY_MS // interval_ms(interval) - 1, 0)
