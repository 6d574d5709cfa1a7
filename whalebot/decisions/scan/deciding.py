"""One evaluation: votes, score, signal, levels of one symbol at one price."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from whalebot.decisions.scan.evaluation import Confidence, Direction, Evaluation, Levels
from whalebot.decisions.scan.levels import signal_levels
from whalebot.decisions.scan.scoring import (
    Score,
    active_weights,
    agreement_of,
    confidence_of,
    next_direction,
    score_of,
)
from whalebot.decisions.scan.settings import ScanSettings, config_hash
from whalebot.decisions.scan.values import BarValues
from whalebot.decisions.scan.votes import RULES, Rule, Sight, Vote, sight
from whalebot.decisions.scan.window import FormingBar

RunRule: TypeAlias = Callable[[str, Rule, BarValues, Sight, ScanSettings], Vote]
"""Runs one rule by name; a caller may give one that answers None for a rule that raised."""


def call_rule(name: str, rule: Rule, bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
    """Run a rule and let its error pass."""
    return rule(bar, seen, settings)


class Verdict(NamedTuple):
    """Votes, score and signal, without the levels."""

    votes: dict[str, Vote]
    score: Score
    signal: Direction
    confidence: Confidence
    reason: str
    seen: Sight


class Evaluator:
    """Judges symbols by one set of settings; holds no state of any symbol."""

    def __init__(self, settings: ScanSettings, run_rule: RunRule = call_rule) -> None:
        self._settings = settings
        self._run_rule = run_rule
        self._is_plain = run_rule is call_rule
        self._weights: Mapping[str, Mapping[str, float]] = {
            name: MappingProxyType(active_weights(settings, name)) for name in settings.weight_sets
        }
        self.config_hash = config_hash(settings)

    def judge(
        self,
        bar: BarValues,
        price: float,
        *,
        held: Direction,
        weight_set: str,
        forming: FormingBar | None = None,
    ) -> Verdict:
        """Return votes, score and signal at `price` (quote); `held` is the signal before."""
        settings, weights = self._settings, self._weights[weight_set]
        seen = sight(bar, price, forming)
        if self._is_plain:
            votes = {name: RULES[name](bar, seen, settings) for name in weights}
        else:
            votes = {name: self._run_rule(name, RULES[name], bar, seen, settings) for name in weights}
        score = score_of(votes, weights, settings.signal_config.normalise_by)
        reason = score.obstacle or ("" if bar.atr > 0.0 else "no ATR")
        signal = Direction.NONE
        if not reason:
            signal = next_direction(score.value, held, settings.signal_config)
        return Verdict(votes, score, signal, confidence_of(score.value, settings.signal_config), reason, seen)

    def evaluate(
        self,
        bar: BarValues,
        price: Decimal,
        *,
        symbol: str,
        interval: str,
        ts_ms: int,
        tick_size: Decimal,
        held: Direction,
        weight_set: str,
        forming: FormingBar | None = None,
    ) -> Evaluation:
        """Return everything there is to say at `price`.

        At a bar's close `forming` is None, `price` its close and `ts_ms` its close time; in between they are
        the venue's forming bar, the last price and its stamp. `held`: the signal before; `weight_set`: the
        set chosen at the last close.
        """
        found = self.judge(bar, float(price), held=held, weight_set=weight_set, forming=forming)
        weights = self._weights[weight_set]
        levels: Levels | None = None
        if found.signal is not Direction.NONE:
            levels = signal_levels(price, bar.atr, found.signal, tick_size, self._settings.signal_config)
        return Evaluation(
            symbol=symbol,
            interval=interval,
            ts_ms=ts_ms,
            bar_start=bar.open_ms if forming is None else forming.open_ms,
            price=price,
            score=found.score.value,
            signal=found.signal,
            confidence=found.confidence,
            agreement=agreement_of(found.votes, weights, found.signal),
            votes=MappingProxyType(found.votes),
            weights=weights,
            weight_set=weight_set,
            warming_up=found.score.warming_up,
            bar=bar,
            vwap=found.seen.vwap,
            levels=levels,
            reason=found.reason,
            config_hash=self.config_hash,
        )
