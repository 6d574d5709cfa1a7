"""How much does a value still move when its history begins earlier?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.decisions.analysis.columns import compute_columns
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import IntArray
from whalebot.research.dataset import SymbolData
from whalebot.research.honesty.cutting import cut, named
from whalebot.research.strategy import Strategy

LENGTHS: Final = (100, 200, 400, 600, 800, 1000, 2000, 4000)
_ENDS: Final = 5


@dataclass(frozen=True, slots=True)
class Recursion:
    """For each value the largest deviation at each length of history from that with the longest, in percent.

    `reference`: bars of the longest history. None: the value did not exist yet. Relative to the value itself,
    or to what is usual for it where it is near zero.
    """

    lengths: tuple[int, ...]
    reference: int
    moves: Mapping[str, tuple[float | None, ...]]


def check_recursive(
    strategy: Strategy, data: SymbolData, settings: EngineSettings, lengths: Sequence[int] = LENGTHS
) -> Recursion:
    """Compute every indicator and the strategy's decisions at five bars, with ever longer history before.

    Raises ConfigError where the data is not longer than the shortest length.
    """
    count = len(data.decisions)
    chosen = tuple(length for length in sorted(set(lengths)) if length < count * 2 // 3)
    if not chosen:
        raise ConfigError(
            f"{data.symbol}: {count} bars are too few; expected more than {min(lengths) * 3 // 2}"
        )
    reference = count * 2 // 3
    ends = np.linspace(reference, count - 1, _ENDS).astype(int).tolist()
    worst: dict[str, list[float | None]] = {}
    usual: dict[str, float] = {}
    for end in ends:
        known, spread = _values(strategy, data, settings, end, reference)
        usual = {name: max(usual.get(name, 0.0), spread.get(name, 0.0)) for name in known}
        for at, length in enumerate(chosen):
            found, _ = _values(strategy, data, settings, end, length)
            for name, value in known.items():
                row = worst.setdefault(name, [0.0] * len(chosen))
                row[at] = _worse(row[at], value, found.get(name, float("nan")), usual[name])
    return Recursion(chosen, reference, {name: tuple(row) for name, row in worst.items()})


def _values(
    strategy: Strategy, data: SymbolData, settings: EngineSettings, end: int, length: int
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the values at bar `end` with `length` bars of history, and the usual size of each."""
    times: IntArray = data.decisions.bars.open_ms
    part = cut(data, int(times[end - length + 1]), int(data.decisions.close_ms[end]))
    columns = compute_columns(part.decisions.bars, data.decisions.interval, settings.indicators)
    series = {name: column for name, column in columns.arrays() if not np.isnan(column).all()}
    series |= {f"decision.{name}": column for name, column in named(strategy.columns(part))}
    values = {name: float(column[-1]) for name, column in series.items()}
    usual = {name: float(np.nanmedian(np.abs(column))) for name, column in series.items()}
    return values, usual


def _worse(so_far: float | None, known: float, found: float, usual: float) -> float | None:
    if so_far is None or np.isnan(found) != np.isnan(known):
        return None
    if np.isnan(known):
        return so_far
    size = max(abs(known), usual)
    return max(so_far, abs(found - known) / size * 100 if size else 0.0)
