"""What came after each signal: returns after so many bars, excursions in R, and which level was met first."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

import numpy as np

from whalebot.decisions.scan.evaluation import Direction
from whalebot.decisions.scan.record import SignalRecord
from whalebot.domain.intervals import bar_close_ms, bar_open_ms
from whalebot.indicators.arrays import FloatArray, IntArray
from whalebot.scanner.history import ms_of

JUDGED_EVENTS: Final = frozenset({"new", "flip"})


class ClosedBars(Protocol):
    """Closed bars of one symbol, ascending: `open_ms` int64 (ms UTC), prices float64, equal lengths."""

    @property
    def interval(self) -> str:
        """Interval name of the venue."""

    @property
    def open_ms(self) -> IntArray:
        """Opening times."""

    @property
    def high(self) -> FloatArray:
        """Highs."""

    @property
    def low(self) -> FloatArray:
        """Lows."""

    @property
    def close(self) -> FloatArray:
        """Closes."""


class Touch(Enum):
    """Which level was met first. UNKNOWN: the bars do not reach far enough yet; VOID: they never will."""

    TARGET = "target"
    STOP = "stop"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class JudgedSignal:
    """A signal as it was announced. Prices as float64, quote per base; `sign` +1 Long, -1 Short."""

    symbol: str
    interval: str
    sign: int
    entry: float
    stop: float
    target: float
    bar_start_ms: int
    ts_ms: int
    score: float
    confidence: str
    weight_set: str
    votes: Mapping[str, int | None]
    weights: Mapping[str, float | None]

    @property
    def risk(self) -> float:
        """Distance from entry to stop: 1 R."""
        return abs(self.entry - self.stop)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came after one signal.

    `returns`: signed, one per horizon, fractions, NaN where the bar has not closed or is missing. `mfe`,
    `mae`: best and worst excursion up to the last horizon, in R, both >= 0. `result`: R at the level met
    first, or at the last horizon. `is_doubtful`: both levels lay in one bar, taken as the stop. `row`: of
    the signal's bar, -1 where it is missing.
    """

    signal: JudgedSignal
    returns: tuple[float, ...]
    mfe: float
    mae: float
    touch: Touch
    result: float
    is_doubtful: bool
    row: int


def signals_of(records: Iterable[SignalRecord]) -> list[JudgedSignal]:
    """Return the signals to judge, `new` and `flip`, of records of the history, by time.

    One without a price or a score cannot be judged and is left out.
    """
    found = [
        _signal(record, record.entry_price, record.normalized_score)
        for record in records
        if record.event in JUDGED_EVENTS and record.entry_price and record.normalized_score is not None
    ]
    return sorted(found, key=lambda signal: (signal.ts_ms, signal.symbol))


def outcomes_of(
    signals: Sequence[JudgedSignal],
    bars: Mapping[str, ClosedBars],
    horizons: Sequence[int],
    delisted: frozenset[str] = frozenset(),
) -> list[Outcome]:
    """Return what came after each signal, in their order; bars by symbol, all of the signals' interval.

    horizons: bars, ascending. delisted: symbols that will have no more bars.
    """
    return [
        outcome_of(signal, bars.get(signal.symbol), horizons, is_delisted=signal.symbol in delisted)
        for signal in signals
    ]


def outcome_of(
    signal: JudgedSignal, bars: ClosedBars | None, horizons: Sequence[int], *, is_delisted: bool = False
) -> Outcome:
    """Return what came after one signal: the bar after the one it was announced in is the first."""
    last = horizons[-1]
    row = -1 if bars is None else _row_of(bars.open_ms, signal.bar_start_ms)
    if bars is None or row < 0:
        touch = Touch.VOID if is_delisted else Touch.UNKNOWN
        missing = tuple(math.nan for _ in horizons)
        return Outcome(signal, missing, math.nan, math.nan, touch, math.nan, False, -1)
    # A hole ends what may be known: a bar of another time must not stand in for a missing one.
    known = unbroken_bars(bars, row, last)
    closes = bars.close[row + 1 : row + 1 + known]
    returns = tuple(
        float(signal.sign * (closes[h - 1] / signal.entry - 1.0)) if h <= known else math.nan
        for h in horizons
    )
    above = (bars.high[row + 1 : row + 1 + known] - signal.entry) * signal.sign
    below = (bars.low[row + 1 : row + 1 + known] - signal.entry) * signal.sign
    best, worst = np.maximum(above, below), np.minimum(above, below)
    touch, result, is_doubtful = _first_touch(signal, best, worst, closes, last, is_delisted)
    full = known == last and signal.risk > 0.0
    mfe = max(0.0, float(best.max())) / signal.risk if full else math.nan
    mae = max(0.0, -float(worst.min())) / signal.risk if full else math.nan
    return Outcome(signal, returns, mfe, mae, touch, result, is_doubtful, row)


def unbroken_bars(bars: ClosedBars, row: int, limit: int) -> int:
    """Return how many bars follow a row one after the other without a hole, at most `limit`."""
    times = bars.open_ms[row : row + limit + 1]
    if bars.interval == "M":
        expected = [int(times[0])]
        while len(expected) < len(times):
            expected.append(bar_close_ms(expected[-1], "M"))
    else:
        step = bar_close_ms(int(times[0]), bars.interval) - int(times[0])
        expected = (times[0] + step * np.arange(len(times))).tolist()
    wrong = np.flatnonzero(times != np.asarray(expected))
    return int(wrong[0]) - 1 if len(wrong) else len(times) - 1


def _first_touch(
    signal: JudgedSignal,
    best: FloatArray,
    worst: FloatArray,
    closes: FloatArray,
    last: int,
    is_delisted: bool,
) -> tuple[Touch, float, bool]:
    reward = abs(signal.target - signal.entry)
    if signal.risk <= 0.0:
        return Touch.UNKNOWN, math.nan, False
    stopped, paid = worst <= -signal.risk, best >= reward
    met = np.flatnonzero(stopped | paid)
    if len(met):
        first = int(met[0])
        if stopped[first]:
            return Touch.STOP, -1.0, bool(paid[first])
        return Touch.TARGET, reward / signal.risk, False
    if len(closes) < last:
        return (Touch.VOID if is_delisted else Touch.UNKNOWN), math.nan, False
    return Touch.TIMEOUT, float(signal.sign * (closes[-1] - signal.entry)) / signal.risk, False


def _row_of(open_ms: IntArray, at_ms: int) -> int:
    row = int(np.searchsorted(open_ms, at_ms))
    return row if row < len(open_ms) and int(open_ms[row]) == at_ms else -1


def _signal(record: SignalRecord, entry: float, score: float) -> JudgedSignal:
    nan = math.nan
    return JudgedSignal(
        symbol=record.symbol,
        interval=record.interval,
        sign=Direction(record.signal_type).sign,
        entry=float(entry),
        stop=nan if record.stop_loss is None else float(record.stop_loss),
        target=nan if record.take_profit is None else float(record.take_profit),
        bar_start_ms=bar_open_ms(ms_of(record.bar_start), record.interval),
        ts_ms=ms_of(record.timestamp),
        score=float(score),
        confidence=record.confidence,
        weight_set=record.weight_set,
        votes=record.votes,
        weights=record.weights,
    )
