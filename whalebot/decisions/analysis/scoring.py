"""The sum over the groups: in one order, left to right, for one live bar and for whole histories."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.analysis.columns import Columns
from whalebot.decisions.analysis.groups import (
    GROUPS,
    VOLATILITY_GROUP,
    VOLATILITY_INPUT,
    Group,
    volatility_index,
    volume_filter,
)
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.domain.analysis import VOLUME_FILTER
from whalebot.indicators.arrays import FloatArray

# Columns of this many bars stay in the processor's cache while all groups read them.
_CHUNK: Final = 16_384
_LONGEST_LOOK_BACK: Final = 2


@dataclass(frozen=True, slots=True)
class Scorer:
    """The groups that count, with their weights, ready to score. Made by `make_scorer`."""

    groups: tuple[tuple[Group, float], ...]
    volatility_weight: float
    filter_multiplier: float | None
    settings: IndicatorSettings

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the breakdown's entries in scoring order."""
        names = [group.name for group, _ in self.groups]
        if self.volatility_weight:
            names.append(VOLATILITY_GROUP)
        if self.filter_multiplier is not None:
            names.append(VOLUME_FILTER)
        return tuple(names)

    def score_bar(self, columns: Columns) -> tuple[float, tuple[tuple[str, float], ...]]:
        """Score the newest bar of live columns; return (score, breakdown), whose entries add up to it."""
        score, breakdown = 0.0, []
        for group, weight in self.groups:
            contribution = float(group.contribute(columns, self.settings, weight)) + 0.0
            breakdown.append((group.name, contribution))
            score += contribution
        if self.volatility_weight:
            contribution = float(volatility_index(columns, self.volatility_weight, score)) + 0.0
            breakdown.append((VOLATILITY_GROUP, contribution))
            score += contribution
        if self.filter_multiplier is not None:
            taken = float(volume_filter(columns, self.settings, self.filter_multiplier, score)) + 0.0
            breakdown.append((VOLUME_FILTER, taken))
            score += taken
        return score, tuple(breakdown)

    def score_history(self, columns: Columns, out: Mapping[str, FloatArray]) -> FloatArray:
        """Score every bar of a data set; write each entry of the breakdown into `out`, return the scores."""
        bars = len(columns.close)
        scores = np.zeros(bars)
        for start in range(0, bars, _CHUNK):
            end = min(start + _CHUNK, bars)
            seen = min(start, _LONGEST_LOOK_BACK)
            part = columns.part(start - seen, end)
            chunk = {name: column[start:end] for name, column in out.items()}
            self._score_part(part, seen, chunk, scores[start:end])
        return scores

    def _score_part(
        self, part: Columns, seen: int, out: Mapping[str, FloatArray], scores: FloatArray
    ) -> None:
        for group, weight in self.groups:
            entry = out[group.name]
            np.add(np.asarray(group.contribute(part, self.settings, weight))[seen:], 0.0, out=entry)
            scores += entry
        lead = np.zeros(seen)
        if self.volatility_weight:
            so_far = np.concatenate((lead, scores))
            entry = out[VOLATILITY_GROUP]
            np.add(np.asarray(volatility_index(part, self.volatility_weight, so_far))[seen:], 0.0, out=entry)
            scores += entry
        if self.filter_multiplier is not None:
            so_far = np.concatenate((lead, scores))
            entry = out[VOLUME_FILTER]
            taken = volume_filter(part, self.settings, self.filter_multiplier, so_far)
            np.add(np.asarray(taken)[seen:], 0.0, out=entry)
            scores += entry

    def warming(self, columns: Columns) -> tuple[str, ...]:
        """Name the groups that have a NaN among their bar-based inputs on the newest live bar."""
        names = []
        for group, _ in self.groups:
            for column in group.inputs:
                value = getattr(columns, column)[2]
                if value != value:
                    names.append(group.name)
                    break
        if self.volatility_weight and np.isnan(getattr(columns, VOLATILITY_INPUT)[2]):
            names.append(VOLATILITY_GROUP)
        return tuple(names)

    def warming_history(self, columns: Columns) -> dict[str, NDArray[np.bool_]]:
        """Return, for each group, on which bars of a data set it has a NaN among its bar-based inputs."""
        inputs = {group.name: group.inputs for group, _ in self.groups}
        if self.volatility_weight:
            inputs[VOLATILITY_GROUP] = (VOLATILITY_INPUT,)
        missing: dict[str, NDArray[np.bool_]] = {}
        out = {}
        for name, needed in inputs.items():
            mask = np.zeros(len(columns.close), dtype=np.bool_)
            for column in needed:
                if column not in missing:
                    missing[column] = np.isnan(getattr(columns, column))
                mask |= missing[column]
            out[name] = mask
        return out

    def without_input(self, columns: Columns) -> tuple[str, ...]:
        """Name the groups whose input from outside (book, trends, trades) is absent on the newest bar."""
        return tuple(
            group.name
            for group, _ in self.groups
            if group.outside and (value := getattr(columns, group.outside)[2]) != value
        )


