"""Signals against "every bar": the same symbols, period and mix of directions, and how sure a difference is.

A return over h bars is the sum of h steps, each known in its own bar. Summed by bar instead of by signal, the
overlap of signals is no longer a dependence between numbers: what is left is resampled in blocks of bars.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from whalebot.domain.intervals import interval_ms
from whalebot.indicators.arrays import FloatArray
from whalebot.scanner.judge_outcomes import ClosedBars, JudgedSignal, Outcome

DRAWS: Final = 2000
RANDOM_STATE: Final = 20_240_101
_LOW, _HIGH = 2.5, 97.5
_NORMAL: Final = 1.959964


Spans: TypeAlias = Mapping[str, tuple[int, int]]
"""First and last row, both included, of the bars that make a symbol's baseline."""


class Interval(NamedTuple):
    """A 95 % interval; NaN where it cannot be told."""

    low: float
    high: float


UNKNOWN: Final = Interval(math.nan, math.nan)


class Pool(NamedTuple):
    """Returns of the baseline with the weight of each; weights sum to 1."""

    values: FloatArray
    weights: FloatArray

    @property
    def mean(self) -> float:
        """Weighted mean, NaN without a value."""
        return float(self.values @ self.weights) if len(self.values) else math.nan


@dataclass(frozen=True, slots=True)
class _Mix:
    """One symbol's share: rows of the bars that count, longs and shorts among its signals."""

    bars: ClosedBars
    first: int
    end: int
    longs: int
    shorts: int


def known_outcomes(outcomes: Sequence[Outcome], place: int) -> list[Outcome]:
    """Return the outcomes whose return at the horizon of that place is known."""
    return [o for o in outcomes if not math.isnan(o.returns[place])]


def spans_of(outcomes: Sequence[Outcome]) -> Spans:
    """Return for each symbol the rows from its first signal to its last, both included."""
    rows: dict[str, list[int]] = {}
    for outcome in outcomes:
        if outcome.row >= 0:
            rows.setdefault(outcome.signal.symbol, []).append(outcome.row)
    return {symbol: (min(found), max(found)) for symbol, found in rows.items()}


def baseline_pool(
    outcomes: Sequence[Outcome], bars: Mapping[str, ClosedBars], horizon: int, spans: Spans
) -> Pool:
    """Return what every bar of the symbols' spans would have brought.

    outcomes: known at that horizon. Each symbol and direction weighs as many as its signals.
    """
    values, weights = [], []
    total = len(outcomes)
    for mix in _mixes(outcomes, bars, horizon, spans):
        forward = mix.bars.close[mix.first + horizon : mix.end + horizon]
        moved = forward / mix.bars.close[mix.first : mix.end] - 1.0
        for sign, count in ((1.0, mix.longs), (-1.0, mix.shorts)):
            if count:
                values.append(sign * moved)
                weights.append(np.full(len(moved), count / total / len(moved)))
    if not values:
        return Pool(np.zeros(0), np.zeros(0))
    return Pool(np.concatenate(values), np.concatenate(weights))


