"""One bar of one symbol in the compiled pass: its open with everything that waits for it, then its path."""

from __future__ import annotations

from whalebot.indicators.arrays import IntArray
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import compiled
from whalebot.research.column.entering import enter
from whalebot.research.column.following import follow, see
from whalebot.research.column.money import bust_price, leave, note_order, slack_of, taker_price
from whalebot.research.column.slots import Account, Position, Positions, Rules, Terms, Trades


@compiled
def open_bar(
    p: Position,
    s: int,
    pos: Positions,
    a: Account,
    rules: Rules,
    terms: Terms,
    trades: Trades,
    refused: IntArray,
    price: int,
    now_ms: int,
    after_gap: bool,
) -> None:
    """Take a bar's open: what it jumped over, exits and entries that wait for it."""
    if after_gap:
        p.ask = 0
    p.last = price
    if p.side != 0:
        liquidate(p, s, pos, a, rules, terms, trades)
    if p.side != 0:
        reason = p.leaving
        if p.side * (price - p.stop) <= 0:
            reason = at.BY_TRAILING if p.moved != 0 else at.BY_STOP
        elif p.side * (price - p.target) >= 0:
            reason = at.BY_TARGET
        elif after_gap:
            reason = at.BY_GAP
        if reason != at.STAYS:
            fill = taker_price(price, -p.side, rules[p.rule].tick, terms)
            leave(p, s, a, terms, trades, fill, price, reason)
    if p.ask != 0 and p.side == 0:
        refused[enter(p, pos, a, rules, terms, price, now_ms)] += 1
        if p.side != 0 and p.ask_kind == at.DOOMED:
            note_order(a, now_ms)
            fill = taker_price(price, -p.side, rules[p.rule].tick, terms)
            leave(p, s, a, terms, trades, fill, price, at.BY_KILL)
        if p.side != 0:
            liquidate(p, s, pos, a, rules, terms, trades)


@compiled
def reach(
    p: Position, s: int, pos: Positions, a: Account, rules: Rules, terms: Terms, trades: Trades, price: int
) -> None:
    """Let the path of a held symbol run to its next point, through stop or target on the way."""
    if p.side * (price - p.stop) <= 0:
        level = p.stop if p.side * (p.last - p.stop) > 0 else p.last
        reason = at.BY_TRAILING if p.moved != 0 else at.BY_STOP
    elif p.side * (price - p.target) >= 0:
        level = p.target if p.side * (p.last - p.target) < 0 else p.last
        reason = at.BY_TARGET
    else:
        p.last = price
        liquidate(p, s, pos, a, rules, terms, trades)
        if p.side != 0:
            see(p, price)
            if p.side * (price - p.wake) >= 0:
                follow(p, rules[p.rule], terms, price)
        return
    fill = taker_price(level, -p.side, rules[p.rule].tick, terms)
    leave(p, s, a, terms, trades, fill, level, reason)


@compiled
def liquidate(
    p: Position, s: int, pos: Positions, a: Account, rules: Rules, terms: Terms, trades: Trades
) -> None:
    """Let the exchange take the position over where the account no longer carries it."""
    if p.side * (p.mark * p.price_scale - p.ruin) > 0 or slack_of(pos, a, rules, terms, False) > 0.0:
        return
    for other in pos:
        if other.side != 0:
            a.status += 1
    # One position alone is settled here; among several the exchange would go on choosing.
    a.status -= 1
    fill = bust_price(p, a.wallet, rules[p.rule].tick, terms.taker)
    leave(p, s, a, terms, trades, fill, p.last, at.BY_LIQUIDATION)


@compiled
def liquidate_rest(pos: Positions, a: Account, rules: Rules, terms: Terms, trades: Trades) -> None:
    """Let the exchange take over what the account no longer carries after another position has ended."""
    for s in range(len(pos)):
        if pos[s].side != 0:
            liquidate(pos[s], s, pos, a, rules, terms, trades)
            return
