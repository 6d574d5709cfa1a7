"""Short cuts of the compiled pass through bars on which nothing can happen."""

from __future__ import annotations

from whalebot.domain.intervals import DAY_MS
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import compiled
from whalebot.research.column.following import see
from whalebot.research.column.money import breach_of
from whalebot.research.column.slots import Account, Codes, Position, Rules, Terms, Wishes


@compiled
def skip(
    p: Position, open_ms: IntArray, open_: IntArray, close: IntArray, wishes: Wishes, marks: FloatArray
) -> None:
    """Bring a flat symbol to its next row that asks for an entry, or to the end.

    Nothing that happens in between can be told from its happening then: the equity stays what it is, or is
    looked at on the same closes of another symbol.
    """
    if p.in_step == 0 or p.side != 0 or p.ask != 0 or p.settled == 0:
        return
    find_wish(p, wishes, p.row)
    bar = p.bar_end
    p.row = p.row_end
    if p.wish < p.wish_end:
        bar, p.row = wishes[p.wish].bar, wishes[p.wish].row
    if bar <= p.bar:
        return
    p.bar = bar
    if bar < p.bar_end:
        p.opening = open_[bar]
    p.last = close[bar - 1] * p.scale
    p.mark = marks[bar - 1, 3] if len(marks) > 0 else p.last / p.price_scale
    p.close_ms = p.next_ms = open_ms[bar - 1] + p.length


@compiled
def find_wish(p: Position, wishes: Wishes, row: int) -> int:
    """Go to the first wish at a row or after it; return the side that the row itself asks for, 0 for none."""
    wish = p.wish
    while wish < p.wish_end and wishes[wish].row < row:
        wish += 1
    p.wish = wish
    return wishes[wish].side if wish < p.wish_end and wishes[wish].row == row else 0


