"""The eleven votes: pure functions of one bar's values and the price that answer -1, 0, +1 or "not ready".

Inequalities are strict. What differs by rounding alone is equal: on a flat market noise must not vote.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from whalebot.decisions.scan.compute import ROLLING, vwap_of
from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.values import BarValues
from whalebot.decisions.scan.window import FormingBar
from whalebot.domain.intervals import DAY_MS

Vote: TypeAlias = int | None
_NOISE: Final = 1e-12


class Sight(NamedTuple):
    """What changes between two closes: the price, the live VWAP, and whether the session is the bar's."""

    price: float
    vwap: float
    same_session: bool


Rule: TypeAlias = Callable[[BarValues, Sight, ScanSettings], Vote]


def sight(bar: BarValues, price: float, forming: FormingBar | None) -> Sight:
    """Return what is seen at `price` (quote) with the forming bar, or at the bar's close without one."""
    if forming is None:
        return Sight(price, bar.vwap, True)
    money = (forming.high + forming.low + forming.close) / 3.0 * forming.volume
    if bar.vwap_anchor_ms in (ROLLING, forming.open_ms // DAY_MS * DAY_MS):
        sums = bar.vwap_money + money, bar.vwap_volume + forming.volume
        return Sight(price, vwap_of(*sums, bar.close), True)
    return Sight(price, vwap_of(money, forming.volume, bar.close), False)


def side(value: float, level: float, scale: float) -> Vote:
    """Return +1 above, -1 below, 0 equal, None where either is NaN; `scale`: size of what made them."""
    difference = value - level
    if difference != difference:
        return None
    noise = _NOISE * abs(scale)
    return 1 if difference > noise else -1 if difference < -noise else 0


def trend(bar: BarValues) -> Vote:
    """Return +1 for an uptrend of momentum, -1 for a downtrend, 0 without strength, None while warming."""
    if bar.atr == 0.0:
        return 0
    if bar.strength != bar.strength:
        return None
    return side(bar.momentum_short, bar.momentum_long, bar.close)


def _turned(vote: Vote, turn: bool) -> Vote:
    return -vote if turn and vote is not None else vote


def _ema_alignment(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    return _turned(side(seen.price, bar.ema, seen.price), settings.signal_config.ema_mode == "reversion")


def _momentum(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    vote = trend(bar)
    return 0 if vote and bar.strength < settings.trend_strength_threshold else vote


def _volume_confirmation(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    if settings.signal_config.volume_mode == "obv_ma":
        return side(bar.obv_above_mean, 0.0, max(abs(bar.obv), abs(bar.obv_above_mean)))
    return side(bar.obv, bar.obv_before, max(abs(bar.obv), abs(bar.obv_before)))


def _divergence(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    return None if bar.divergence != bar.divergence else int(bar.divergence)


def _outside(value: float, lower: float, upper: float, scale: float) -> Vote:
    below, above = side(lower, value, scale), side(value, upper, scale)
    if below is None or above is None:
        return None
    return (below == 1) - (above == 1)


def _stoch_rsi(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    s = settings.signal_config
    vote = _outside(bar.stoch_k, s.stoch_rsi_lower, s.stoch_rsi_upper, 1.0)
    return _turned(vote, s.stoch_rsi_mode == "momentum")


def _rsi(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    s = settings.signal_config
    return _turned(_outside(bar.rsi, s.rsi_lower, s.rsi_upper, 100.0), s.rsi_mode == "momentum")


def _macd(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    now = side(bar.macd, bar.macd_signal, bar.close)
    if settings.signal_config.macd_mode == "state" or now is None:
        return now
    before = side(bar.macd_histogram_before, 0.0, bar.close)
    return None if before is None else now if now != before else 0


def _bollinger_bands(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    return _outside(seen.price, bar.band_lower, bar.band_upper, seen.price)


def _bb_squeeze(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    if bar.armed != bar.armed:
        return None
    return _turned(_outside(seen.price, bar.band_lower, bar.band_upper, seen.price), True) if bar.armed else 0


def _vwap_bounce(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    closed = side(bar.close, bar.vwap, bar.close)
    now = side(seen.price, seen.vwap, seen.price)
    if closed is None or now is None:
        return None
    # The bar that closed and the price of a new session are measured from different anchors.
    return now if seen.same_session and now != closed else 0


def _pivot_breakout(bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    return _turned(_outside(seen.price, bar.s1, bar.r1, seen.price), True)


RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "ema_alignment": _ema_alignment,
        "momentum": _momentum,
        "volume_confirmation": _volume_confirmation,
        "divergence": _divergence,
        "stoch_rsi": _stoch_rsi,
        "rsi": _rsi,
        "macd": _macd,
        "bollinger_bands": _bollinger_bands,
        "bb_squeeze": _bb_squeeze,
        "vwap_bounce": _vwap_bounce,
        "pivot_breakout": _pivot_breakout,
    }
)
"""Every vote by its name."""
