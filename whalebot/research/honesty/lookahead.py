"""Does a decision change when the future is taken away? Then it knew the future."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.domain.errors import ConfigError
from whalebot.research.dataset import SymbolData
from whalebot.research.honesty.cutting import cut, named
from whalebot.research.strategy import Strategy

TOLERANCE: Final = 1e-9
"""Sums over arrays of another length may round otherwise in the last digits."""
_FEWEST_BARS: Final = 50


@dataclass(frozen=True, slots=True)
class Leak:
    """A value that is another one once the bars after its own are gone. `close_ms`: its bar's close, UTC."""

    column: str
    close_ms: int
    whole: float
    cut: float


@dataclass(frozen=True, slots=True)
class Lookahead:
    """What a check found. `asked`: bars that were decided again; `entering` of them asked for an entry."""

    asked: int
    entering: int
    leaks: tuple[Leak, ...]


def check_lookahead(
    strategy: Strategy,
    data: SymbolData,
    bars: int,
    seed: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Lookahead:
    """Decide random bars again on the history up to each, and compare every column's value there.

    Half of them are bars that ask for an entry, as far as there are any. Each is decided on its own, so that
    a strategy that normalises over the whole history is caught as well as one that reads the next bar.
    Raises ConfigError for data of fewer than 50 decision bars.
    """
    count = len(data.decisions)
    if count < _FEWEST_BARS:
        raise ConfigError(
            f"{data.symbol}: {count} bars are too few to look at; expected {_FEWEST_BARS} or more"
        )
    whole = strategy.columns(data)
    values = dict(named(whole))
    chosen = _choose(np.flatnonzero(whole.asked()).tolist(), count, bars, seed)
    leaks: list[Leak] = []
    for done, row in enumerate(chosen, start=1):
        close_ms = int(data.decisions.close_ms[row])
        past = cut(data, None, close_ms)
        alone = strategy.columns(past)
        if len(alone) != len(past.decisions) or int(past.decisions.close_ms[-1]) != close_ms:
            raise ConfigError(
                f"{data.symbol}: the strategy decides {len(alone)} of {len(past.decisions)} bars"
            )
        for name, column in named(alone):
            found, known = float(column[-1]), float(values[name][row])
            if not _is_same(known, found):
                leaks.append(Leak(name, close_ms, known, found))
        progress(done)
    entering = int(np.count_nonzero(whole.asked()[chosen]))
    return Lookahead(len(chosen), entering, tuple(leaks))


def _choose(asking: list[int], count: int, bars: int, seed: int) -> list[int]:
    draw = random.Random(seed)
    last = count - 1
    some = draw.sample(asking, min(len(asking), bars // 2))
    pool = sorted(set(range(_FEWEST_BARS - 1, last)) - set(some))
    rest = draw.sample(pool, min(len(pool), bars - len(some)))
    # What a bar knows of the one after it can be seen on any bar but the last.
    return sorted(row for row in {*some, *rest} if row < last)


def _is_same(one: float, other: float) -> bool:
    if np.isnan(one) or np.isnan(other):
        return bool(np.isnan(one) and np.isnan(other))
    return abs(one - other) <= TOLERANCE * max(1.0, abs(one), abs(other))