def make_scorer(scoring: ScoringSettings, indicators: IndicatorSettings, has_trends: bool = True) -> Scorer:
    """Choose the groups that count: switched on and of a weight above 0.

    `has_trends` False leaves out the confluence of higher timeframes. With volume delta taken from trades its
    group has its input from outside and does not warm up.
    """
    chosen = []
    for group in GROUPS:
        weight = scoring.weight(group.name)
        if not weight or (group.outside == "mtf_balance" and not has_trends):
            continue
        if group.inputs == ("volume_delta",) and scoring.volume_delta_source == "trades":
            group = replace(group, inputs=(), outside="volume_delta")
        chosen.append((group, weight))
    multiplier = scoring.volume_confirmation_multiplier if scoring.confirms_volume else None
    return Scorer(tuple(chosen), scoring.weight(VOLATILITY_GROUP), multiplier, indicators)


def score_range(scoring: ScoringSettings, mtf: MtfSettings | None = None) -> tuple[float, float]:
    """Return (least, greatest) score that the weights allow: minus and plus the sum of the groups' maxima.

    A threshold beyond it can never be reached. With a dynamic threshold compare its least value,
    `least_threshold`.
    """
    has_trends = mtf is None or (mtf.enabled and bool(mtf.higher_timeframes) and bool(mtf.trend_indicators))
    scorer = make_scorer(scoring, IndicatorSettings(), has_trends)
    most = sum(group.most * weight for group, weight in scorer.groups) + 0.2 * scorer.volatility_weight
    return -most, most


def least_threshold(scoring: ScoringSettings) -> float:
    """Return the lowest threshold that any bar can have."""
    dynamic = scoring.dynamic_threshold
    return scoring.threshold * dynamic.min_factor if dynamic.enabled else scoring.threshold


def threshold_factor(atr: float, mean_atr: float, scoring: ScoringSettings) -> float:
    """Return what the threshold of a bar is multiplied by; 1 when fixed or while ATR's mean is not known."""
    dynamic = scoring.dynamic_threshold
    if not dynamic.enabled or not mean_atr > 0.0:
        return 1.0
    return min(max(atr / mean_atr, dynamic.min_factor), dynamic.max_factor)


def threshold_history(columns: Columns, scoring: ScoringSettings) -> FloatArray:
    """Return the threshold of every bar of a history."""
    atr, mean_atr = np.asarray(columns.atr), np.asarray(columns.mean_atr)
    factors = np.ones(len(atr))
    if scoring.dynamic_threshold.enabled:
        known = mean_atr > 0.0
        dynamic = scoring.dynamic_threshold
        ratio = atr[known] / mean_atr[known]
        factors[known] = np.clip(ratio, dynamic.min_factor, dynamic.max_factor)
    return scoring.threshold * factors
