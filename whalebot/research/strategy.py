"""Where a strategy plugs in: decisions over a whole history as columns, or bar by bar as the engine asks."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.analysis.signal import TOLERANCE
from whalebot.domain.errors import ConfigError
from whalebot.engine.bars import Analyzer
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.dataset import SymbolData

_STRETCH: Final = 16_384


@dataclass(frozen=True, slots=True)
class DecisionColumns:
    """What a strategy decides at the close of every decision bar; arrays as long as the decision bars.

    `score` and `threshold` (above zero) ask for an entry: long where score >= threshold, short where
    score <= -threshold (to 1e-9), while flat, where `may_enter` and `atr` > 0. `signal` is the held view, +1,
    -1 or 0: a position leaves when it is the opposite one. `atr`: quote, 0 while warming; stop, target and
    size follow from it. `breakdown`: parts of the score by name, in order. `trends_known`: every higher
    timeframe had a trend. `without_input`: parts that could not be scored at all.
    """

    score: FloatArray
    threshold: FloatArray
    signal: NDArray[np.int8]
    atr: FloatArray
    may_enter: NDArray[np.bool_]
    breakdown: Mapping[str, FloatArray] = field(default_factory=dict)
    trends_known: NDArray[np.bool_] | None = None
    without_input: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.score)

    def asked(self) -> NDArray[np.int8]:
        """Return the side each bar asks to enter: +1, -1 or 0."""
        sides = np.empty(len(self.score), dtype=np.int8)
        # Stretches of this length stay in the processor's cache.
        for first in range(0, len(sides), _STRETCH):
            part = slice(first, first + _STRETCH)
            score, threshold = self.score[part], self.threshold[part] - TOLERANCE
            buys, sells = score >= threshold, score <= -threshold
            sells &= ~buys
            free = self.may_enter[part] & (self.atr[part] > 0)
            sides[part] = (buys.view(np.int8) - sells.view(np.int8)) * free
        return sides


class Strategy(Protocol):
    """One way to decide. Both faces say the same about every bar, to the bit; tests compare them.

    A class that is one takes `EngineSettings` alone: `MyStrategy(settings)`. Nothing learnt before a row of
    `decisions.starts` may be used from that row on, and nothing after a bar may be used on it.
    """

    @property
    def name(self) -> str:
        """Name in the registry and in results."""
        ...

    def columns(self, data: SymbolData) -> DecisionColumns:
        """Decide on every decision bar of a symbol."""
        ...

    def analyzer(self, symbol: str) -> Analyzer:
        """Return what decides bar by bar inside an engine."""
        ...


Maker = Callable[[EngineSettings], Strategy]

DEFAULT: Final = "scoring"
_SHIPPED: Final = {
    DEFAULT: "whalebot.research.strategies.scoring:ScoringStrategy",
    "ema_cross": "whalebot.research.strategies.ema_cross:EmaCrossStrategy",
}
_OWN: Final = "whalebot.research.own_strategy:OwnStrategy"


def make_strategy(name: str, settings: EngineSettings) -> Strategy:
    """Return a shipped strategy by name, or the one that `module:Class` names.

    Raises ConfigError where there is none, naming those that are shipped, and for a mistake in the class.
    """
    if name not in _SHIPPED and ":" not in name:
        raise ConfigError(f"--strategy {name}: shipped are {', '.join(_SHIPPED)}; your own is module:Class")
    if name not in _SHIPPED:
        own: Callable[[str, EngineSettings], Strategy] = _at(_OWN)
        return own(name, settings)
    maker: Maker = _at(_SHIPPED[name])
    return maker(settings)


def _at(place: str) -> Any:
    module_name, _, class_name = place.partition(":")
    return getattr(importlib.import_module(module_name), class_name)


def from_start(columns: DecisionColumns, close_ms: IntArray, trade_from_ms: int | None) -> DecisionColumns:
    """Return decisions that enter nothing before `trade_from_ms` (UTC); the bars before it only warm up."""
    if trade_from_ms is None:
        return columns
    return replace(columns, may_enter=columns.may_enter & (close_ms >= trade_from_ms))
