"""Which closes of a silent stretch the engine must look at the account on, so that nothing differs.

Between two looks only the newest equity, its peak, the base of a UTC day and the end of a pause are
remembered, and a limit may be reached. So it is enough to look where equity is highest, at the last close up
to each midnight, where a pause ends, where a limit may be reached, and at the last close of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.risk.settings import GuardrailSettings
from whalebot.domain.intervals import DAY_MS
from whalebot.domain.state import GuardrailMemory
from whalebot.indicators.arrays import FloatArray, IntArray

# Limits are judged exactly at the look; here a needless look is harmless, a missed one is not.
_SLACK: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Looks:
    """Rows of the stretch to look at, ascending. `is_cut`: what follows depends on what the last finds."""

    rows: tuple[int, ...]
    is_cut: bool


def looks_of(
    close_ms: IntArray,
    equity: FloatArray,
    memory: GuardrailMemory,
    limits: GuardrailSettings,
    must_look: bool,
) -> Looks:
    """Return where to look in a stretch of closes, at least one. `must_look`: fills came before the first."""
    last = len(close_ms) - 1
    rows = {0, last} if must_look else {last}
    paused_until = memory.paused_until_ms
    if paused_until is not None:
        end = int(close_ms.searchsorted(paused_until))
        rows |= _midnights(close_ms)
        return _cut(rows, end) if end <= last else Looks(tuple(sorted(rows)), False)
    rows |= _midnights(close_ms)
    best = int(equity.argmax())
    peak = -np.inf if memory.peak_equity is None else float(memory.peak_equity)
    if equity[best] > peak * (1 - _SLACK):
        rows.add(best)
    breach = _breach(close_ms, equity, peak, memory, limits) if limits.enabled else last + 1
    return _cut(rows, breach) if breach <= last else Looks(tuple(sorted(rows)), False)


def _cut(rows: set[int], at: int) -> Looks:
    return Looks(tuple(sorted({row for row in rows if row < at} | {at})), True)


def _midnights(close_ms: IntArray) -> set[int]:
    """The close at 00:00 UTC or, where there is none, the last before it."""
    first_ms, last_ms = int(close_ms[0]), int(close_ms[-1])
    if first_ms // DAY_MS == last_ms // DAY_MS:
        return set() if first_ms % DAY_MS else {0}
    days = close_ms // DAY_MS
    begins = np.flatnonzero(days[1:] != days[:-1]) + 1
    rows = {int(row) if close_ms[row] % DAY_MS == 0 else int(row) - 1 for row in begins}
    return rows | {0} if close_ms[0] % DAY_MS == 0 else rows


def _breach(
    close_ms: IntArray,
    equity: FloatArray,
    peak: float,
    memory: GuardrailMemory,
    limits: GuardrailSettings,
) -> int:
    """Return the first row on which a limit may be reached, the number of rows where none is."""
    peaks = np.maximum.accumulate(np.maximum(equity, peak))
    bases = _day_bases(close_ms, equity, memory)
    reached = equity <= peaks * (1 - limits.max_drawdown + _SLACK)
    reached |= equity <= bases * (1 - limits.max_day_loss + _SLACK)
    at = int(reached.argmax())
    return at if reached[at] else len(equity)


def _day_bases(close_ms: IntArray, equity: FloatArray, memory: GuardrailMemory) -> NDArray[np.float64]:
    days = close_ms // DAY_MS
    bases = np.empty(len(equity))
    base = np.nan if memory.day_base_equity is None else float(memory.day_base_equity)
    before = equity[0] if memory.last_equity is None else float(memory.last_equity)
    first = 0
    day = -1 if memory.day_start_ms is None else memory.day_start_ms // DAY_MS
    for row in [0, *(np.flatnonzero(days[1:] != days[:-1]) + 1).tolist()]:
        bases[first:row] = base
        first = row
        if days[row] != day:
            at_midnight = close_ms[row] % DAY_MS == 0
            base = (
                equity[row]
                if at_midnight or (row == 0 and memory.last_equity is None)
                else _before(equity, row, before)
            )
            day = int(days[row])
    bases[first:] = base
    return bases


def _before(equity: FloatArray, row: int, before: float) -> float:
    """The equity one close earlier; `before` is that before the first."""
    return float(equity[row - 1]) if row else before
