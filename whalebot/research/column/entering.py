"""Entries of the compiled pass: judged and sized at the close of a bar, filled at the next open."""

from __future__ import annotations

from whalebot.decisions.risk import gate, sizing
from whalebot.domain import instrument
from whalebot.domain.intervals import DAY_MS, MINUTE_MS
from whalebot.indicators.arrays import IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import compiled
from whalebot.research.column.following import anchor, cost_at, see
from whalebot.research.column.money import (
    RISK_LIMIT,
    equity_of,
    note_order,
    note_ruin,
    slack_of,
    taker_price,
    value,
)
from whalebot.research.column.slots import Account, Position, Positions, Rule, Rules, Terms

_is_too_costly = compiled(gate.is_too_costly)
_is_inside = compiled(gate.is_inside)
_capped_size = compiled(sizing.capped_size)
_margin_per_unit = compiled(sizing.margin_per_unit)
_is_accepted = compiled(sizing.is_accepted)
_whole_steps = compiled(instrument.whole_steps)
_NO_LIMIT = float("inf")
# The exchange reckons exactly; an order that takes the last of the margin must not fail for float noise.
_NOISE = 1e-10


@compiled
def judge(
    p: Position,
    pos: Positions,
    a: Account,
    rule: Rule,
    terms: Terms,
    windows: IntArray,
    row: int,
    now_ms: int,
    price: float,
    atr: float,
) -> int:
    """Return the first rule that speaks against an entry, ALLOWED where none does, in the gate's order.

    A position that is still held is the first leg of a reversal.
    """
    if a.paused_ms != at.NEVER and now_ms < a.paused_ms:
        return a.pause_rule
    mine = 1 if p.side != 0 else 0
    total = -mine
    for other in pos:
        if other.side != 0 or (other.ask != 0 and other.ask_kind != at.SECOND_LEG):
            total += 1
    if terms.max_open <= 0:
        return at.TOO_MANY_OPEN
    if total >= terms.max_total:
        return at.TOO_MANY_IN_ALL
    if p.entered_ms != at.NEVER and now_ms < p.entered_ms + terms.cooldown_ms:
        return at.COOLING
    if p.left_row >= 0 and terms.cooldown_bars > row - p.left_row:
        return at.COOLING_BARS
    if terms.guarded != 0:
        if abs(price / p.mark - 1) > terms.price_band:
            return at.OUT_OF_BAND
        if a.sent_ms == now_ms and a.sent >= terms.max_orders:
            return at.TOO_MANY_ORDERS
        if _is_too_costly(terms.target_atr * atr, cost_at(price, rule, terms), terms.least_target):
            return at.TOO_COSTLY
    minute = now_ms % DAY_MS // MINUTE_MS
    for i in range(len(windows)):
        if _is_inside(minute, windows[i, 0], windows[i, 1]):
            return at.ALLOWED
    return at.OUT_OF_HOURS


@compiled
def size(
    p: Position, pos: Positions, a: Account, rule: Rule, terms: Terms, price: float, atr: float
) -> tuple[int, int]:
    """Return (quantity, ALLOWED), or 0 and the venue's minimum that it falls short of."""
    equity = equity_of(pos, a)
    free, taken = equity, 0.0
    for other in pos:
        if other.side != 0:
            free -= value(other, other.entry) / max(terms.leverage, 1.0)
        if other.ask != 0 and other.ask_kind != at.SECOND_LEG:
            taken += other.ask_qty * other.last / (other.price_scale * other.qty_scale) / terms.leverage
    if p.side != 0:
        free += value(p, p.entry) / max(terms.leverage, 1.0)
    per_unit = terms.stop_atr * atr + cost_at(price, rule, terms)
    wanted, _ = _capped_size(
        equity * terms.risk / per_unit,
        max(0.0, max(0.0, free) - taken) / _margin_per_unit(price, terms.leverage, terms.expected_fee),
        rule.max_market,
        rule.max_qty,
        terms.max_notional / price if terms.guarded != 0 else _NO_LIMIT,
    )
    qty = max(_whole_steps(wanted, rule.step_f, True), 0) * rule.step
    real = qty / p.qty_scale
    if _is_accepted(real, price, rule.min_qty, rule.min_notional):
        return qty, at.ALLOWED
    return 0, at.BELOW_MIN_QTY if real < rule.min_qty else at.BELOW_MIN_NOTIONAL


@compiled
def enter(
    p: Position, pos: Positions, a: Account, rules: Rules, terms: Terms, price: int, now_ms: int
) -> int:
    """Fill the entry on its way at a bar's open; return ALLOWED, or what refuses it."""
    side, rule = p.ask, rules[p.rule]
    p.ask = 0
    if p.ask_kind == at.SECOND_LEG:
        if terms.guarded != 0 and abs(price / p.price_scale / p.mark - 1) > terms.price_band:
            return at.OUT_OF_BAND
        if terms.guarded != 0 and a.sent_ms == now_ms and a.sent >= terms.max_orders:
            return at.TOO_MANY_ORDERS
        p.entered_ms = now_ms
        note_order(a, now_ms)
    worth = price * p.ask_qty / (p.price_scale * p.qty_scale)
    needed = worth * (1.0 / rule.leverage + 2.0 * terms.taker)
    real = p.ask_qty / p.qty_scale
    if p.ask_qty % rule.step != 0 or real < rule.min_qty or real > rule.max_market:
        # Sized under order rules that have changed since.
        return at.BAD_QTY
    if worth < rule.min_notional:
        return at.TOO_LITTLE_WORTH
    if worth > RISK_LIMIT:
        return at.OVER_RISK_LIMIT
    if needed * (1.0 - _NOISE) > slack_of(pos, a, rules, terms, True):
        return at.NO_BALANCE
    p.side = side
    p.qty = p.ask_qty
    p.entry = p.best = p.worst = taker_price(price, side, rule.tick, terms)
    p.moved = p.held = 0
    p.entry_bar = p.bar
    p.entry_row = p.ask_row
    p.leaving = at.STAYS
    p.turn = -1
    p.atr = p.ask_atr
    p.funding = 0.0
    a.wallet -= value(p, p.entry) * terms.taker
    anchor(p, rule, terms)
    note_ruin(p, pos, a, rules, terms)
    see(p, price)
    return at.ALLOWED
