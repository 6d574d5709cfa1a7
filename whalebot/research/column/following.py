"""The stop of a position in the compiled pass: anchored on the fill, moved with the path in its favour."""

from __future__ import annotations

from whalebot.decisions.risk import costs, stops
from whalebot.domain import instrument
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import compiled
from whalebot.research.column.slots import Position, Rule, Terms

_asked_level = compiled(stops.asked_level)
_away_from = compiled(stops.away_from)
_whole_steps = compiled(instrument.whole_steps)
_expected_slippage = compiled(costs.expected_slippage)
_full_cost = compiled(costs.full_cost)
_PHASES = stops.PHASES
_FAR = float(at.NEVER)


@compiled
def cost_at(price: float, rule: Rule, terms: Terms) -> float:
    """Return the expected round-trip cost per unit, in quote."""
    slip = _expected_slippage(price, rule.tick_f, terms.expected_slip)
    return _full_cost(price, terms.expected_fee, slip)


@compiled
def anchor(p: Position, rule: Rule, terms: Terms) -> None:
    """Put stop and target on the fill price, both rounded away from it, one tick at least."""
    entry = p.entry / p.price_scale
    stop = _away_from(entry, -p.side, terms.stop_atr, p.atr)
    target = _away_from(entry, p.side, terms.target_atr, p.atr)
    p.stop = p.first_stop = max(_whole_steps(stop, rule.tick_f, p.side > 0), 1) * rule.tick
    p.target = max(_whole_steps(target, rule.tick_f, p.side < 0), 1) * rule.tick
    p.wake = -p.side * at.NEVER


@compiled
def see(p: Position, price: int) -> None:
    """Widen the range of prices seen since entry."""
    if p.side * (price - p.best) > 0:
        p.best = price
    if p.side * (price - p.worst) < 0:
        p.worst = price


@compiled
def follow(p: Position, rule: Rule, terms: Terms, price: int) -> None:
    """Move the stop as far as its rules ask for at a price of the path, and say when to look again."""
    entry, best, side = p.entry / p.price_scale, p.best / p.price_scale, p.side
    cost = cost_at(entry, rule, terms)
    stop, waits = p.stop, False
    for phase in range(_PHASES):
        level = _asked_level(
            phase,
            side,
            entry,
            best,
            p.atr,
            cost,
            terms.trail_trigger,
            terms.trail_distance,
            terms.breakeven,
            terms.lock_in,
        )
        if level == level:
            asked = _whole_steps(level, rule.tick_f, side > 0) * rule.tick
            if side * (asked - stop) > 0:
                if side * (price - asked) >= rule.tick:
                    stop = asked
                else:
                    waits = True
    moved = abs(stop - p.stop)
    if moved != 0:
        if moved * terms.move_whole >= price * terms.move_number:
            p.stop = stop
            p.moved = 1
        else:
            waits = True
    p.wake = -side * at.NEVER if waits else next_wake(p, terms, entry, best)


@compiled
def next_wake(p: Position, terms: Terms, entry: float, best: float) -> int:
    """Return the least favourable price at which the rules may ask for another stop."""
    gained = p.side * (best - entry)
    if gained >= terms.trail_trigger * p.atr:
        return p.best + p.side
    nearest = _FAR
    away = terms.trail_trigger * p.atr
    if gained < away < nearest:
        nearest = away
    away = terms.breakeven * p.atr
    if gained < away < nearest:
        nearest = away
    away = (terms.breakeven + terms.lock_in) * p.atr
    if gained < away < nearest:
        nearest = away
    if nearest == _FAR:
        return p.side * at.NEVER
    # Two units nearer than reckoned: to look once too often changes nothing.
    return int((entry + p.side * nearest) * p.price_scale) - 2 * p.side
