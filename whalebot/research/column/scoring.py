"""The scores of a whole history in little memory: one group after another, stretch by stretch.

A column is given up as soon as the group that reads it has been added; contributions are kept only of the
rows that are asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.analysis.bars import Bars, close_times
from whalebot.decisions.analysis.columns import Columns, Shelf
from whalebot.decisions.analysis.comparisons import Value
from whalebot.decisions.analysis.groups import (
    VOLATILITY_GROUP,
    VOLATILITY_INPUT,
    Group,
    volatility_index,
    volume_filter,
)
from whalebot.decisions.analysis.resample import can_resample, resample
from whalebot.decisions.analysis.scoring import make_scorer, threshold_factor
from whalebot.decisions.analysis.timeframes import usable_timeframes
from whalebot.decisions.analysis.trends import align, trend_codes
from whalebot.domain.analysis import VOLUME_FILTER
from whalebot.domain.errors import ConfigError
from whalebot.engine.settings import EngineSettings
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.research.column.loops import hold_signal, supertrend
from whalebot.research.dataset import SymbolData
from whalebot.research.strategy import DecisionColumns

_STRETCH: Final = 16_384
_LOOK_BACK: Final = 2
# What a group reads besides the inputs that it warms up with.
_ALSO: Final = {"vwap": ("vwap_session_start",), "psar": ("psar_direction",)}
_FILTER_READS: Final = ("open", "close", "volume", "mean_volume", "volume_delta")
_KEPT: Final = frozenset({"atr", "volume_delta"})
_NO_ROWS: Final[IntArray] = np.zeros(0, dtype=np.int64)


class LeanScoring:
    """Scores one symbol as `score_history` does, to the bit."""

    def __init__(self, settings: EngineSettings, data: SymbolData) -> None:
        if settings.scoring.volume_delta_source != "klines":
            raise ConfigError("volume_delta_source: 'trades' needs recorded trades; set 'klines'")
        self._settings, self._data = settings, data
        self._interval = data.decisions.interval
        self._has_trends = False
        self._watched, self._notices = usable_timeframes(self._interval, settings.mtf)
        self._scorer = make_scorer(settings.scoring, settings.indicators, bool(self._watched))
        self._made = [t for t in self._watched if t in data.higher or can_resample(self._interval, t)]
        self._notices += [
            f"timeframe {name} cannot be made from bars of {self._interval}: unknown"
            for name in self._watched
            if name not in self._made
        ]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the contributions in scoring order."""
        return self._scorer.names

    def decide(self) -> DecisionColumns:
        """Return every decision of the symbol; its breakdown is made only when somebody reads it."""
        count, scoring = len(self._data.decisions), self._settings.scoring
        score, atr, threshold = np.zeros(count), np.zeros(count), np.full(count, scoring.threshold)
        warm, known = np.zeros(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_)
        for first, end in self._data_sets():
            shelf = self._shelf(first, end)
            ready = self._score(shelf, first, score[first:end], known[first:end], {}, _NO_ROWS)
            warm[first + 1 : end] = np.logical_or.accumulate(ready[1:] & ready[:-1])
            if scoring.dynamic_threshold.enabled:
                threshold[first:end] *= self._factors(shelf)
            atr[first:end] = np.nan_to_num(shelf.column("atr"), nan=0.0)
        signal = np.zeros(count, dtype=np.int8)
        hold_signal(score, threshold, scoring.hysteresis_ratio, warm, signal)
        return DecisionColumns(
            score=score,
            threshold=threshold,
            signal=signal,
            atr=atr,
            may_enter=warm,
            breakdown=LazyBreakdown(self, count),
            trends_known=known if self._watched else None,
            without_input=tuple(
                group.name
                for group, _ in self._scorer.groups
                if group.outside and (group.outside != "mtf_balance" or not self._has_trends)
            ),
            notices=tuple(self._notices),
        )

    def breakdown_at(self, rows: IntArray) -> dict[str, FloatArray]:
        """Return the contributions at some rows, ascending, by name in scoring order."""
        count = len(self._data.decisions)
        found = {name: np.zeros(len(rows)) for name in self.names}
        score, known = np.zeros(count), np.zeros(count, dtype=np.bool_)
        for first, end in self._data_sets():
            self._score(self._shelf(first, end), first, score[first:end], known[first:end], found, rows)
        return found

    def _data_sets(self) -> Iterator[tuple[int, int]]:
        return pairwise([*self._data.decisions.starts.tolist(), len(self._data.decisions)])

    def _shelf(self, first: int, end: int) -> Shelf:
        settings = self._settings
        mean_period = settings.scoring.dynamic_threshold.mean_period
        part = self._data.decisions.bars.part(first, end)
        return Shelf(part, self._interval, settings.indicators, mean_period)

    def _factors(self, shelf: Shelf) -> FloatArray:
        pairs = zip(shelf.column("atr").tolist(), shelf.column("mean_atr").tolist(), strict=True)
        return np.array([threshold_factor(atr, mean, self._settings.scoring) for atr, mean in pairs])

    def _score(
        self,
        shelf: Shelf,
        first: int,
        score: FloatArray,
        known: NDArray[np.bool_],
        found: Mapping[str, FloatArray],
        rows: IntArray,
    ) -> NDArray[np.bool_]:
        """Score one data set in place; return on which bars nothing is missing."""
        ready = ~np.isnan(shelf.column("atr"))
        begin, end = np.searchsorted(rows, (first, first + len(score))).tolist()
        kept = _Kept(rows[begin:end] - first, {name: out[begin:end] for name, out in found.items()})
        for group, weight in self._scorer.groups:
            if group.outside == "orderbook_imbalance":
                continue
            reads = self._put_inputs(shelf, group, first, known)
            _add(group, weight, shelf, reads, score, kept)
            for name in group.inputs:
                ready &= ~np.isnan(shelf.column(name))
            shelf.forget(_KEPT)
        if self._scorer.volatility_weight:
            _add_volatility(self._scorer.volatility_weight, shelf, score, kept)
            ready &= ~np.isnan(shelf.column(VOLATILITY_INPUT))
            shelf.forget(_KEPT)
        if self._scorer.filter_multiplier is not None:
            _add_filter(self._scorer.filter_multiplier, shelf, score, kept)
        return ready

    def _put_inputs(
        self, shelf: Shelf, group: Group, first: int, known: NDArray[np.bool_]
    ) -> tuple[str, ...]:
        """Make what a group reads; return the names."""
        s = self._settings.indicators
        if group.name == "ehlers_supertrend_alignment":
            fast = supertrend(*shelf.hlc, s.ehlers_fast_period, s.ehlers_fast_multiplier)
            slow = supertrend(*shelf.hlc, s.ehlers_slow_period, s.ehlers_slow_multiplier)
            shelf.put("ehlers_fast_direction", fast)
            shelf.put("ehlers_slow_direction", slow)
        if group.outside == "mtf_balance":
            shelf.put("mtf_balance", self._balance(shelf.bars, first, known))
            return ("mtf_balance",)
        return (*group.inputs, *_ALSO.get(group.name, ()))

    def _balance(self, part: Bars, first: int, known: NDArray[np.bool_]) -> FloatArray:
        """Return (trends up - down) / (trends known), NaN where none is; note where all are known."""
        decision_ms = self._data.decisions.close_ms[first : first + len(part)]
        total, number = np.zeros(len(part)), np.zeros(len(part), dtype=np.int8)
        for name in self._made:
            bars = self._higher(name, part, first)
            closes = close_times(bars.open_ms, name)
            for indicator in self._settings.mtf.trend_indicators:
                codes = trend_codes(bars, indicator, self._settings.mtf, self._settings.indicators)
                aligned = align(codes, closes, decision_ms)
                number += ~np.isnan(aligned)
                total += np.nan_to_num(aligned, nan=0.0, copy=False)
        self._has_trends = self._has_trends or bool(number.any())
        known[:] = number == len(self._watched) * len(self._settings.mtf.trend_indicators)
        out = np.full(len(part), np.nan)
        np.divide(total, number, out=out, where=number > 0)
        return out

    def _higher(self, name: str, part: Bars, first: int) -> Bars:
        given = self._data.higher.get(name)
        if given is None:
            return resample(part, self._interval, name)
        begin = int(np.searchsorted(given.open_ms, part.open_ms[0])) if first else 0
        return given.part(begin, len(given))