def difference_interval(
    outcomes: Sequence[Outcome],
    bars: Mapping[str, ClosedBars],
    horizon: int,
    block: int,
    spans: Spans,
    draws: int = DRAWS,
    random_state: int = RANDOM_STATE,
) -> Interval:
    """Return where mean return less baseline lies, by a moving-block bootstrap over the bars.

    outcomes: known at that horizon, of one interval. block: bars that stay together; blocks run on from the
    last bar to the first, so that every bar counts alike. Not known below two blocks of bars.
    """
    if not outcomes:
        return UNKNOWN
    steps, counts, base = _by_bar(outcomes, bars, horizon, spans)
    size = len(steps)
    blocks = size / block
    if blocks < 2.0:
        return UNKNOWN
    starts = np.random.default_rng(random_state).integers(0, size, size=(draws, -(-size // block)))
    scale = size / (starts.shape[1] * block)
    told = _block_sums(counts, block)[starts].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = _block_sums(steps, block)[starts].sum(axis=1) / told
    drawn = means - scale * _block_sums(base, block)[starts].sum(axis=1)
    mean = steps.sum() / counts.sum()
    found = float(mean - base.sum())
    low, high = np.percentile(drawn[told > 0.0], (_LOW, _HIGH))
    wider = _few_blocks(blocks, _block_sums((steps - mean * counts) / counts.sum() - base, block))
    return Interval(found + wider * (float(low) - found), found + wider * (float(high) - found))


def _few_blocks(blocks: float, sums: FloatArray) -> float:
    """Return how much wider an interval is where its spread comes of few blocks, or of a few large ones.

    Student's quantile over the normal one (first term of its expansion), times the usual n/(n - 1). sums: of
    every block; the heavier their tails, the fewer of them count.
    """
    apart = (sums - sums.mean()) ** 2
    spread = float(apart.mean())
    tails = float((apart**2).mean()) / spread**2 if spread > 0.0 else 3.0
    free = max(1.0, 2.0 * (blocks - 1.0) / max(tails - 1.0, 2.0))
    return (1.0 + (_NORMAL**2 + 1.0) / (4.0 * free)) * math.sqrt(blocks / (blocks - 1.0))


def mean_overlap(signals: Sequence[JudgedSignal], horizon: int) -> float:
    """Return how many signals of its own symbol are running while one runs, itself included; 1: none overlap.

    Each runs for `horizon` bars.
    """
    lives: dict[str, list[int]] = {}
    for signal in signals:
        lives.setdefault(signal.symbol, []).append(signal.bar_start_ms // interval_ms(signal.interval))
    running = []
    for begins in lives.values():
        first = min(begins)
        change = np.zeros(max(begins) - first + horizon + 1)
        np.add.at(change, np.array(begins) - first, 1.0)
        np.add.at(change, np.array(begins) - first + horizon, -1.0)
        sums = np.concatenate(([0.0], np.cumsum(np.cumsum(change))))
        running += [(sums[b - first + horizon] - sums[b - first]) / horizon for b in begins]
    return float(np.mean(running)) if running else math.nan


def _mixes(
    outcomes: Sequence[Outcome], bars: Mapping[str, ClosedBars], horizon: int, spans: Spans
) -> Iterator[_Mix]:
    for symbol in dict.fromkeys(outcome.signal.symbol for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.signal.symbol == symbol]
        first, last = spans[symbol]
        longs = sum(outcome.signal.sign > 0 for outcome in own)
        end = min(last + 1, len(bars[symbol].close) - horizon)
        yield _Mix(bars[symbol], first, end, longs, len(own) - longs)


def _by_bar(
    outcomes: Sequence[Outcome], bars: Mapping[str, ClosedBars], horizon: int, spans: Spans
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return by bar of the common clock: steps of the signals' returns, signals told, baseline's steps."""
    length = interval_ms(outcomes[0].signal.interval)
    opens = [int(bars[o.signal.symbol].open_ms[o.row]) // length for o in outcomes]
    mixes = list(_mixes(outcomes, bars, horizon, spans))
    clock = min(int(mix.bars.open_ms[mix.first]) // length for mix in mixes)
    size = max(int(mix.bars.open_ms[mix.end + horizon - 1]) // length for mix in mixes) - clock + 1
    steps, counts, base = np.zeros(size), np.zeros(size), np.zeros(size)
    for outcome, at in zip(outcomes, opens, strict=True):
        signal, row = outcome.signal, outcome.row
        path = bars[signal.symbol].close[row : row + horizon + 1].copy()
        path[0] = signal.entry
        place = at - clock
        steps[place + 1 : place + 1 + horizon] += signal.sign * np.diff(path) / signal.entry
        counts[place] += 1.0
    for mix in mixes:
        _add_baseline(base, mix, horizon, len(outcomes), clock, length)
    return steps, counts, base


def _add_baseline(base: FloatArray, mix: _Mix, horizon: int, total: int, clock: int, length: int) -> None:
    held = mix.end - mix.first
    close = mix.bars.close[mix.first : mix.end + horizon]
    # A step from one close to the next belongs to every bar that began its run in the `horizon` before.
    begun = np.concatenate(([0.0], np.cumsum(1.0 / close[:held]), np.zeros(horizon - 1)))
    begun[held + 1 :] = begun[held]
    since = begun[1:] - np.concatenate((np.zeros(horizon), begun[1:]))[: len(begun) - 1]
    moved = np.diff(close) * since
    share = (mix.longs - mix.shorts) / total / held
    places = mix.bars.open_ms[mix.first + 1 : mix.end + horizon] // length - clock
    np.add.at(base, places, share * moved)


def _block_sums(values: FloatArray, block: int) -> FloatArray:
    around = np.concatenate(([0.0], np.cumsum(np.concatenate((values, values[: block - 1])))))
    return np.asarray(around[block:] - around[:-block])
