"""Backtests of one data set under many settings; what settings share is made once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import IntArray
from whalebot.research.column.tape import Decided, Tape, make_tape
from whalebot.research.column.terms import entry_windows, terms_of
from whalebot.research.dataset import Dataset
from whalebot.research.event.run import run_event_tier
from whalebot.research.optimise.cutting import with_interval
from whalebot.research.optimise.figures import Played
from whalebot.research.result import Tier
from whalebot.research.settings import BacktestSettings
from whalebot.research.strategy import make_strategy

Made = TypeVar("Made")

_ANALYSIS_ONLY: Final = frozenset({"scoring", "ema_cross"})
"""Strategies whose decisions come of the analysis settings alone, whatever the stops are."""

_MOST_BYTES: Final = 256 << 20
_BYTES_A_ROW: Final = 10


class Arena:
    """Plays one data set. The column tier where it can express the settings, the event tier elsewhere.

    strategy: a name for `make_strategy`. Not thread-safe.
    """

    def __init__(self, dataset: Dataset, strategy: str) -> None:
        self._dataset, self._strategy = dataset, strategy
        self._datasets: dict[str, Dataset] = {dataset.interval: dataset}
        self._tapes: OrderedDict[Hashable, Tape] = OrderedDict()
        self._decided: OrderedDict[Hashable, tuple[Decided, ...]] = OrderedDict()
        rows = sum(len(data.decisions) for data in dataset.symbols)
        self._most = max(2, _MOST_BYTES // max(1, rows * _BYTES_A_ROW))

    def play(self, settings: BacktestSettings) -> Played:
        """Return what a run leaves. Raises ConfigError for settings that neither tier can play."""
        interval = settings.engine.interval
        if interval not in self._datasets:
            self._datasets[interval] = with_interval(self._dataset, interval)
        dataset = self._datasets[interval]
        try:
            return self._by_columns(settings, dataset)
        except ConfigError:
            # Whatever a pass over columns cannot express, the daemon's engine plays or refuses by name.
            return _by_events(settings, dataset, self._strategy)

    def _by_columns(self, settings: BacktestSettings, dataset: Dataset) -> Played:
        from whalebot.research.column.engine import Account
        from whalebot.research.column.refusing import check_expressible

        check_expressible(settings, dataset)
        leverage = settings.engine.trade.leverage
        tape = _kept(self._tapes, (dataset.interval, leverage), 2, lambda: make_tape(dataset, leverage))
        key = _decision_key(settings.engine, self._strategy)
        decided = _kept(self._decided, key, self._most, lambda: self._decide(settings.engine, dataset))
        account = Account(tape, decided)
        outcome = account.run(terms_of(settings), entry_windows(settings), settings.balance, keeps_curve=True)
        rows = outcome.trades
        first = _first_point(tape.curve_ms, dataset.trade_from_ms)
        # As a plain array: attributes of a record array are looked up name by name.
        plain = rows.view(np.ndarray)
        units = np.array([u.price + u.qty for u in tape.units])[plain["symbol"]]
        risks = np.abs(plain["entry"] - plain["first_stop"]) * plain["qty"] / 10.0**units
        ratio = np.full(len(plain), np.nan)
        np.divide(plain["pnl"], risks, out=ratio, where=risks > 0)
        return Played(
            tier=Tier.COLUMN.value,
            interval=dataset.interval,
            balance=float(settings.balance),
            pnls=np.array(plain["pnl"]),
            risks=ratio,
            ts_ms=tape.curve_ms[first:],
            equity=outcome.curve[first:],
            longest_ms=_longest(tape, plain["entry_bar"], plain["exit_bar"], dataset),
        )

    def _decide(self, engine: EngineSettings, dataset: Dataset) -> tuple[Decided, ...]:
        strategy = make_strategy(self._strategy, engine)
        found = []
        for data in dataset.symbols:
            columns = strategy.columns(data)
            asked = columns.asked()
            if dataset.trade_from_ms is not None:
                asked = np.where(data.decisions.close_ms < dataset.trade_from_ms, 0, asked).astype(np.int8)
            found.append(Decided(asked, columns.signal, columns.atr))
        return tuple(found)


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


def _decision_key(engine: EngineSettings, strategy: str) -> str:
    if strategy not in _ANALYSIS_ONLY:
        return repr(replace(engine, config_hash=""))
    return repr((engine.interval, engine.scoring, engine.indicators, engine.mtf))


def _kept(store: OrderedDict[Hashable, Made], key: Hashable, most: int, make: Callable[[], Made]) -> Made:
    """Return what is kept under a key, made where it is not; the least used goes first."""
    if key not in store:
        store[key] = make()
        while len(store) > most:
            store.popitem(last=False)
    store.move_to_end(key)
    return store[key]


def _longest(tape: Tape, entered: np.ndarray, left: np.ndarray, dataset: Dataset) -> int:
    if not len(entered):
        return 0
    open_ms, length = tape.bars[0], interval_ms(dataset.symbols[0].fine.interval)
    # A position closed at the end left one row behind its symbol's last.
    exits = open_ms[np.maximum(left - 1, entered)] + length
    return int((exits - open_ms[entered]).max()) + length
