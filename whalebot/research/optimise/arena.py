"""Backtests of one data set under many settings; what settings share is made once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

import numpy as np

from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import IntArray
from whalebot.research.column.tape import Tape, make_tape
from whalebot.research.dataset import Dataset
from whalebot.research.event.run import run_event_tier
from whalebot.research.optimise.cutting import with_interval
from whalebot.research.optimise.figures import Played
from whalebot.research.result import Tier
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import Strategy, make_strategy

_ANALYSIS_ONLY: Final = frozenset({"scoring", "ema_cross"})
"""Strategies whose decisions come of the analysis settings alone, whatever the stops are."""

_MOST_STAGES: Final = 2


class Arena:
    """Plays one data set. The column tier where it can express the settings, the event tier elsewhere.

    strategy: a name for `make_strategy`. Not thread-safe.
    """

    def __init__(self, dataset: Dataset, strategy: str) -> None:
        self._dataset, self._strategy = dataset, strategy
        self._stages: OrderedDict[Hashable, _Stage] = OrderedDict()
        self._datasets: dict[str, Dataset] = {}

    def play(self, settings: BacktestSettings) -> Played:
        """Return what a run leaves. Raises ConfigError for settings that neither tier can play."""
        interval = settings.engine.interval
        if interval not in self._datasets:
            self._datasets[interval] = with_interval(self._dataset, interval)
        dataset = self._datasets[interval]
        try:
            return self._stage(settings.engine, dataset).play(settings)
        except ConfigError:
            # Whatever a pass over columns cannot express, the daemon's engine plays or refuses by name.
            return _by_events(settings, dataset, self._strategy)

    def _stage(self, engine: EngineSettings, dataset: Dataset) -> _Stage:
        # What other strategies read of the settings nobody knows: any change makes their decisions anew.
        shipped = self._strategy in _ANALYSIS_ONLY
        key = engine.interval if shipped else repr(replace(engine, config_hash=""))
        if key not in self._stages:
            self._stages[key] = _Stage(dataset, partial(make_strategy, self._strategy))
            while len(self._stages) > _MOST_STAGES:
                self._stages.popitem(last=False)
        self._stages.move_to_end(key)
        return self._stages[key]


class _Stage:
    """A sweep over one data set, and what its outcomes are read with."""

    def __init__(self, dataset: Dataset, make: Callable[[EngineSettings], Strategy]) -> None:
        from whalebot.research.column.sweep import Sweep

        self._dataset = dataset
        self._sweep = Sweep(dataset, make)
        self._tape: Tape = make_tape(dataset, Decimal(1))
        self._digits = np.array([units.price + units.qty for units in self._tape.units])
        self._curve_ms = self._tape.curve_ms
        self._first = _first_point(self._curve_ms, dataset.trade_from_ms)

    def play(self, settings: BacktestSettings) -> Played:
        outcome = self._sweep.run(settings, keeps_curve=True)
        # As a plain array: attributes of a record array are looked up name by name.
        rows = outcome.trades.view(np.ndarray)
        risks = (
            np.abs(rows["entry"] - rows["first_stop"]) * rows["qty"] / 10.0 ** self._digits[rows["symbol"]]
        )
        ratios = np.full(len(rows), np.nan)
        np.divide(rows["pnl"], risks, out=ratios, where=risks > 0)
        return Played(
            tier=Tier.COLUMN.value,
            interval=self._dataset.interval,
            balance=float(settings.balance),
            pnls=np.array(rows["pnl"]),
            risks=ratios,
            ts_ms=self._curve_ms[self._first :],
            equity=outcome.curve[self._first :],
            longest_ms=_longest(self._tape, rows["entry_bar"], rows["exit_bar"], self._dataset),
        )


def _by_events(settings: BacktestSettings, dataset: Dataset, strategy: str) -> Played:
    result = run_event_tier(settings, dataset, make_strategy(strategy, settings.engine))
    trades = result.trades
    length = interval_ms(dataset.symbols[0].fine.interval)
    first = _first_point(result.curve.ts_ms, dataset.trade_from_ms)
    return Played(
        tier=Tier.EVENT.value,
        interval=dataset.interval,
        balance=float(settings.balance),
        pnls=np.array([float(trade.pnl) for trade in trades]),
        risks=np.array([float("nan" if t.r_multiple is None else t.r_multiple) for t in trades]),
        ts_ms=result.curve.ts_ms[first:],
        equity=result.curve.equity[first:],
        longest_ms=max((trade.exit_ms - trade.entry_ms + length for trade in trades), default=0),
    )


def _first_point(ts_ms: IntArray, from_ms: int | None) -> int:
    """Return the first point after `from_ms`; the close at that very time ends the day before."""
    return 0 if from_ms is None else int(ts_ms.searchsorted(from_ms, "right"))


def _longest(tape: Tape, entered: np.ndarray, left: np.ndarray, dataset: Dataset) -> int:
    if not len(entered):
        return 0
    open_ms, length = tape.bars[0], interval_ms(dataset.symbols[0].fine.interval)
    # A position closed at the end left one row behind its symbol's last.
    exits = open_ms[np.maximum(left - 1, entered)] + length
    return int((exits - open_ms[entered]).max()) + length
