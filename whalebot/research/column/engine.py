"""One account over one tape: calls the compiled pass and keeps what it found as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from whalebot.domain.errors import ConfigError
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots
from whalebot.research.column.passing import run_account
from whalebot.research.column.slots import NEVER, REFUSALS, Terms, records
from whalebot.research.column.tape import Decided, Tape, joined


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass found. `trades`: one record each, in the order they ended.

    `wallet`: balance at the end, quote. `refused`: entries refused, by number. `curve`: equity at every
    close, empty where it was not asked for.
    """

    trades: NDArray[np.void]
    wallet: float
    refused: IntArray
    curve: FloatArray


class Account:
    """Runs passes over one tape with one set of decisions; terms may change from pass to pass.

    The arrays of the tape are shared, never written to. Not thread-safe.
    """

    def __init__(self, tape: Tape, decided: tuple[Decided, ...]) -> None:
        self._tape = tape
        self._asked = joined([part.asked for part in decided])
        self._signal = joined([part.signal for part in decided])
        self._atr = joined([part.atr for part in decided])

    def run(
        self, terms: Sequence[Terms], windows: IntArray, balance: Decimal, *, keeps_curve: bool
    ) -> Outcome:
        """Trade through the tape. Raises ConfigError where several positions would be liquidated at once."""
        tape = self._tape
        # Every trade needs a row that asked for it.
        trades = records(slots.Trade, int(np.count_nonzero(self._asked)) + 1)
        curve = np.zeros(len(tape.curve_ms) if keeps_curve else 0)
        refused = np.zeros(REFUSALS, dtype=np.int64)
        accounts = records(slots.Account, 1)
        account = accounts[0]
        account.day_ms = account.paused_ms = account.sent_ms = NEVER
        account.wallet = account.peak = account.day_base = account.equity = account.shown = float(balance)
        run_account(
            *tape.bars,
            tape.row_ms,
            tape.fills,
            self._asked,
            self._signal,
            self._atr,
            tape.price,
            tape.marks,
            tape.fund_ms,
            tape.fund_cash,
            tape.gaps,
            windows,
            tape.rules,
            terms,
            copy(tape.pos),
            accounts,
            trades,
            refused,
            tape.curve_ms,
            curve,
        )
        if account.status:
            raise ConfigError(
                "an account with several open positions was liquidated, which the column tier cannot express;"
                " choose --tier event"
            )
        if keeps_curve and len(curve):
            # What was still open has left at the last close.
            curve[-1] = account.wallet
        return Outcome(trades[: account.trades], float(account.wallet), refused, curve)
