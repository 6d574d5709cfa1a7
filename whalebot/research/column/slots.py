"""What the compiled pass keeps: one record per symbol, account, span of order rules, set of terms and trade.

Prices are whole numbers of 10^-decimals of their symbol, quantities likewise, times ms UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

NEVER: Final = 1 << 62


class Position(Protocol):
    """One symbol: its position, the orders on their way, and where its bars stand."""

    side: int  # +1 long, -1 short, 0 flat
    qty: int
    entry: int  # fill price
    stop: int
    first_stop: int
    target: int
    best: int  # best and worst price seen since entry
    worst: int
    moved: int  # the stop has moved
    held: int  # decision bars closed since entry
    entry_bar: int
    entry_row: int
    wake: int  # price in favour from which on the stop may move
    ruin: int  # a better mark price than this is far from liquidation
    leaving: int  # reason of an exit on its way
    ask: int  # side of an entry on its way, 0 none
    ask_qty: int
    ask_row: int
    ask_kind: int
    last: int  # newest price
    opening: int  # the next bar's open, read ahead of its use
    bar: int  # next bar, decision row, wish, rule, funding and gap, and where those of the symbol end
    bar_first: int
    bar_end: int
    row: int
    row_end: int
    wish: int
    wish_end: int
    turn: int  # next row whose view is the opposite one, -1: not looked for yet
    rule: int
    rule_end: int
    fund: int
    fund_end: int
    gap: int
    gap_end: int
    next_ms: int  # when something happens next
    close_ms: int  # close of the bar in progress, NEVER: none is
    in_step: int  # all symbols of the account have the same bars
    length: int
    lag: int  # from the time that stands for a decision row to its close
    scale: int
    entered_ms: int  # last entry order, NEVER: none yet
    left_row: int  # next row at the last exit, -1: none yet
    settled: int  # the equity was looked at since the last exit
    atr: float
    ask_atr: float
    mark: float  # newest mark price, quote
    funding: float
    price_scale: float
    qty_scale: float


class Account(Protocol):
    """The account. `status` above 0: something happened that cannot be expressed."""

    day_ms: int
    losses: int
    paused_ms: int  # end of a pause, NEVER: none
    pause_rule: int
    sent_ms: int
    sent: int
    trades: int
    status: int
    curve: int
    wallet: float
    peak: float
    day_base: float
    equity: float  # at the last look
    shown: float  # the same, less funding paid since


class Wish(Protocol):
    """A row that asks for an entry. `bar`: the one at whose open it fills. `atr`: quote."""

    row: int
    bar: int
    side: int
    atr: float


class Rule(Protocol):
    """Order rules of a symbol from a time on."""

    from_ms: int
    tick: int
    step: int
    tick_f: float
    step_f: float
    min_qty: float
    max_qty: float
    max_market: float
    min_notional: float
    leverage: float


class Terms(Protocol):
    """The settings of a run. NaN: the phase or the gate is off, or slippage is half a tick and 1 bp."""

    closes_on_opposite: int
    reverses: int
    max_open: int
    max_total: int
    max_hold: int  # -1: none
    cooldown_ms: int
    cooldown_bars: int
    guarded: int
    max_losses: int
    pause_ms: int
    kills: int
    max_orders: int
    slip_number: int  # slippage as a fraction of the price; 0 / 0: half a tick and 1 bp
    slip_whole: int
    move_number: int  # least move of a stop as a fraction of the price
    move_whole: int
    risk: float
    stop_atr: float
    target_atr: float
    trail_trigger: float
    trail_distance: float
    breakeven: float
    lock_in: float
    leverage: float
    taker: float
    expected_fee: float
    expected_slip: float
    max_day_loss: float
    max_drawdown: float
    least_target: float
    price_band: float
    max_notional: float


class Trade(Protocol):
    """A closed trade. `level`: the price that ended it, without slippage."""

    symbol: int
    side: int
    qty: int
    entry: int
    exit: int
    level: int
    first_stop: int
    best: int
    worst: int
    held: int
    entry_bar: int
    exit_bar: int  # end of the symbol's bars: closed at the last close
    row: int
    reason: int
    paid_ms: int  # the settlement that ruined the account, 0: none did
    pnl: float
    fees: float
    funding: float


Positions: TypeAlias = Sequence[Position]
Rules: TypeAlias = Sequence[Rule]
Wishes: TypeAlias = Sequence[Wish]
Trades: TypeAlias = Sequence[Trade]


def records(fields: type, count: int) -> Any:
    """Return an array of that many records of zeros, with the fields of a class above."""
    return np.zeros(count, dtype=_layout(fields))


def filled(fields: type, rows: Sequence[Mapping[str, float]]) -> Any:
    """Return an array of records of these values, zero where none is given.

    At once: setting a field of a record takes Python longer than the pass takes for a trade.
    """
    layout = _layout(fields)
    names = layout.names or ()
    return np.array([tuple([row.get(name, 0) for name in names]) for row in rows], dtype=layout)


@cache
def _layout(fields: type) -> np.dtype[np.void]:
    layout = [
        (name, np.int64 if kind == "int" else np.float64) for name, kind in fields.__annotations__.items()
    ]
    # Records in a plain array: the compiler knows its type at a glance, that of a record array it looks up.
    return np.dtype((np.record, layout))


FIRST_LEG, SECOND_LEG, DOOMED = 0, 1, 2
"""Kinds of an entry on its way: plain, second leg of a reversal, to be closed as soon as it is filled."""

(
    STAYS,
    BY_STOP,
    BY_TARGET,
    BY_TRAILING,
    BY_OPPOSITE,
    BY_REVERSAL,
    BY_TIME,
    BY_KILL,
    BY_LIQUIDATION,
    BY_END,
    BY_GAP,
) = range(11)

(
    ALLOWED,
    DAY_LOSS_PAUSE,
    DRAWDOWN_PAUSE,
    STREAK_PAUSE,
    TOO_MANY_OPEN,
    TOO_MANY_IN_ALL,
    COOLING,
    COOLING_BARS,
    OUT_OF_BAND,
    TOO_MANY_ORDERS,
    TOO_COSTLY,
    OUT_OF_HOURS,
    BELOW_MIN_QTY,
    BELOW_MIN_NOTIONAL,
    BAD_QTY,
    TOO_LITTLE_WORTH,
    OVER_RISK_LIMIT,
    NO_BALANCE,
    REFUSALS,
) = range(19)

Codes: TypeAlias = NDArray[np.int8]
"""+1, 0 or -1 per row."""