class LazyBreakdown(Mapping[str, FloatArray]):
    """Contributions by name, all of them made when one is read."""

    def __init__(self, scoring: LeanScoring, count: int) -> None:
        self._scoring = scoring
        self._count = count
        self._made: dict[str, FloatArray] = {}

    def __getitem__(self, name: str) -> FloatArray:
        if name not in self._scoring.names:
            raise KeyError(name)
        if not self._made:
            self._made = self._scoring.breakdown_at(np.arange(self._count))
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._scoring.names)

    def __len__(self) -> int:
        return len(self._scoring.names)

    def at_rows(self, rows: IntArray) -> dict[str, FloatArray]:
        """Return the contributions at some rows, ascending, without making the others."""
        return self._scoring.breakdown_at(rows)


class _Kept:
    """Rows of one data set whose contributions are kept."""

    def __init__(self, rows: IntArray, out: Mapping[str, FloatArray]) -> None:
        self._rows = rows
        self._out = out

    def keep(self, name: str, start: int, entry: FloatArray) -> None:
        """Keep those of a stretch that begins at row `start`."""
        if len(self._rows):
            begin, end = np.searchsorted(self._rows, (start, start + len(entry))).tolist()
            self._out[name][begin:end] = entry[self._rows[begin:end] - start]


def _stretches(shelf: Shelf, reads: tuple[str, ...], count: int) -> Iterator[tuple[int, int, Columns]]:
    """Yield (first row, rows of look-back before it, columns) of each stretch."""
    columns = {name: shelf.column(name) for name in reads}
    for start in range(0, count, _STRETCH):
        seen = min(start, _LOOK_BACK)
        part = slice(start - seen, min(start + _STRETCH, count))
        found = SimpleNamespace(**{name: column[part] for name, column in columns.items()})
        yield start, seen, cast(Columns, found)


