"""The compiled pass over the bars of all symbols of one account, in order of time."""

from __future__ import annotations

from collections.abc import Sequence

from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import cached, compiled
from whalebot.research.column.entering import judge, size
from whalebot.research.column.gliding import find_wish, glide, is_calm, skip
from whalebot.research.column.money import equity_of, leave, note_order, note_ruin, observe, taker_price
from whalebot.research.column.pathway import liquidate, liquidate_rest, open_bar, reach
from whalebot.research.column.slots import (
    Account,
    Codes,
    Position,
    Positions,
    Rule,
    Rules,
    Terms,
    Trades,
    Wishes,
)


@cached
def run_account(
    open_ms: IntArray,
    open_: IntArray,
    high: IntArray,
    low: IntArray,
    close: IntArray,
    row_ms: IntArray,
    wishes: Wishes,
    signal: Codes,
    marks: FloatArray,
    fund_ms: IntArray,
    fund_cash: FloatArray,
    gaps: IntArray,
    windows: IntArray,
    rules: Rules,
    all_terms: Sequence[Terms],
    pos: Positions,
    accounts: Sequence[Account],
    trades: Trades,
    refused: IntArray,
    curve_open_ms: IntArray,
    curve: FloatArray,
) -> None:
    """Trade one account through its bars.

    Bars, rows, wishes, funding and gaps of all symbols lie one after another; `pos` says where each begins
    and ends. `fund_cash`: what one unit of a long pays, in quote. `marks`: mark price at the four points of
    each bar, empty where it is the last price. `curve_open_ms`: bars at whose closes the curve is noted.
    Results are left in `accounts`, `trades`, `refused` and `curve`.
    """
    a, terms = accounts[0], all_terms[0]
    while a.status == 0:
        for p in pos:
            skip(p, open_ms, open_, close, wishes, marks)
        if len(pos) == 1 and pos[0].side != 0 and pos[0].ask == 0 and pos[0].leaving == at.STAYS:
            glide(pos[0], a, rules, terms, open_ms, open_, high, low, close, row_ms, signal, fund_ms, gaps,
                  marks, curve)  # fmt: skip
        now_ms = soonest(pos)
        if now_ms == at.NEVER:
            break
        for s in range(len(pos)):
            settle_funding(s, pos, a, rules, terms, trades, open_ms, fund_ms, fund_cash, curve_open_ms, curve,
                           now_ms)  # fmt: skip
        close_bars(pos, a, terms, row_ms, curve_open_ms, curve, now_ms)
        for s in range(len(pos)):
            p = pos[s]
            while p.row < p.row_end and row_ms[p.row] + p.lag <= now_ms:
                row, p.row = p.row, p.row + 1
                follow_rules(p, rules, now_ms - 1)
                asked = find_wish(p, wishes, row)
                atr = wishes[p.wish].atr if asked != 0 else 0.0
                if p.bar < p.bar_end and (asked != 0 or p.side != 0):
                    decide(p, pos, a, rules[p.rule], terms, windows, refused, row, now_ms, asked,
                           signal[row], atr)  # fmt: skip
        end_positions(pos, a, rules, terms, trades)
        play_bars(open_ms, high, low, close, gaps, marks, pos, a, rules, terms, trades, refused,
                  now_ms)  # fmt: skip
        for p in pos:
            plan(p, open_ms, open_, row_ms)
    show(a, pos, curve_open_ms, curve, at.NEVER)


@compiled
def soonest(pos: Positions) -> int:
    """Return when something happens next."""
    now_ms = at.NEVER
    for p in pos:
        now_ms = min(now_ms, p.next_ms)
    return now_ms


@compiled
def end_positions(pos: Positions, a: Account, rules: Rules, terms: Terms, trades: Trades) -> None:
    """Close what has no bar left at its last close."""
    for s in range(len(pos)):
        p = pos[s]
        if p.side != 0 and p.bar == p.bar_end:
            fill = taker_price(p.last, -p.side, rules[p.rule].tick, terms)
            leave(p, s, a, terms, trades, fill, p.last, at.BY_END)
            a.shown = equity_of(pos, a)


