"""The scoring groups in scoring order: each a pure function from columns to one contribution per bar.

Every function scores a whole history (arrays) and one live bar (numbers) by the same lines. `w` is the
group's weight. A NaN silences only the sub-rule it feeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from whalebot.decisions.analysis.columns import Columns
from whalebot.decisions.analysis.comparisons import (
    Code,
    Series,
    Value,
    before,
    beyond,
    cross,
    crossed_level,
    flip,
    is_near,
    now,
    or_zero,
    ramp,
    reaches,
    side,
    three_bar_run,
    value_side,
)
from whalebot.decisions.analysis.settings import IndicatorSettings
from whalebot.indicators.structure import INNER_RATIOS

Contribution: TypeAlias = Callable[[Columns, IndicatorSettings, float], Value]

ADX_WEAK: Final = 20.0
ADX_STRONG: Final = 25.0
_FIBONACCI_NEAR = 0.001


@dataclass(frozen=True, slots=True)
class Group:
    """One scoring group: its weight name, its rule, and the columns it reads from bars.

    `most` is the greatest contribution of a group of weight 1. `outside` names the column that does not come
    from bars (a book, other timeframes); such a group never warms up, it is without input instead.
    """

    name: str
    contribute: Contribution
    most: float
    inputs: tuple[str, ...] = ()
    outside: str = ""


def ema_alignment(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w by the side of the short EMA."""
    return w * side(c.ema_short, c.ema_long)


