"""Judges announced signals against the baseline, in groups; says better or not better, never profitable."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from whalebot.decisions.scan.settings import INDICATORS
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import DAY_MS
from whalebot.indicators.arrays import FloatArray
from whalebot.scanner.judge_baseline import (
    Interval,
    Spans,
    baseline_pool,
    difference_interval,
    known_outcomes,
    mean_overlap,
    spans_of,
)
from whalebot.scanner.judge_outcomes import ClosedBars, JudgedSignal, Outcome, Touch, outcomes_of

TOO_FEW: Final = 30
"""Below so many signals no rate is worth more than a grey line."""
DECILES: Final = 10
BY: Final = ("symbol", "confidence", "weight_set", "interval", "hour", "indicator")
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Rates:
    """Mean and median as fractions, hit rate 0 to 1, gains over losses (NaN without a loss)."""

    mean: float
    median: float
    hit_rate: float
    profit_factor: float


@dataclass(frozen=True, slots=True)
class HorizonFigures:
    """One group at one horizon: `n` known returns, the same of the baseline, the difference of the means."""

    horizon: int
    n: int
    n_eff: float
    signals: Rates
    baseline: Rates
    difference: float
    interval: Interval

    @property
    def verdict(self) -> str:
        """What the 95 % interval of the difference allows to say."""
        if self.n < TOO_FEW or math.isnan(self.interval.low):
            return "too few"
        if self.interval.low > 0.0:
            return "better than the baseline"
        return "worse than the baseline" if self.interval.high < 0.0 else "not better than the baseline"


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group of signals. Shares 0 to 1 of those decided; `doubtful`: stops with the target in the bar."""

    name: str
    n: int
    horizons: tuple[HorizonFigures, ...]
    mean_r: float
    mfe: float
    mae: float
    target_share: float
    stop_share: float
    timeout_share: float
    doubtful: int
    undecided: int
    void: int
    overlap: float

    @property
    def is_small(self) -> bool:
        """True where the rates are not to be trusted."""
        return self.n < TOO_FEW


@dataclass(frozen=True, slots=True)
class Bucket:
    """A part of the signals: `n` known returns and their mean at each horizon, NaN where there is none."""

    name: str
    n: int
    means: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything `scan judge` says of the signals of one interval."""

    interval: str
    horizons: tuple[int, ...]
    cost: float
    groups: tuple[GroupFigures, ...]
    deciles: tuple[Bucket, ...]
    indicators: tuple[Bucket, ...]
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Horizons in bars, ascending; `cost`: taken off every return, a fraction; `by`: one of BY or None."""

    horizons: tuple[int, ...] = (1, 4, 16, 96)
    cost: float = 0.0
    by: str | None = None
    draws: int = 2000

    def __post_init__(self) -> None:
        if self.by is not None and self.by not in BY:
            raise ConfigError(f"--by {self.by!r}: expected one of {', '.join(BY)}")
        if not self.horizons or min(self.horizons) < 1 or list(self.horizons) != sorted(set(self.horizons)):
            raise ConfigError(f"horizons {list(self.horizons)}: expected bars of 1 and more, ascending")


def judge(
    signals: Sequence[JudgedSignal],
    bars: Mapping[str, ClosedBars],
    settings: JudgeSettings,
    delisted: frozenset[str] = frozenset(),
) -> Judgement:
    """Judge signals of one interval; bars by symbol. The order in which they are given does not matter."""
    ordered = sorted(signals, key=lambda signal: (signal.ts_ms, signal.symbol, signal.sign))
    outcomes = outcomes_of(ordered, bars, settings.horizons, delisted)
    groups = [("all", outcomes), *_grouped(outcomes, settings.by)]
    spans = spans_of(outcomes)
    return Judgement(
        interval=ordered[0].interval if ordered else "",
        horizons=settings.horizons,
        cost=settings.cost,
        groups=tuple(_group(name, members, bars, spans, settings) for name, members in groups),
        deciles=_deciles(outcomes, settings),
        indicators=_by_indicator(outcomes, settings),
        outcomes=tuple(outcomes),
    )


def _grouped(outcomes: Sequence[Outcome], by: str | None) -> list[tuple[str, list[Outcome]]]:
    if by is None or by == "indicator":
        return []
    name_of: dict[str, Callable[[JudgedSignal], str]] = {
        "symbol": lambda signal: signal.symbol,
        "confidence": lambda signal: signal.confidence,
        "weight_set": lambda signal: signal.weight_set,
        "interval": lambda signal: signal.interval,
        "hour": lambda signal: f"{signal.ts_ms % DAY_MS // _HOUR_MS:02d} UTC",
    }
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        groups.setdefault(name_of[by](outcome.signal), []).append(outcome)
    return sorted(groups.items())


