"""The account of the compiled pass: fills, equity, margin, breakers."""

from __future__ import annotations

from whalebot.decisions.risk import guardrails
from whalebot.domain.intervals import DAY_MS
from whalebot.research.column import slots as at
from whalebot.research.column.compiled import compiled
from whalebot.research.column.slots import Account, Position, Positions, Rules, Terms, Trades

MAINTENANCE = 0.005
RISK_LIMIT = 2_000_000.0
"""The exchange's maintenance margin and its greatest position value, where no risk tiers are known."""

_breach_number = compiled(guardrails.breach_number)


@compiled
def taker_price(last: int, sign: int, tick: int, terms: Terms) -> int:
    """Return what a taker pays or gets at `last`: slippage, rounded to the tick against it, at most 5 %."""
    slip, parts = last * terms.slip_number, terms.slip_whole
    if parts == 0:
        slip, parts = 2 * last + 10_000 * tick, 20_000
    if sign > 0:
        wanted = -((-last * parts - slip) // (parts * tick))
        return min(wanted, -((-21 * last) // (20 * tick))) * tick
    wanted = (last * parts - slip) // (parts * tick)
    return max(wanted, 19 * last // (20 * tick), 1) * tick


@compiled
def value(p: Position, price: int) -> float:
    """Return the value of a position at `price`, in quote."""
    return (price * p.qty) / (p.price_scale * p.qty_scale)


@compiled
def equity_of(pos: Positions, a: Account) -> float:
    """Return wallet plus unrealised PnL at the newest prices."""
    total = a.wallet
    for p in pos:
        if p.side != 0:
            total += value(p, (p.last - p.entry) * p.side)
    return total


@compiled
def slack_of(pos: Positions, a: Account, rules: Rules, terms: Terms, initial: bool) -> float:
    """Return equity less the margin of every position: what new ones may use, or what is left to lose.

    initial: by initial margin, else by maintenance margin. On mark prices, as the exchange reckons them.
    """
    slack = a.wallet
    for p in pos:
        if p.side != 0:
            leverage = rules[p.rule].leverage
            share = 1.0 / leverage if initial else MAINTENANCE
            worth = p.mark * p.qty / p.qty_scale
            slack += p.side * (worth - value(p, p.entry))
            slack -= worth * share + closing_fee(p, leverage, terms.taker)
    return slack


@compiled
def closing_fee(p: Position, leverage: float, taker: float) -> float:
    """Return the fee that margin sets aside: that of closing at the bankruptcy price."""
    return value(p, p.entry) * (1.0 - p.side / leverage) * taker


@compiled
def note_ruin(p: Position, pos: Positions, a: Account, rules: Rules, terms: Terms) -> None:
    """Note from which mark price on liquidation has to be reckoned with; among several positions, always."""
    if len(pos) > 1:
        p.ruin = p.side * at.NEVER
        return
    entry, qty = p.entry / p.price_scale, p.qty / p.qty_scale
    # wallet + side · (price - entry) · qty - price · qty · maintenance - fee = 0, a little nearer
    owed = p.side * entry * qty + closing_fee(p, rules[p.rule].leverage, terms.taker) - a.wallet
    exact = owed / (qty * (p.side - MAINTENANCE))
    p.ruin = int(exact * p.price_scale * (1.0 + p.side * 1e-6)) + p.side


@compiled
def bust_price(p: Position, wallet: float, tick: int, taker: float) -> int:
    """Return the price at which the exchange takes a position over: nothing is left after the fee."""
    qty = p.qty / p.qty_scale
    exact = (p.side * qty * p.entry / p.price_scale - wallet) / (p.side * qty - qty * taker)
    ticks = exact * p.price_scale / tick
    whole = -int(-ticks // 1.0) if p.side > 0 else int(ticks // 1.0)
    return max(whole, 1) * tick


@compiled
def observe(a: Account, terms: Terms, now_ms: int, equity: float) -> bool:
    """Look at the equity at the close of a bar; tell whether a limit was reached just now."""
    day_ms = now_ms // DAY_MS * DAY_MS
    if a.day_ms != day_ms:
        a.day_base = equity if now_ms == day_ms or a.day_ms == at.NEVER else a.equity
        a.day_ms = day_ms
    if a.paused_ms != at.NEVER and now_ms >= a.paused_ms:
        a.paused_ms = at.NEVER
        a.peak = equity
        a.losses = 0
    a.equity = equity
    if a.paused_ms != at.NEVER:
        return False
    a.peak = max(a.peak, equity)
    number = breach_of(a, terms, a.peak, equity)
    if number == 0:
        return False
    a.pause_rule = number
    a.paused_ms = day_ms + DAY_MS if number == 1 else now_ms + terms.pause_ms
    return True


@compiled
def breach_of(a: Account, terms: Terms, peak: float, equity: float) -> int:
    """Return the limit that is reached, 0 for none."""
    if terms.guarded == 0:
        return 0
    return _breach_number(
        a.day_base,
        peak,
        equity,
        a.losses,
        terms.max_day_loss,
        terms.max_drawdown,
        terms.max_losses,
    )


@compiled
def note_order(a: Account, now_ms: int) -> None:
    """Count an order made at `now_ms`."""
    if a.sent_ms != now_ms:
        a.sent_ms = now_ms
        a.sent = 0
    a.sent += 1


@compiled
def leave(
    p: Position, s: int, a: Account, terms: Terms, trades: Trades, fill: int, level: int, reason: int
) -> None:
    """Close a position at `fill`, its path having ended at `level`, and write the trade down."""
    gross = value(p, p.side * (fill - p.entry))
    fee = value(p, fill) * terms.taker
    fees = fee + value(p, p.entry) * terms.taker
    net = gross - fees - p.funding
    a.wallet += gross - fee
    if a.paused_ms == at.NEVER and net != 0.0:
        a.losses = a.losses + 1 if net < 0.0 else 0
    row = trades[a.trades]
    row.symbol, row.side, row.qty, row.entry, row.exit = s, p.side, p.qty, p.entry, fill
    row.level, row.first_stop, row.best, row.worst = level, p.first_stop, p.best, p.worst
    row.held, row.entry_bar, row.exit_bar, row.row = p.held, p.entry_bar, p.bar, p.entry_row
    row.reason, row.pnl, row.fees, row.funding, row.paid_ms = reason, net, fees, p.funding, 0
    a.trades += 1
    p.side = 0
    p.leaving = at.STAYS
    p.settled = 0
    p.left_row = p.row
