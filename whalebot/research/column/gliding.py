"""Short cuts of the compiled pass through bars on which nothing can happen."""

from __future__ import annotations

from whalebot.domain.intervals import DAY_MS
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import compiled
from whalebot.research.column.money import breach_of
from whalebot.research.column.slots import Account, Codes, Position, Rules, Terms


@compiled
def skip(
    p: Position, open_ms: IntArray, close: IntArray, fills: IntArray, asked: Codes, marks: FloatArray
) -> None:
    """Bring a flat symbol to its next row that asks for an entry, or to the end.

    Nothing that happens in between can be told from its happening then: the equity stays what it is, or is
    looked at on the same closes of another symbol.
    """
    if p.in_step == 0 or p.side != 0 or p.ask != 0 or p.settled == 0:
        return
    row = p.row
    while row < p.row_end and asked[row] == 0:
        row += 1
    p.row = row
    bar = p.bar_end if row == p.row_end else p.bar_first + fills[row]
    if bar <= p.bar:
        return
    p.bar = bar
    p.last = close[bar - 1] * p.scale
    p.mark = marks[bar - 1, 3] if len(marks) > 0 else p.last / p.price_scale
    p.close_ms = p.next_ms = open_ms[bar - 1] + p.length


@compiled
def glide(
    p: Position,
    a: Account,
    rules: Rules,
    terms: Terms,
    open_ms: IntArray,
    high: IntArray,
    low: IntArray,
    close: IntArray,
    row_ms: IntArray,
    signal: Codes,
    fund_ms: IntArray,
    gaps: IntArray,
    marks: FloatArray,
    curve: FloatArray,
) -> None:
    """Carry the only symbol's position through bars that touch neither stop nor target nor anything else.

    It stops before the first instant that is not quiet, nothing of it changed; the general path goes on.
    """
    now_ms, bar, side, scale, row, held = p.close_ms, p.bar, p.side, p.scale, p.row, p.held
    end = min(p.bar_end, gaps[p.gap]) if p.gap < p.gap_end else p.bar_end
    floor, top = quiet_band(p)
    until_ms = next_turn(p, a, rules, fund_ms)
    last_held = terms.max_hold if terms.max_hold >= 0 else at.NEVER
    opposite = -side if terms.closes_on_opposite != 0 else 2
    unit, last = side * p.qty / (p.price_scale * p.qty_scale), p.last
    best, worst, peak, equity, i = p.best, p.worst, a.peak, a.equity, a.curve
    follows_peak = a.paused_ms == at.NEVER
    while bar < end and now_ms < until_ms and open_ms[bar] == now_ms:
        highest, lowest = high[bar] * scale, low[bar] * scale
        if lowest <= floor or highest >= top or is_near_ruin(p, marks, bar):
            break
        decides = row < p.row_end and row_ms[row] == now_ms
        if decides and (signal[row] == opposite or held + 1 >= last_held):
            break
        now = a.wallet + (last - p.entry) * unit
        if follows_peak:
            if breach_of(a, terms, max(peak, now), now) != 0:
                break
            peak = max(peak, now)
        equity = now
        if decides:
            row += 1
            held += 1
        if i < len(curve):
            curve[i] = equity
            i += 1
        last = close[bar] * scale
        if side > 0:
            best, worst = max(best, highest), min(worst, lowest)
        else:
            best, worst = min(best, lowest), max(worst, highest)
        now_ms += p.length
        bar += 1
    if bar > p.bar:
        p.bar, p.row, p.held, p.last, p.best, p.worst = bar, row, held, last, best, worst
        p.mark = marks[bar - 1, 3] if len(marks) > 0 else last / p.price_scale
        p.close_ms = p.next_ms = now_ms
        a.peak, a.curve, a.equity, a.shown = peak, i, equity, equity


@compiled
def quiet_band(p: Position) -> tuple[int, int]:
    """Return the prices, both excluded, between which neither stop, target nor liquidation can be met."""
    better = min(p.side * p.target, p.side * p.wake)
    worse = max(p.side * p.stop, p.side * p.ruin)
    if p.side > 0:
        return worse, better
    return -better, -worse


@compiled
def is_near_ruin(p: Position, marks: FloatArray, bar: int) -> bool:
    """Tell whether a mark price of a bar comes to where liquidation has to be reckoned with.

    Where the mark is the last price `quiet_band` says so.
    """
    if len(marks) == 0:
        return False
    worst: float = p.side * marks[bar, 0]
    for point in range(1, 4):
        worst = min(worst, p.side * marks[bar, point])
    return worst * p.price_scale <= p.side * p.ruin


@compiled
def next_turn(p: Position, a: Account, rules: Rules, fund_ms: IntArray) -> int:
    """Return the next time at which funding, rules, the day or a pause change something."""
    until_ms = min(a.day_ms + DAY_MS if a.day_ms != at.NEVER else 0, a.paused_ms)
    if p.fund < p.fund_end:
        until_ms = min(until_ms, fund_ms[p.fund])
    if p.rule + 1 < p.rule_end:
        until_ms = min(until_ms, rules[p.rule + 1].from_ms)
    return until_ms