def _group(
    name: str,
    outcomes: list[Outcome],
    bars: Mapping[str, ClosedBars],
    spans: Spans,
    settings: JudgeSettings,
) -> GroupFigures:
    decided = [o for o in outcomes if o.touch in (Touch.TARGET, Touch.STOP, Touch.TIMEOUT)]
    shares = [
        _share(o.touch is touch for o in decided) for touch in (Touch.TARGET, Touch.STOP, Touch.TIMEOUT)
    ]
    return GroupFigures(
        name=name,
        n=len(outcomes),
        horizons=tuple(
            _horizon(outcomes, bars, spans, place, settings) for place in range(len(settings.horizons))
        ),
        mean_r=_mean([o.result - _cost_in_r(o, settings.cost) for o in decided]),
        mfe=_mean([o.mfe for o in outcomes if not math.isnan(o.mfe)]),
        mae=_mean([o.mae for o in outcomes if not math.isnan(o.mae)]),
        target_share=shares[0],
        stop_share=shares[1],
        timeout_share=shares[2],
        doubtful=sum(o.is_doubtful for o in outcomes),
        undecided=sum(o.touch is Touch.UNKNOWN for o in outcomes),
        void=sum(o.touch is Touch.VOID for o in outcomes),
        overlap=mean_overlap([o.signal for o in outcomes], settings.horizons[-1]),
    )


def _horizon(
    outcomes: list[Outcome],
    bars: Mapping[str, ClosedBars],
    spans: Spans,
    place: int,
    settings: JudgeSettings,
) -> HorizonFigures:
    horizon = settings.horizons[place]
    known = known_outcomes(outcomes, place)
    returns = np.array([o.returns[place] for o in known]) - settings.cost
    pool = baseline_pool(known, bars, horizon, spans)
    base = pool.values - settings.cost
    overlap = mean_overlap([o.signal for o in known], horizon)
    mean = _mean(returns.tolist())
    return HorizonFigures(
        horizon=horizon,
        n=len(known),
        n_eff=len(known) / overlap if known else 0.0,
        signals=_rates(returns, np.full(len(known), 1.0 / max(len(known), 1))),
        baseline=_rates(base, pool.weights),
        # The cost is the same on both sides.
        difference=mean + settings.cost - pool.mean,
        interval=difference_interval(known, bars, horizon, settings.horizons[-1], spans, settings.draws),
    )


def _rates(values: FloatArray, weights: FloatArray) -> Rates:
    if not len(values):
        return Rates(math.nan, math.nan, math.nan, math.nan)
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # Equal weights make the usual median: the mean of the two in the middle.
    lower = values[order][np.searchsorted(reached, 0.5 - 1e-9)]
    upper = values[order][min(int(np.searchsorted(reached, 0.5 + 1e-9)), len(values) - 1)]
    losses = -float(weights @ np.minimum(values, 0.0))
    return Rates(
        mean=float(values @ weights),
        median=float(lower + upper) / 2.0,
        hit_rate=float(weights @ (values > 0.0)),
        profit_factor=float(weights @ np.maximum(values, 0.0)) / losses if losses > 0.0 else math.nan,
    )


def _cost_in_r(outcome: Outcome, cost: float) -> float:
    return cost * outcome.signal.entry / outcome.signal.risk if cost else 0.0


def _bucket(name: str, outcomes: Sequence[Outcome], settings: JudgeSettings) -> Bucket:
    means = []
    for place in range(len(settings.horizons)):
        means.append(_mean([o.returns[place] - settings.cost for o in known_outcomes(outcomes, place)]))
    return Bucket(name, len(outcomes), tuple(means))


def _deciles(outcomes: Sequence[Outcome], settings: JudgeSettings) -> tuple[Bucket, ...]:
    """Return tenths by size of score; equal scores stay together, so there may be fewer."""
    sizes = np.array([round(abs(o.signal.score), 9) for o in outcomes])
    if not len(sizes):
        return ()
    edges = np.quantile(sizes, np.arange(1, DECILES) / DECILES, method="higher")
    tenths = np.searchsorted(np.unique(edges), sizes, side="left")
    buckets = []
    for tenth in np.unique(tenths):
        part = [o for o, place in zip(outcomes, tenths.tolist(), strict=True) if place == tenth]
        low, high = (float(f(sizes[tenths == tenth])) for f in (np.min, np.max))
        buckets.append(_bucket(f"{low:.3f} to {high:.3f}", part, settings))
    return tuple(buckets)


def _by_indicator(outcomes: Sequence[Outcome], settings: JudgeSettings) -> tuple[Bucket, ...]:
    buckets = []
    for name in INDICATORS:
        votes = [(o, (o.signal.votes.get(name) or 0) * o.signal.sign) for o in outcomes]
        for word, side in (("with", 1), ("against", -1), ("absent", 0)):
            part = [o for o, vote in votes if vote == side]
            buckets.append(_bucket(f"{name} {word}", part, settings))
    return tuple(buckets)


def _share(flags: Iterable[bool]) -> float:
    return _mean([float(flag) for flag in flags])


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
