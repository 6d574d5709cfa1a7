"""The few rows that ask for an entry, found in a strategy's columns: all the pass reads of most of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.analysis.signal import TOLERANCE
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column.compiled import cached
from whalebot.research.column.slots import Wish, Wishes, records
from whalebot.research.dataset import SymbolData
from whalebot.research.strategy import DecisionColumns


@dataclass(frozen=True, slots=True)
class Decided:
    """What the compiled pass needs of a strategy's decisions on one symbol.

    `wishes`: `Wish` records, ascending; rows and bars counted from the symbol's first. `signal`: every row's.
    """

    wishes: Any
    signal: NDArray[np.int8]


def decided(columns: DecisionColumns, data: SymbolData) -> Decided:
    """Return decisions as the compiled pass reads them."""
    fills = data.decisions.fills[: 0 if data.decisions.interval == data.fine.interval else None]
    # One threshold for all rows need not be read on every one.
    threshold = columns.threshold[:1] if columns.threshold.strides == (0,) else columns.threshold
    floats = (columns.score, threshold, columns.atr)
    score, threshold, atr = (np.require(column, np.float64, ["C", "W"]) for column in floats)
    may_enter = np.require(columns.may_enter, np.bool_, ["C", "W"])
    # Room for more than most strategies ask; one that asks on every row is read twice.
    room: Any = records(Wish, len(columns) // 8 + 8)
    found = find_wishes(score, threshold, atr, may_enter, fills, room)
    if found > len(room):
        room = records(Wish, found)
        find_wishes(score, threshold, atr, may_enter, fills, room)
    wishes = room[:found]
    # A warm-up without ATR seldom asks; then nothing is copied.
    return Decided(wishes if (wishes["atr"] > 0).all() else wishes[wishes["atr"] > 0], columns.signal)


@cached
def find_wishes(
    score: FloatArray,
    threshold: FloatArray,
    atr: FloatArray,
    may_enter: NDArray[np.bool_],
    fills: IntArray,
    wishes: Wishes,
) -> int:
    """Write down the rows whose score and `may_enter` ask, as many as there is room for; count them all.

    `threshold`: of each row, or the one of all. `fills`: empty where the next bar fills every row.
    """
    found, step = 0, 0 if len(threshold) == 1 else 1
    for row in range(len(score)):
        least = threshold[row * step] - TOLERANCE
        if (score[row] >= least or score[row] <= -least) and may_enter[row]:
            if found < len(wishes):
                wishes[found].row = row
                wishes[found].side = 1 if score[row] >= least else -1
            found += 1
    # Looked up by themselves, since rows far from each other are far in memory: many are fetched at once.
    for i in range(min(found, len(wishes))):
        wish = wishes[i]
        wish.atr = atr[wish.row]
        wish.bar = fills[wish.row] if len(fills) > 0 else wish.row + 1
    return found
