"""Search on the past, trade what follows, again and again: what is traded was never searched on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from optuna.storages import BaseStorage

from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS, interval_ms, iso_utc
from whalebot.indicators.arrays import FloatArray
from whalebot.research.dataset import Dataset
from whalebot.research.optimise.bench import Bench, Player
from whalebot.research.optimise.cutting import cut
from whalebot.research.optimise.figures import Figures, Played, figures_of, finite_or_none
from whalebot.research.optimise.honesty import Honesty, judge
from whalebot.research.optimise.optimisation import Optimisation, Way, optimise
from whalebot.research.optimise.search import Plan
from whalebot.research.optimise.space import Parameter, Space
from whalebot.research.optimise.windows import Fold, folds


@dataclass(frozen=True, slots=True)
class Spans:
    """Lengths in ms. anchored: training grows instead of moving.

    warm_up_ms: read before each span, so that averages have settled; needed_ms: the least that any decision
    looks back.
    """

    train_ms: int
    test_ms: int
    step_ms: int
    warm_up_ms: int
    needed_ms: int
    anchored: bool = False


@dataclass(frozen=True, slots=True)
class FoldResult:
    """One fold: what the search found, and what trading it afterwards brought (nothing: no trial scored)."""

    fold: Fold
    found: Optimisation
    figures: Figures | None
    played: Played | None
    returns: FloatArray

    @property
    def total(self) -> float:
        """Return of the test span, a fraction."""
        return float(np.prod(1.0 + self.returns) - 1.0)


@dataclass(frozen=True, slots=True)
class WalkForward:
    """All folds. The stitched returns by day are *the* result. `purge_ms`: left out before each test."""

    folds: tuple[FoldResult, ...]
    space: Space
    purge_ms: int
    honesty: Honesty

    @property
    def returns(self) -> FloatArray:
        """Returns by day, out of sample, one fold after another."""
        return np.concatenate([fold.returns for fold in self.folds])

    @property
    def equity(self) -> FloatArray:
        """Growth of 1 by day, out of sample."""
        return np.asarray(np.cumprod(1.0 + self.returns), dtype=np.float64)

    @property
    def efficiency(self) -> float:
        """Mean daily return out of sample over that in sample; NaN where nothing was gained in sample."""
        inside = [fold.found.best.returns for fold in self.folds if fold.found.best is not None]
        gained = float(np.mean(np.concatenate(inside))) if inside else 0.0
        return float(np.mean(self.returns)) / gained if gained > 0 else math.nan

    @property
    def profitable(self) -> float:
        """Share of folds that gained out of sample."""
        return sum(fold.total > 0 for fold in self.folds) / len(self.folds)

    def stability(self) -> dict[str, float]:
        """Return by key how alike the folds chose, 1: all the same, 0: as if drawn evenly at random.

        Of choices: the share of folds that took the commonest one. NaN for fewer than two folds.
        """
        chosen = [fold.found.best.values for fold in self.folds if fold.found.best is not None]
        return {p.key: _alike(p, [values[p.key] for values in chosen]) for p in self.space.parameters}

    def as_dict(self) -> dict[str, Any]:
        """Return everything as JSON has it."""
        return {
            "folds": [_fold_dict(fold) for fold in self.folds],
            "purge_days": self.purge_ms / DAY_MS,
            "out_of_sample_return": float(self.equity[-1] - 1.0),
            "equity_by_day": [float(value) for value in self.equity],
            "efficiency": finite_or_none(self.efficiency),
            "profitable_folds": self.profitable,
            "stability": {key: finite_or_none(value) for key, value in self.stability().items()},
            "honesty": self.honesty.as_dict(),
        }


def walk_forward(
    bench: Bench,
    plan: Plan,
    way: Way,
    storage: BaseStorage,
    name: str,
    identity: Mapping[str, Any],
    spans: Spans,
    progress: Callable[[int, int], None] | None = None,
) -> WalkForward:
    """Search and trade every fold. `progress` hears the number of the fold that begins, and of how many.

    The purge is what decisions look back and the longest holding of the configuration as it stands, on the
    first training span. Raises ConfigError for spans that the data cannot fill.
    """
    start, end = _whole_days(bench.dataset)
    first = replace(bench, dataset=cut(bench.dataset, start, start + spans.train_ms, spans.warm_up_ms))
    purge = spans.needed_ms + Player(first).play({}).longest_ms
    try:
        windows = list(folds(start, end, spans.train_ms, spans.test_ms, spans.step_ms, purge, spans.anchored))
    except ValueError as error:
        raise ConfigError(f"walk-forward: {error} (the purge is {purge / DAY_MS:.1f} days)") from None
    if not windows:
        raise ConfigError(f"walk-forward: nothing lies after {spans.train_ms / DAY_MS:g} days of training")
    results = []
    for number, fold in enumerate(windows):
        if progress is not None:
            progress(number + 1, len(windows))
        found = _trained(bench, plan, way, storage, f"{name}/{number + 1}", identity, fold, spans)
        results.append(_tested(bench, fold, found, spans.warm_up_ms))
    return WalkForward(tuple(results), plan.space, purge, _honesty(results, way.seed))


def _trained(
    bench: Bench,
    plan: Plan,
    way: Way,
    storage: BaseStorage,
    name: str,
    identity: Mapping[str, Any],
    fold: Fold,
    spans: Spans,
) -> Optimisation:
    data = cut(bench.dataset, fold.train_from_ms, fold.train_until_ms, spans.warm_up_ms)
    known = {**identity, "fold": [fold.train_from_ms, fold.train_until_ms]}
    return optimise(replace(bench, dataset=data), plan, way, storage, name, known)


def _tested(bench: Bench, fold: Fold, found: Optimisation, warm_up_ms: int) -> FoldResult:
    if found.best is None:
        days = -(-(fold.test_until_ms - fold.test_from_ms) // DAY_MS)
        return FoldResult(fold, found, None, None, np.zeros(days))
    data = cut(bench.dataset, fold.test_from_ms, fold.test_until_ms, warm_up_ms)
    played = Player(replace(bench, dataset=data)).play(found.best.values)
    figures, returns = figures_of(played)
    return FoldResult(fold, found, figures, played, returns)


def _whole_days(data: Dataset) -> tuple[int, int]:
    """Return the traded time from the first midnight on, so that no day is split between two folds."""
    first = min(int(symbol.fine.open_ms[0]) for symbol in data.symbols)
    first = first if data.trade_from_ms is None else max(first, data.trade_from_ms)
    last = max(int(s.fine.open_ms[-1]) + interval_ms(s.fine.interval) for s in data.symbols)
    return -(-first // DAY_MS) * DAY_MS, last


def _honesty(results: Sequence[FoldResult], seed: int) -> Honesty:
    """Judge the stitched result by all trials; overfitting and plateau are the medians of the folds."""
    returns = np.concatenate([result.returns for result in results])
    played = [result.played for result in results if result.played is not None]
    balance = played[0].balance if played else 0.0
    pnls = np.concatenate([part.pnls for part in played]) if played else np.zeros(0)
    whole = Played("", "", balance, pnls, pnls, np.zeros(0, dtype=np.int64), np.zeros(0), 0)
    trials = [row.returns for result in results for row in result.found.trials.finished]
    made = sum(result.found.trials.made for result in results)
    judged = [result.found.honesty for result in results if result.found.honesty is not None]
    plateau = _median([part.plateau for part in judged])
    overfitting = _median([part.overfitting for part in judged])
    return judge(whole, returns, trials, made, plateau, seed, overfitting)


def _median(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.median(known)) if known else math.nan


def _alike(parameter: Parameter, values: Sequence[Any]) -> float:
    if len(values) < 2:
        return math.nan
    if parameter.choices:
        return Counter(map(repr, values)).most_common(1)[0][1] / len(values)
    # Even draws from 0 to 1 have a standard deviation of 1 / √12.
    spread = float(np.std([parameter.place(value) for value in values]))
    return max(0.0, 1.0 - spread * math.sqrt(12.0))


def _fold_dict(result: FoldResult) -> dict[str, Any]:
    fold = result.fold
    return {
        "train": [iso_utc(fold.train_from_ms), iso_utc(fold.train_until_ms)],
        "test": [iso_utc(fold.test_from_ms), iso_utc(fold.test_until_ms)],
        "in_sample": result.found.as_dict(),
        "out_of_sample": None if result.figures is None else result.figures.as_dict(),
        "out_of_sample_return": result.total,
    }
