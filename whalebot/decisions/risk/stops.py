"""Where the stop and the target of a position belong: anchored on the fill, moved only in its favour."""

from __future__ import annotations

from decimal import Decimal

from whalebot.decisions.risk.settings import StopRules
from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument


def initial_levels(
    instrument: Instrument, side: Side, entry: float, atr: float, stop_atr: float, target_atr: float
) -> tuple[Decimal, Decimal]:
    """Return (stop, target) for a fill at `entry`, both rounded away from the entry.

    A stop that rounding would put at or below zero becomes the first tick.
    """
    stop = instrument.stop_level(entry - side.sign * stop_atr * atr, side)
    target = instrument.target_level(entry + side.sign * target_atr * atr, side)
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
    gained = sign * (best - entry)
    levels: list[float] = []
    if rules.trailing and gained >= rules.trail_trigger * atr:
        levels.append(best - sign * rules.trail_distance * atr)
    if rules.breakeven_trigger is not None:
        if gained >= rules.breakeven_trigger * atr:
            levels.append(entry + sign * cost)
        if rules.lock_in is not None and gained >= (rules.breakeven_trigger + rules.lock_in) * atr:
            levels.append(entry + sign * rules.lock_in * atr)
    return tuple(levels)


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
    best = stop
    for level in levels:
        rounded = instrument.stop_level(level, side)
        if side.sign * (price - rounded) >= instrument.tick_size and side.sign * (rounded - best) > 0:
            best = rounded
    return best if abs(best - stop) >= price * Decimal(repr(min_move)) else stop