@compiled
def glide(
    p: Position,
    a: Account,
    rules: Rules,
    terms: Terms,
    open_ms: IntArray,
    open_: IntArray,
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
    first = p.bar
    row = next_turn(p, terms, signal)
    end = min(p.bar_end, gaps[p.gap]) if p.gap < p.gap_end else p.bar_end
    until_ms = next_time(p, a, rules, fund_ms)
    if p.lag > 0:
        # Every bar decides, and bars and rows of the only symbol are counted alike.
        end = min(end, row + 1)
    elif row < p.row_end:
        until_ms = min(until_ms, row_ms[row])
    count = untouched(p, end, until_ms, open_ms, open_, high, low, close)
    if len(marks) > 0:
        count = while_far_from_ruin(p, marks, count)
    if terms.guarded != 0 and a.paused_ms == at.NEVER:
        count = while_within_limits(p, a, terms, close, count)
    if count == 0:
        return
    unit, wallet, entry, scale = p.side * p.qty / (p.price_scale * p.qty_scale), a.wallet, p.entry, p.scale
    last = first + count
    closes, highs, lows = close[first:last], high[first:last], low[first:last]
    highest, lowest = highs[0], lows[0]
    for i in range(1, count):
        highest, lowest = max(highest, highs[i]), min(lowest, lows[i])
    see(p, highest * scale)
    see(p, lowest * scale)
    if a.curve < len(curve):
        part = curve[a.curve : a.curve + count]
        part[0] = wallet + (p.last - entry) * unit
        for i in range(1, count):
            part[i] = wallet + (closes[i - 1] * scale - entry) * unit
        a.curve += count
    before = closes[count - 2] * scale if count > 1 else p.last
    a.equity = a.shown = wallet + (before - entry) * unit
    p.bar += count
    if p.bar < p.bar_end:
        p.opening = open_[p.bar]
    p.last = closes[count - 1] * scale
    p.mark = marks[p.bar - 1, 3] if len(marks) > 0 else p.last / p.price_scale
    p.close_ms = p.next_ms = p.close_ms + count * p.length
    pass_rows(p, row_ms, count)


@compiled
def untouched(
    p: Position,
    end: int,
    until_ms: int,
    open_ms: IntArray,
    open_: IntArray,
    high: IntArray,
    low: IntArray,
    close: IntArray,
) -> int:
    """Return how many bars follow each other before a bar, a time, or one whose range meets the position.

    Open and close lie within the range; they are read so that they are at hand where the quiet ends: fetched
    one by one from far apart they would take as long as all the rest.
    """
    first, now_ms = p.bar, p.close_ms
    floor, top = quiet_band(p)
    times, opens, closes = open_ms[first:end], open_[first:end], close[first:end]
    highs, lows = high[first:end], low[first:end]
    scale, length = p.scale, p.length
    for i in range(len(times)):
        if lows[i] * scale <= floor or highs[i] * scale >= top:
            return i
        if opens[i] * scale <= floor or closes[i] * scale <= floor:
            return i
        if times[i] != now_ms or now_ms >= until_ms:
            return i
        now_ms += length
    return len(times)


@compiled
def while_far_from_ruin(p: Position, marks: FloatArray, count: int) -> int:
    """Return how many of the next bars no mark price brings near liquidation."""
    for i in range(count):
        if is_near_ruin(p, marks, p.bar + i):
            return i
    return count


@compiled
def while_within_limits(p: Position, a: Account, terms: Terms, close: IntArray, count: int) -> int:
    """Return at how many of the next closes the equity reaches no limit, having followed its peak so far."""
    unit, last, peak = p.side * p.qty / (p.price_scale * p.qty_scale), p.last, a.peak
    closes = close[p.bar : p.bar + count]
    for i in range(len(closes)):
        equity = a.wallet + (last - p.entry) * unit
        if breach_of(a, terms, max(peak, equity), equity) != 0:
            a.peak = peak
            return i
        peak = max(peak, equity)
        last = closes[i] * p.scale
    a.peak = peak
    return count


@compiled
def pass_rows(p: Position, row_ms: IntArray, count: int) -> None:
    """Go past the rows that were decided on the way: as many as bars where every bar decides."""
    row = p.row + count if p.lag > 0 else p.row
    while p.lag == 0 and row < p.row_end and row_ms[row] < p.close_ms:
        row += 1
    p.held += row - p.row
    p.row = row


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
def is_calm(p: Position, high: int, low: int, marks: FloatArray) -> bool:
    """Tell whether nothing can happen on the way through the range of the bar; note the range if so."""
    if p.side == 0:
        return p.ask == 0
    floor, top = quiet_band(p)
    if low <= floor or high >= top or is_near_ruin(p, marks, p.bar):
        return False
    see(p, high)
    see(p, low)
    return True


@compiled
def next_time(p: Position, a: Account, rules: Rules, fund_ms: IntArray) -> int:
    """Return the next time at which funding, rules, the day or a pause change something."""
    until_ms = min(a.day_ms + DAY_MS if a.day_ms != at.NEVER else 0, a.paused_ms)
    if p.fund < p.fund_end:
        until_ms = min(until_ms, fund_ms[p.fund])
    if p.rule + 1 < p.rule_end:
        until_ms = min(until_ms, rules[p.rule + 1].from_ms)
    return until_ms


@compiled
def next_turn(p: Position, terms: Terms, signal: Codes) -> int:
    """Return the next row that ends the position by its view or by how long it was held."""
    row = p.row_end
    if terms.closes_on_opposite != 0:
        if p.turn < p.row:
            p.turn = p.row + first_of(signal[p.row : p.row_end], -p.side)
        row = p.turn
    if terms.max_hold >= 0:
        row = min(row, p.row + max(terms.max_hold - p.held - 1, 0))
    return row


@compiled
def first_of(codes: Codes, wanted: int) -> int:
    """Return the place of the first such code, their number where there is none."""
    for i in range(len(codes)):
        if codes[i] == wanted:
            return i
    return len(codes)
