"""From votes to a score, from a score to a signal and its confidence; the choice of the weight set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, NamedTuple

from whalebot.decisions.scan.evaluation import Confidence, Direction
from whalebot.decisions.scan.settings import (
    AUTO,
    HIGH_VOLATILITY,
    INDICATORS,
    LOW_VOLATILITY,
    ScanSettings,
    SignalConfig,
)
from whalebot.decisions.scan.values import BarValues

HIGH_FROM: Final = 60.0
LOW_FROM: Final = 50.0
"""Percentile ranks of NATR at which `auto` takes the other set."""
_NOISE: Final = 1e-12


class Score(NamedTuple):
    """`value` -1 to +1 (NaN where no weight is ready), the weights behind it, and who voted nothing yet."""

    value: float
    ready_weight: float
    active_weight: float
    warming_up: tuple[str, ...]

    @property
    def obstacle(self) -> str:
        """Why no signal may come of this score, "" where one may."""
        if self.active_weight <= 0.0:
            return "no active weight"
        if self.ready_weight < self.active_weight / 2.0 - _NOISE or self.ready_weight <= 0.0:
            return f"warming up: weight {self.ready_weight:g} of {self.active_weight:g} is ready"
        return ""


def active_weights(settings: ScanSettings, weight_set: str) -> dict[str, float]:
    """Return the weights of the enabled indicators of a set, in the set's order."""
    chosen = settings.weight_sets[weight_set]
    return {n: float(w) for n, w in chosen.items() if n in INDICATORS and settings.switch(n).enabled}


def score_of(votes: Mapping[str, int | None], weights: Mapping[str, float], normalise_by: str) -> Score:
    """Return the weighted mean of the votes that are ready; votes by indicator, weights >= 0.

    normalise_by: "ready", or "voting" to divide by the weight of the votes that are not 0 only.
    """
    total = ready = voting = active = 0.0
    warming = []
    for name, weight in weights.items():
        active += weight
        vote = votes[name]
        if vote is None:
            warming.append(name)
            continue
        ready += weight
        total += weight * vote
        if vote:
            voting += weight
    divisor = voting if normalise_by == "voting" else ready
    value = total / divisor if divisor > 0.0 else 0.0 if ready > 0.0 else math.nan
    return Score(max(-1.0, min(1.0, value)) if value == value else value, ready, active, tuple(warming))


def next_direction(score: float, held: Direction, settings: SignalConfig) -> Direction:
    """Return the signal after a score; `held` is the one before, which lasts a little below the threshold."""
    threshold = settings.signal_threshold
    if score > threshold + _NOISE:
        return Direction.LONG
    if score < -threshold - _NOISE:
        return Direction.SHORT
    kept = threshold * settings.signal_hysteresis_ratio
    stands = held is not Direction.NONE and score * held.sign >= kept - _NOISE
    return held if stands else Direction.NONE


def confidence_of(score: float, settings: SignalConfig) -> Confidence:
    """Return the class of a score's size; the bounds belong to the class below."""
    if abs(score) > settings.confidence_high + _NOISE:
        return Confidence.HIGH
    return Confidence.MEDIUM if abs(score) > settings.confidence_medium + _NOISE else Confidence.LOW


def reachable_confidences(settings: SignalConfig) -> tuple[Confidence, ...]:
    """Return the classes a newly announced signal can have with these thresholds."""
    threshold = settings.signal_threshold
    found = [Confidence.LOW] if threshold < settings.confidence_medium else []
    found += [Confidence.MEDIUM] if threshold < settings.confidence_high else []
    return (*found, Confidence.HIGH) if settings.confidence_high < 1.0 else tuple(found)


def agreement_of(votes: Mapping[str, int | None], weights: Mapping[str, float], signal: Direction) -> float:
    """Return the share of the ready weight that voted the signal's way, NaN without a signal."""
    ready = sum(weight for name, weight in weights.items() if votes[name] is not None)
    if signal is Direction.NONE or ready <= 0.0:
        return math.nan
    return sum(weight for name, weight in weights.items() if votes[name] == signal.sign) / ready


def choose_weight_set(bar: BarValues, settings: ScanSettings, current: str) -> str:
    """Return the weight set from this bar's close on; `current` is the one in force, "" at the beginning.

    With `auto` a volatile market (NATR's rank in its window) takes the set made for it and a calm one leaves
    it; in between the one in force stays.
    """
    if settings.active_weight_set != AUTO:
        return settings.active_weight_set
    if bar.natr_rank >= HIGH_FROM:
        return HIGH_VOLATILITY
    return current if bar.natr_rank > LOW_FROM and current else LOW_VOLATILITY