def sma_trend_filter(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w by the side of the long SMA that the close is on."""
    return w * side(c.close, c.sma_long)


def momentum(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """RSI ±.5w, StochRSI up to ±.6w, CCI, Williams %R and MFI ±.4w each, all against the extreme."""
    rsi = 0.5 * w * beyond(c.rsi, s.rsi_oversold, s.rsi_overbought)
    cci = 0.4 * w * beyond(c.cci, s.cci_oversold, s.cci_overbought)
    williams_r = 0.4 * w * beyond(c.williams_r, s.williams_r_oversold, s.williams_r_overbought)
    mfi = 0.4 * w * beyond(c.mfi, s.mfi_oversold, s.mfi_overbought)
    return rsi + _stoch_rsi(c, s, w) + cci + williams_r + mfi


def _stoch_rsi(c: Columns, s: IndicatorSettings, w: float) -> Value:
    k, d = c.stoch_rsi_k, c.stoch_rsi_d
    crossed = cross(k, d)
    turn = crossed * (crossed == beyond(k, s.stoch_rsi_oversold, s.stoch_rsi_overbought))
    above = side(k, d)
    lean = above * (above == -side(k, 50.0))
    return 0.6 * w * turn + 0.2 * w * lean * (turn == 0)


def bollinger_bands(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """+.5w below the lower band, -.5w above the upper."""
    return 0.5 * w * beyond(c.close, c.bollinger_lower, c.bollinger_upper)


def vwap(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±.2w by side and ±.3w on the bar that crosses; a session's first bar has a side but no cross."""
    return 0.2 * w * side(c.close, c.vwap) + 0.3 * w * cross(c.close, c.vwap) * (
        now(c.vwap_session_start) == 0.0
    )


def psar(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±.5w by direction and ±.4w on the bar that flips."""
    return 0.5 * w * or_zero(now(c.psar_direction)) + 0.4 * w * flip(c.psar_direction)


def sma_10(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w by the side of the short SMA that the close is on."""
    return w * side(c.close, c.sma_short)


def orderbook_imbalance(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """w times (bid volume - ask volume) / (their sum)."""
    return w * or_zero(now(c.orderbook_imbalance))


def fibonacci_levels(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±.1w for every inner retracement within 0.1 % of the close that the close has just passed."""
    top, close, last = now(c.fibonacci_high), now(c.close), before(c.close)
    span = top - now(c.fibonacci_low)
    total: Value = 0.0
    for ratio in INNER_RATIOS:
        level = top - ratio * span
        passed = crossed_level(last, close, level) * is_near(close, level, _FIBONACCI_NEAR)
        total = total + 0.1 * w * passed
    return total


def ehlers_supertrend(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w when the fast one flips to the slow one's direction, else ±.3w while both agree."""
    slow = side(c.ehlers_slow_direction, 0.0)
    flipped = flip(c.ehlers_fast_direction)
    fresh = flipped * (flipped == slow)
    aligned = slow * (slow == side(c.ehlers_fast_direction, 0.0))
    return w * fresh + 0.3 * w * aligned * (fresh == 0)


def macd(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w when the line crosses its signal."""
    return w * cross(c.macd, c.macd_signal)


def adx(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w by +DI and -DI, scaled from 0 at an ADX of 20 to 1 at 25."""
    return ramp(now(c.adx), ADX_WEAK, ADX_STRONG) * w * side(c.plus_di, c.minus_di)


def ichimoku(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±.5w tenkan crosses kijun, ±.7w the close leaves the cloud, ±.3w it crosses the lagged close."""
    left = _is(cross(c.close, c.cloud_top), 1) - _is(cross(c.close, c.cloud_bottom), -1)
    return 0.5 * w * cross(c.tenkan, c.kijun) + 0.7 * w * left + 0.3 * w * cross(c.close, c.lagged_close)


def obv(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±.5w when OBV crosses its EMA, ±.2w on a three-bar rise or fall."""
    return 0.5 * w * cross(c.obv, c.obv_ema) + 0.2 * w * three_bar_run(c.obv)


def cmf(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±.5w by sign, ±.3w on a three-bar rise or fall."""
    return 0.5 * w * side(c.cmf, 0.0) + 0.3 * w * three_bar_run(c.cmf)


def vwma(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w when the close crosses the volume-weighted average."""
    return w * cross(c.close, c.vwma)


def kaufman_ama(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w when the close crosses Kaufman's average."""
    return w * cross(c.close, c.kama)


def dema(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w when the close crosses the double EMA."""
    return w * cross(c.close, c.dema)


def volume_delta(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w beyond the threshold, else ±.3w by sign."""
    strong = strong_delta(c.volume_delta, s)
    return w * strong + 0.3 * w * side(c.volume_delta, 0.0) * (strong == 0)


def strong_delta(delta: Series, s: IndicatorSettings) -> Code:
    """Return +1 where the volume delta is above its threshold, -1 where below the negative one."""
    return -beyond(delta, -s.volume_delta_threshold, s.volume_delta_threshold)


def relative_volume(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w in the bar's direction at or above the threshold."""
    loud = reaches(now(c.relative_volume), s.relative_volume_threshold)
    return w * side(c.close, c.open) * loud


def market_structure(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """±w when both ends of the range rose or both fell."""
    tops, bottoms = side(c.recent_high, c.earlier_high), side(c.recent_low, c.earlier_low)
    return w * tops * (tops == bottoms)


def keltner(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """+w on a close above the channel, -w below."""
    return w * -beyond(c.close, c.keltner_lower, c.keltner_upper)


def roc(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """-w when the rate of change enters the overbought zone, +w when it enters the oversold one."""
    entered_top = _is(cross(c.roc, s.roc_overbought), 1)
    entered_bottom = _is(cross(c.roc, s.roc_oversold), -1)
    return w * entered_bottom - w * entered_top


def mtf_confluence(c: Columns, s: IndicatorSettings, w: float) -> Value:
    """w times (trends up - trends down) / (trends known)."""
    return w * or_zero(now(c.mtf_balance))


def volatility_index(c: Columns, w: float, score: Value) -> Value:
    """±.2w in the sign of the score so far on a three-bar rise; on a fall a fifth of that score is taken."""
    run = three_bar_run(c.volatility_index)
    return 0.2 * w * value_side(score, 0.0) * _is(run, 1) - 0.2 * score * _is(run, -1)


def volume_filter(c: Columns, s: IndicatorSettings, multiplier: float, score: Value) -> Value:
    """Take half of a score that neither a loud bar in its direction nor a strong volume delta confirms."""
    direction = value_side(score, 0.0)
    loud = _is(value_side(now(c.volume), multiplier * now(c.mean_volume)), 1)
    by_bar = loud * (side(c.close, c.open) == direction)
    by_delta = strong_delta(c.volume_delta, s) == direction
    confirmed = (by_bar != 0) | by_delta | (direction == 0)
    return -0.5 * score * _is(1 * confirmed, 0)


def _is(code: Code, wanted: int) -> Code:
    return 1 * (code == wanted)


GROUPS: Final[tuple[Group, ...]] = (
    Group("ema_alignment", ema_alignment, 1.0, ("ema_short", "ema_long")),
    Group("sma_trend_filter", sma_trend_filter, 1.0, ("close", "sma_long")),
    Group(
        "momentum_rsi_stoch_cci_wr_mfi",
        momentum,
        2.3,
        ("rsi", "stoch_rsi_k", "stoch_rsi_d", "cci", "williams_r", "mfi"),
    ),
    Group("bollinger_bands", bollinger_bands, 0.5, ("close", "bollinger_lower", "bollinger_upper")),
    Group("vwap", vwap, 0.5, ("close", "vwap")),
    Group("psar", psar, 0.9, ("close", "psar")),
    Group("sma_10", sma_10, 1.0, ("close", "sma_short")),
    Group("orderbook_imbalance", orderbook_imbalance, 1.0, outside="orderbook_imbalance"),
    Group("fibonacci_levels", fibonacci_levels, 0.5, ("close", "fibonacci_high", "fibonacci_low")),
    Group(
        "ehlers_supertrend_alignment",
        ehlers_supertrend,
        1.0,
        ("ehlers_fast_direction", "ehlers_slow_direction"),
    ),
    Group("macd_alignment", macd, 1.0, ("macd", "macd_signal")),
    Group("adx_strength", adx, 1.0, ("adx", "plus_di", "minus_di")),
    Group(
        "ichimoku_confluence",
        ichimoku,
        1.5,
        ("close", "tenkan", "kijun", "cloud_top", "cloud_bottom", "lagged_close"),
    ),
    Group("obv_momentum", obv, 0.7, ("obv", "obv_ema")),
    Group("cmf_flow", cmf, 0.8, ("cmf",)),
    Group("vwma_cross", vwma, 1.0, ("close", "vwma")),
    Group("kaufman_ama_cross", kaufman_ama, 1.0, ("close", "kama")),
    Group("dema_crossover", dema, 1.0, ("close", "dema")),
    Group("volume_delta_signal", volume_delta, 1.0, ("volume_delta",)),
    Group("relative_volume_confirmation", relative_volume, 1.0, ("open", "close", "relative_volume")),
    Group(
        "market_structure_confluence",
        market_structure,
        1.0,
        ("recent_high", "recent_low", "earlier_high", "earlier_low"),
    ),
    Group("keltner_breakout", keltner, 1.0, ("close", "keltner_lower", "keltner_upper")),
    Group("roc_signal", roc, 1.0, ("roc",)),
    Group("mtf_trend_confluence", mtf_confluence, 1.0, outside="mtf_balance"),
)
"""All groups but the volatility index, in the order in which their contributions are added."""

VOLATILITY_GROUP: Final = "volatility_index_signal"
VOLATILITY_INPUT: Final = "volatility_index"
