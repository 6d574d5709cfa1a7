"""Crosses of two averages, compiled: of averages made on the way, or of such as are there already."""

from __future__ import annotations

from typing import Any

import numpy as np

from whalebot.indicators import crossing
from whalebot.indicators.arrays import FloatArray
from whalebot.research.column.compiled import cached
from whalebot.research.column.slots import Codes, Wish, Wishes, records
from whalebot.research.column.wishing import Decided

cross_averages = cached(crossing.cross_averages)


def crosses_of(quick: FloatArray, lazy: FloatArray, atr: FloatArray) -> Decided:
    """Return the crosses of two averages on bars that all decide: for many pairs of averages made once each.

    NaN: not known yet. No cross counts before `atr` is above zero.
    """
    view = np.empty(len(quick), dtype=np.int8)
    room: Any = records(Wish, len(quick) // 8 + 8)
    found = find_crosses(quick, lazy, atr, view, room)
    if found > len(room):
        room = records(Wish, found)
        find_crosses(quick, lazy, atr, view, room)
    return Decided(room[:found], view)


@cached
def find_crosses(quick: FloatArray, lazy: FloatArray, atr: FloatArray, view: Codes, wishes: Wishes) -> int:
    """Write down the last cross of each row, and the crosses while there is room; count them all."""
    for row in range(len(quick)):
        view[row] = (1 if quick[row] > lazy[row] else 0) - (1 if quick[row] < lazy[row] else 0)
    first, found, code = 0, 0, 0
    while first < len(quick) and np.isnan(quick[first] - lazy[first]):
        first += 1
    before = view[first] if first < len(quick) else 0
    for row in range(first, len(quick)):
        side = view[row]
        if side != before:
            before = side
            if side != 0 and atr[row] > 0.0:
                code = side
                if found < len(wishes):
                    wishes[found].row, wishes[found].side = row, side
                found += 1
        view[row] = code
    for i in range(min(found, len(wishes))):
        wishes[i].bar, wishes[i].atr = wishes[i].row + 1, atr[wishes[i].row]
    return found