@compiled
def plan(p: Position, open_ms: IntArray, open_: IntArray, row_ms: IntArray) -> None:
    """Note when something happens to a symbol next: a close, a decision, an open."""
    soonest = p.close_ms
    if p.bar < p.bar_end:
        p.opening = open_[p.bar]
    if soonest == at.NEVER and p.bar < p.bar_end:
        soonest = min(soonest, open_ms[p.bar])
    if p.row < p.row_end:
        soonest = min(soonest, row_ms[p.row] + p.lag)
    p.next_ms = soonest


@compiled
def follow_rules(p: Position, rules: Rules, now_ms: int) -> None:
    """Take the order rules that hold at `now_ms`."""
    while p.rule + 1 < p.rule_end and rules[p.rule + 1].from_ms <= now_ms:
        p.rule += 1


@compiled
def show(a: Account, pos: Positions, curve_open_ms: IntArray, curve: FloatArray, until_ms: int) -> None:
    """Fill the curve up to a time with the equity as it stands."""
    i, shown = a.curve, a.shown
    if len(pos) == 1:
        # The curve of one symbol follows its bars: of all before the newest the closes are past.
        for k in range(i, min(pos[0].bar - 1, len(curve))):
            curve[k] = shown
        i = max(i, min(pos[0].bar - 1, len(curve)))
    until_ms -= pos[0].length
    while i < len(curve) and curve_open_ms[i] < until_ms:
        curve[i] = shown
        i += 1
    a.curve = i


@compiled
def settle_funding(
    s: int,
    pos: Positions,
    a: Account,
    rules: Rules,
    terms: Terms,
    trades: Trades,
    open_ms: IntArray,
    fund_ms: IntArray,
    fund_cash: FloatArray,
    curve_open_ms: IntArray,
    curve: FloatArray,
    now_ms: int,
) -> None:
    """Settle what is due up to now on the position held just before; it may ruin the account."""
    p = pos[s]
    while p.fund < p.fund_end and fund_ms[p.fund] <= now_ms:
        due_ms = fund_ms[p.fund]
        if p.side != 0:
            paid = p.side * (p.qty / p.qty_scale) * fund_cash[p.fund]
            show(a, pos, curve_open_ms, curve, due_ms)
            p.funding += paid
            a.wallet -= paid
            a.shown -= paid
            note_ruin(p, pos, a, rules, terms)
            equity = equity_of(pos, a)
            liquidate(p, s, pos, a, rules, terms, trades)
            if p.side == 0:
                # What closes at this very moment is still shown with the position.
                a.shown = equity
                show(a, pos, curve_open_ms, curve, due_ms + 1)
                a.shown = equity_of(pos, a)
                row = trades[a.trades - 1]
                row.paid_ms = due_ms
                if p.bar == p.bar_end or open_ms[p.bar] > due_ms:
                    row.exit_bar = p.bar - 1
        p.fund += 1


@compiled
def close_bars(
    pos: Positions,
    a: Account,
    terms: Terms,
    row_ms: IntArray,
    curve_open_ms: IntArray,
    curve: FloatArray,
    now_ms: int,
) -> None:
    """Where bars close now, or a decision is due whose last bar is missing, look at the equity."""
    closes = False
    for p in pos:
        if p.row < p.row_end and row_ms[p.row] + p.lag == now_ms:
            closes = True
        if p.close_ms == now_ms:
            p.close_ms = at.NEVER
            p.settled = 1
            closes = True
    if not closes:
        return
    equity = equity_of(pos, a)
    if observe(a, terms, now_ms, equity) and terms.kills != 0:
        for p in pos:
            if p.ask_kind == at.SECOND_LEG:
                p.ask = 0
            p.ask_kind = at.DOOMED
            if p.side != 0 and p.leaving == at.STAYS:
                p.leaving = at.BY_KILL
                note_order(a, now_ms)
    show(a, pos, curve_open_ms, curve, now_ms)
    a.shown = equity
    show(a, pos, curve_open_ms, curve, now_ms + 1)


