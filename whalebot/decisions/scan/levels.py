"""Price levels: pivots of a session, and the stop and target of a signal."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import NamedTuple

from whalebot.decisions.scan.evaluation import Direction, Levels
from whalebot.decisions.scan.settings import SignalConfig
from whalebot.domain.instrument import whole_steps


class PivotLevels(NamedTuple):
    """The pivot and its supports and resistances. Unit of price."""

    pivot: float
    r1: float
    s1: float
    r2: float
    s2: float


NO_PIVOTS = PivotLevels(math.nan, math.nan, math.nan, math.nan, math.nan)


def pivot_levels(high: float, low: float, close: float) -> PivotLevels:
    """Return the floor pivots of a session's high, low and close."""
    pivot = (high + low + close) / 3.0
    return PivotLevels(
        pivot, 2.0 * pivot - low, 2.0 * pivot - high, pivot + (high - low), pivot - (high - low)
    )


def signal_levels(
    entry: Decimal, atr: float, direction: Direction, tick_size: Decimal, settings: SignalConfig
) -> Levels:
    """Return stop and target of a signal (LONG or SHORT) at `entry`; `atr` above 0, in quote.

    Rounded down for a long and up for a short, so that the stop is never tighter and the target never
    farther than asked; a stop within a tick of the entry is widened, levels at or below zero are lifted.
    """
    sign, price, tick = direction.sign, float(entry), float(tick_size)
    down = direction is Direction.LONG
    notes = []
    distance = atr * settings.stop_loss_atr_multiplier
    stop = whole_steps(price - sign * distance, tick, down) * tick_size
    if abs(entry - stop) <= tick_size:
        stop = _on_grid(entry - 2 * sign * tick_size, tick_size, down)
        distance = float(abs(entry - stop))
        notes.append("stop widened to two ticks")
    target_at = price + sign * distance * settings.take_profit_risk_reward_ratio
    target = whole_steps(target_at, tick, down) * tick_size
    if stop <= 0:
        stop = tick_size
        notes.append("stop raised to one tick")
    if target <= 0:
        target = tick_size
        notes.append("target raised to one tick")
    if (target - entry) * sign <= 0:
        notes.append("target not beyond the entry: less than one tick away")
    return Levels(entry, stop, target, tuple(notes))


def _on_grid(price: Decimal, tick_size: Decimal, down: bool) -> Decimal:
    return (price / tick_size).to_integral_value(ROUND_FLOOR if down else ROUND_CEILING) * tick_size