def _take(score: FloatArray, kept: _Kept, name: str, start: int, seen: int, values: Value) -> None:
    entry = np.asarray(values)[seen:] + 0.0
    score[start : start + len(entry)] += entry
    kept.keep(name, start, entry)


def _add(
    group: Group, weight: float, shelf: Shelf, reads: tuple[str, ...], score: FloatArray, kept: _Kept
) -> None:
    for start, seen, columns in _stretches(shelf, reads, len(score)):
        _take(score, kept, group.name, start, seen, group.contribute(columns, shelf.settings, weight))


def _add_volatility(weight: float, shelf: Shelf, score: FloatArray, kept: _Kept) -> None:
    for start, seen, columns in _stretches(shelf, (VOLATILITY_INPUT,), len(score)):
        so_far = np.concatenate((np.zeros(seen), score[start : start + _STRETCH]))
        _take(score, kept, VOLATILITY_GROUP, start, seen, volatility_index(columns, weight, so_far))


def _add_filter(multiplier: float, shelf: Shelf, score: FloatArray, kept: _Kept) -> None:
    for start, seen, columns in _stretches(shelf, _FILTER_READS, len(score)):
        so_far = np.concatenate((np.zeros(seen), score[start : start + _STRETCH]))
        taken = volume_filter(columns, shelf.settings, multiplier, so_far)
        _take(score, kept, VOLUME_FILTER, start, seen, taken)