@compiled
def decide(
    p: Position,
    pos: Positions,
    a: Account,
    rule: Rule,
    terms: Terms,
    windows: IntArray,
    refused: IntArray,
    row: int,
    now_ms: int,
    asked: int,
    signal: int,
    atr: float,
) -> None:
    """Decide on a closed decision bar: leave, turn or enter at the next open."""
    reason = at.STAYS
    enters = p.side == 0
    if p.side != 0:
        p.held += 1
        if 0 <= terms.max_hold <= p.held:
            reason = at.BY_TIME
        elif signal == -p.side and terms.closes_on_opposite != 0:
            reason = at.BY_OPPOSITE
            enters = terms.reverses != 0 and asked == -p.side
    if enters and asked != 0:
        price = p.last / p.price_scale
        refusal = judge(p, pos, a, rule, terms, windows, row, now_ms, price, atr)
        qty = 0
        if refusal == at.ALLOWED:
            qty, refusal = size(p, pos, a, rule, terms, price, atr)
        if refusal == at.ALLOWED:
            p.ask, p.ask_qty, p.ask_row, p.ask_atr = asked, qty, row, atr
            if reason == at.STAYS:
                p.ask_kind = at.FIRST_LEG
                p.entered_ms = now_ms
                note_order(a, now_ms)
            else:
                p.ask_kind = at.SECOND_LEG
                reason = at.BY_REVERSAL
        else:
            refused[refusal] += 1
    if reason != at.STAYS and p.leaving == at.STAYS:
        p.leaving = reason
        note_order(a, now_ms)


@compiled
def play_bars(
    open_ms: IntArray,
    high: IntArray,
    low: IntArray,
    close: IntArray,
    gaps: IntArray,
    marks: FloatArray,
    pos: Positions,
    a: Account,
    rules: Rules,
    terms: Terms,
    trades: Trades,
    refused: IntArray,
    now_ms: int,
) -> None:
    """Play the bars that open now, point by point: open, nearer extreme, farther extreme, close."""
    for point in range(4):
        for s in range(len(pos)):
            p = pos[s]
            bar, ended = p.bar, a.trades
            if bar == p.bar_end or open_ms[bar] != now_ms:
                continue
            level = p.opening
            if point == 3:
                level = close[bar]
            elif point > 0:
                high_first = high[bar] - level < level - low[bar]
                level = high[bar] if high_first == (point == 1) else low[bar]
            level *= p.scale
            p.mark = marks[bar, point] if len(marks) > 0 else level / p.price_scale
            follow_rules(p, rules, now_ms + p.length * point // 3 - point // 3)
            if point == 0:
                while p.gap < p.gap_end and gaps[p.gap] < bar:
                    p.gap += 1
                gap = p.gap < p.gap_end and gaps[p.gap] == bar
                if gap:
                    p.gap += 1
                open_bar(p, s, pos, a, rules, terms, trades, refused, level, now_ms, gap)
            if p.side != 0:
                reach(p, s, pos, a, rules, terms, trades, level)
            if a.trades != ended:
                liquidate_rest(pos, a, rules, terms, trades)
            if point == 0 and len(pos) == 1 and is_calm(p, high[bar] * p.scale, low[bar] * p.scale, marks):
                # Nothing but the close is left of such a bar.
                level = close[bar] * p.scale
                p.mark = marks[bar, 3] if len(marks) > 0 else level / p.price_scale
                follow_rules(p, rules, now_ms + p.length - 1)
            elif point < 3:
                continue
            p.last = level
            p.bar = bar + 1
            p.close_ms = now_ms + p.length
