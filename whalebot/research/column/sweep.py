"""Many runs over one data set: columns are made once, only what a trial changes is made anew.

Stops, sizes, costs, limits, exits and cooldowns leave the columns as they are; threshold and hysteresis ask
only for another look at the scores; weights, switches, periods and timeframes ask for new columns.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, TypeAlias

import numpy as np

from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import FloatArray
from whalebot.research.column.deciding import columns_of
from whalebot.research.column.engine import Account, Outcome
from whalebot.research.column.loops import hold_signal
from whalebot.research.column.refusing import check_expressible
from whalebot.research.column.tape import Tape, make_tape
from whalebot.research.column.terms import entry_windows, terms_of
from whalebot.research.column.wishing import Decided, decided
from whalebot.research.dataset import Dataset
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategies.scoring import ScoringStrategy
from whalebot.research.strategy import DecisionColumns, Strategy, from_start

Key: TypeAlias = tuple[object, ...]

_REMEMBERED: Final = 2


@dataclass(frozen=True, slots=True)
class _Made:
    """Columns of all symbols, and what the threshold of each row is multiplied by."""

    columns: tuple[DecisionColumns, ...]
    factors: tuple[FloatArray, ...]


class Sweep:
    """Runs trials over one data set in this process. `make` builds the strategy from a trial's settings.

    Columns of the last two kinds of trial are kept, so that two alternating ones cost no more than one.
    """

    def __init__(self, dataset: Dataset, make: Callable[[EngineSettings], Strategy]) -> None:
        self._dataset = dataset
        self._make = make
        self._made: OrderedDict[Key, _Made] = OrderedDict()
        self._accounts: dict[Key, Account] = {}
        self._tapes: dict[Decimal, Tape] = {}

    def run(self, settings: BacktestSettings, *, keeps_curve: bool = False) -> Outcome:
        """Run one trial. Raises ConfigError, naming what a pass over columns cannot express."""
        check_expressible(settings, self._dataset)
        outcome: Outcome = self._account(settings).run(
            terms_of(settings), entry_windows(settings), settings.balance, keeps_curve=keeps_curve
        )
        return outcome

    def _account(self, settings: BacktestSettings) -> Account:
        engine = settings.engine
        scoring = engine.scoring
        kind = _kind_of(engine)
        key = (*kind, engine.trade.leverage, scoring.threshold, scoring.hysteresis_ratio)
        if key not in self._accounts:
            decided = self._decide(self._columns(kind, settings), settings)
            self._accounts = {key: Account(self._tape(engine.trade.leverage), decided)}
        return self._accounts[key]

    def _tape(self, leverage: Decimal) -> Tape:
        if leverage not in self._tapes:
            self._tapes = {leverage: make_tape(self._dataset, leverage)}
        return self._tapes[leverage]

    def _columns(self, kind: Key, settings: BacktestSettings) -> _Made:
        if kind not in self._made:
            strategy = self._make(settings.engine)
            found = []
            for data in self._dataset.symbols:
                columns = columns_of(settings.engine, data, strategy)
                found.append(from_start(columns, data.decisions.close_ms, self._dataset.trade_from_ms))
            threshold = settings.engine.scoring.threshold
            factors = tuple(columns.threshold / threshold for columns in found)
            self._made[kind] = _Made(tuple(found), factors)
            while len(self._made) > _REMEMBERED:
                self._made.popitem(last=False)
        self._made.move_to_end(kind)
        return self._made[kind]

    def _decide(self, made: _Made, settings: BacktestSettings) -> tuple[Decided, ...]:
        scoring = settings.engine.scoring
        is_scored = isinstance(self._make(settings.engine), ScoringStrategy)
        found = []
        for data, columns, factors in zip(self._dataset.symbols, made.columns, made.factors, strict=True):
            if is_scored:
                # Another strategy's view of its scores is its own affair.
                threshold, signal = scoring.threshold * factors, np.zeros(len(columns), dtype=np.int8)
                hold_signal(columns.score, threshold, scoring.hysteresis_ratio, columns.may_enter, signal)
                columns = replace(columns, threshold=threshold, signal=signal)
            found.append(decided(columns, data))
        return tuple(found)


def _kind_of(engine: EngineSettings) -> Key:
    """Return what the columns depend on."""
    scoring = engine.scoring
    return (
        engine.interval,
        engine.indicators,
        engine.mtf,
        tuple(sorted(scoring.weights.items())),
        tuple(sorted(scoring.switches.items())),
        scoring.volume_confirmation_multiplier,
        scoring.volume_delta_source,
        scoring.orderbook_depth,
        scoring.dynamic_threshold,
    )
