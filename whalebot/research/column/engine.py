"""One account over one tape: calls the compiled pass and keeps what it found as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from whalebot.domain.errors import ConfigError
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column import slots
from whalebot.research.column.passing import run_account
from whalebot.research.column.slots import NEVER, REFUSALS, Terms, filled, records
from whalebot.research.column.tape import Tape, joined
from whalebot.research.column.wishing import Decided

_MONEY: Final = ("wallet", "peak", "day_base", "equity", "shown")
_NO_TIMES: Final = dict.fromkeys(("day_ms", "paused_ms", "sent_ms"), NEVER)


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
        self._signal = joined([part.signal for part in decided])
        self._wishes: Any = joined([part.wishes for part in decided])
        self._pos: Any = np.array(tape.pos)
        edges = np.cumsum([0, *(len(part.wishes) for part in decided)])
        self._pos["wish"], self._pos["wish_end"] = edges[:-1], edges[1:]
        # Rows and bars of the first symbol are counted from its first as they are.
        for s, first in enumerate(edges[1:-1].tolist(), 1):
            part = self._wishes[first : edges[s + 1]]
            part["row"] += self._pos["row"][s]
            part["bar"] += self._pos["bar"][s]

    def run(
        self, terms: Sequence[Terms], windows: IntArray, balance: Decimal, *, keeps_curve: bool
    ) -> Outcome:
        """Trade through the tape. Raises ConfigError where several positions would be liquidated at once."""
        tape = self._tape
        # Every trade needs a row that asked for it.
        trades: Any = np.empty(len(self._wishes) + 1, dtype=records(slots.Trade, 0).dtype)
        curve = np.empty(len(tape.curve_open_ms) if keeps_curve else 0)
        refused = np.zeros(REFUSALS, dtype=np.int64)
        accounts = filled(slots.Account, [dict.fromkeys(_MONEY, float(balance)) | _NO_TIMES])
        run_account(
            *tape.bars,
            tape.row_ms,
            self._wishes,
            self._signal,
            tape.marks,
            tape.fund_ms,
            tape.fund_cash,
            tape.gaps,
            windows,
            tape.rules,
            terms,
            self._pos.copy(),
            accounts,
            trades,
            refused,
            tape.curve_open_ms,
            curve,
        )
        account = accounts[0]
        if account.status:
            raise ConfigError(
                "an account with several open positions was liquidated, which the column tier cannot express;"
                " choose --tier event"
            )
        if keeps_curve and len(curve):
            # What was still open has left at the last close.
            curve[-1] = account.wallet
        return Outcome(trades[: account.trades], float(account.wallet), refused, curve)
