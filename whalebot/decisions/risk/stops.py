"""Where the stop and the target of a position belong: anchored on the fill, moved only in its favour."""

from __future__ import annotations

import math
from decimal import Decimal

from whalebot.decisions.risk.costs import NAN
from whalebot.decisions.risk.settings import StopRules
from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument

PHASES = 3
"""Trailing, break-even, lock-in: the numbers of `asked_level` are below this."""


def away_from(entry: float, sign: int, multiple: float, atr: float) -> float:
    """Return the level `multiple` ATR beyond a price, in the direction of `sign`. Plain numbers."""
    return entry + sign * multiple * atr


def asked_level(
    phase: int,
    sign: int,
    entry: float,
    best: float,
    atr: float,
    cost: float,
    trail_trigger: float,
    trail_distance: float,
    breakeven: float,
    lock_in: float,
) -> float:
    """Return the stop that a phase asks for at the best price so far, before rounding; NaN: none.

    phase: 0 trailing, 1 break-even, 2 lock-in. sign: +1 long, -1 short. Triggers and distances in ATR, NaN
    where a phase is off. Plain numbers: the compiled pass of a backtest runs it too.
    """
    gained = sign * (best - entry)
    if phase == 0 and gained >= trail_trigger * atr:
        return best - sign * trail_distance * atr
    if phase == 1 and gained >= breakeven * atr:
        return entry + sign * cost
    if phase == 2 and gained >= (breakeven + lock_in) * atr:
        return entry + sign * lock_in * atr
    return NAN


def initial_levels(
    instrument: Instrument, side: Side, entry: float, atr: float, stop_atr: float, target_atr: float
) -> tuple[Decimal, Decimal]:
    """Return (stop, target) for a fill at `entry`, both rounded away from the entry.

    A stop that rounding would put at or below zero becomes the first tick.
    """
    stop = instrument.stop_level(away_from(entry, -side.sign, stop_atr, atr), side)
    target = instrument.target_level(away_from(entry, side.sign, target_atr, atr), side)
    return max(stop, instrument.tick_size), max(target, instrument.tick_size)


def stop_levels(
    sign: int, entry: float, best: float, atr: float, cost: float, rules: StopRules
) -> tuple[float, ...]:
    """Return every level that the rules ask for at the best price so far (raw, before rounding).

    sign: +1 long, -1 short; best: best price since entry; cost: round-trip cost per unit at the fill price.
    All prices in quote. The trailing stop arms at `trail_trigger` ATR in favour and follows the best price;
    at `breakeven_trigger` ATR the stop belongs at entry plus costs; at `breakeven_trigger` + `lock_in` ATR at
    entry plus `lock_in` ATR.
    """
    if not rules.trailing and rules.breakeven_trigger is None:
        return ()
    trigger, distance, breakeven, lock_in = phase_numbers(rules)
    levels = [
        asked_level(phase, sign, entry, best, atr, cost, trigger, distance, breakeven, lock_in)
        for phase in range(PHASES)
    ]
    return tuple([level for level in levels if level == level])


def phase_numbers(rules: StopRules) -> tuple[float, float, float, float]:
    """Return trailing trigger and distance, break-even trigger and lock-in in ATR; NaN: the phase is off."""
    return (
        rules.trail_trigger if rules.trailing else NAN,
        rules.trail_distance,
        NAN if rules.breakeven_trigger is None else rules.breakeven_trigger,
        NAN if rules.lock_in is None else rules.lock_in,
    )


def ratchet(
    instrument: Instrument,
    side: Side,
    stop: Decimal,
    price: Decimal,
    levels: tuple[float, ...],
    min_move: float,
) -> Decimal:
    """Return the better of `stop` and the levels that lie at least one tick behind `price`; never worse.

    Levels are rounded away from the price first. A move below `min_move` (fraction of the price) waits.
    """
    if not levels:
        return stop
    best = stop
    for level in levels:
        rounded = instrument.stop_level(level, side)
        if side.sign * (price - rounded) >= instrument.tick_size and side.sign * (rounded - best) > 0:
            best = rounded
    return best if abs(best - stop) >= price * Decimal(repr(min_move)) else stop


def next_trigger(sign: int, entry: float, best: float, atr: float, rules: StopRules) -> float:
    """Return the price in favour at which `stop_levels` first differ from those at `best`; infinite: never.

    Where the trailing stop follows already that is `best` itself: any better price moves it. Arguments as
    in `stop_levels`.
    """
    gained = sign * (best - entry)
    ahead: list[float] = []
    if rules.trailing:
        if gained >= rules.trail_trigger * atr:
            return best
        ahead.append(rules.trail_trigger * atr)
    if rules.breakeven_trigger is not None:
        ahead.append(rules.breakeven_trigger * atr)
        if rules.lock_in is not None:
            ahead.append((rules.breakeven_trigger + rules.lock_in) * atr)
    return entry + sign * min((distance for distance in ahead if distance > gained), default=math.inf)
