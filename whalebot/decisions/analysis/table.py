"""Scores of a whole history at once: every indicator, contribution, score and signal of every closed bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from whalebot.decisions.analysis.bars import Bars, close_times, data_set_starts
from whalebot.decisions.analysis.columns import COLUMN_NAMES, Columns, compute_columns
from whalebot.decisions.analysis.resample import can_resample, resample
from whalebot.decisions.analysis.scoring import Scorer, make_scorer, threshold_history
from whalebot.decisions.analysis.settings import IndicatorSettings, MtfSettings, ScoringSettings
from whalebot.decisions.analysis.signal import signal_codes, signal_of
from whalebot.decisions.analysis.timeframes import usable_timeframes
from whalebot.decisions.analysis.trends import balance_history, trend_history, trend_of
from whalebot.domain.analysis import Analysis, TrendReading
from whalebot.domain.errors import ConfigError
from whalebot.domain.market import Candle
from whalebot.indicators.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One row per closed bar; arrays of equal length.

    `close_ms` is the decision time, ms UTC. `breakdown` holds the contributions by name in scoring order, the
    volume filter last; added left to right they are `score`, to the bit. `signal` is +1 BUY, -1 SELL, 0 HOLD.
    `trends` holds +1, -1, 0 or NaN (unknown) by (interval, indicator). `threshold` is what an entry needs on
    the bar, `may_enter` False until the warm-up is over. `data_sets` are the rows at which a data set begins.
    """

    interval: str
    bars: Bars
    close_ms: IntArray
    columns: Columns
    breakdown: Mapping[str, FloatArray]
    score: FloatArray
    threshold: FloatArray
    signal: NDArray[np.int8]
    trends: Mapping[tuple[str, str], FloatArray]
    may_enter: NDArray[np.bool_]
    warming: Mapping[str, NDArray[np.bool_]]
    outside: Mapping[str, str]
    data_sets: tuple[int, ...]
    notices: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.bars)

    @property
    def without_input(self) -> tuple[str, ...]:
        """Groups that had no input on any bar: no book in a bar file, no trend ever known."""
        return tuple(
            name
            for name, column in self.outside.items()
            if bool(np.isnan(getattr(self.columns, column)).all())
        )

    def analysis(self, row: int, candle: Candle) -> Analysis:
        """Return a row as the analysis of its candle, as a live analyzer would have given it."""
        atr = float(np.asarray(self.columns.atr)[row])
        return Analysis(
            symbol=candle.symbol,
            interval=self.interval,
            open_ms=int(self.bars.open_ms[row]),
            close_ms=int(self.close_ms[row]),
            close=candle.close,
            volume=float(self.bars.volume[row]),
            score=float(self.score[row]),
            breakdown=tuple((name, float(entry[row])) for name, entry in self.breakdown.items()),
            signal=signal_of(int(self.signal[row])),
            trends=tuple(TrendReading(*key, trend_of(codes[row])) for key, codes in self.trends.items()),
            atr=atr if atr == atr else 0.0,
            warming=tuple(name for name, mask in self.warming.items() if mask[row]),
            without_input=tuple(
                name for name, column in self.outside.items() if np.isnan(getattr(self.columns, column)[row])
            ),
            may_enter=bool(self.may_enter[row]),
            threshold=float(self.threshold[row]),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return everything as a frame with the bars' open times (UTC) as index."""
        import pandas as pd

        data: dict[str, NDArray[np.generic]] = {"high": self.bars.high, "low": self.bars.low}
        data |= dict(self.columns.arrays())
        data |= {f"group.{name}": entry for name, entry in self.breakdown.items()}
        data |= {f"trend.{interval}.{name}": codes for (interval, name), codes in self.trends.items()}
        data |= {"score": self.score, "threshold": self.threshold, "signal": self.signal}
        data |= {"may_enter": self.may_enter}
        index = pd.to_datetime(self.bars.open_ms, unit="ms", utc=True).rename("open_time")
        return pd.DataFrame(data, index=index)


def score_history(
    bars: Bars,
    interval: str,
    scoring: ScoringSettings,
    indicators: IndicatorSettings,
    mtf: MtfSettings,
    higher: Mapping[str, Bars] | None = None,
    imbalance: FloatArray | None = None,
    starts: IntArray | None = None,
) -> ScoreTable:
    """Score every bar of a history, oldest first.

    higher: bars of the higher timeframes, which may begin earlier; those not given are made from `bars`.
    imbalance: the book's imbalance at each close, NaN where unknown, None without a book. starts: rows at
    which a data set begins, where finer data showed the gaps; found in `bars` by default. Nothing learnt in
    one data set is used in the next. Raises ConfigError when volume delta is to come from trades, which bars
    do not have.
    """
    if scoring.volume_delta_source != "klines":
        raise ConfigError(
            "volume_delta_source: 'trades' needs recorded trades, a history of bars has none; set 'klines'"
        )
    run = _Run(bars, interval, scoring, indicators, mtf, higher or {})
    rows = data_set_starts(bars.open_ms, interval, interval) if starts is None else starts
    edges = [*np.asarray(rows).tolist(), len(bars)]
    for first, end in pairwise(edges):
        run.score_data_set(first, end, imbalance)
    return run.table(tuple(edges[:-1]))


class _Run:
    """The arrays of one table while its data sets are filled in."""

    def __init__(
        self,
        bars: Bars,
        interval: str,
        scoring: ScoringSettings,
        indicators: IndicatorSettings,
        mtf: MtfSettings,
        higher: Mapping[str, Bars],
    ) -> None:
        self._bars, self._interval = bars, interval
        self._scoring, self._indicators, self._mtf, self._given = scoring, indicators, mtf, higher
        self._watched, dropped = usable_timeframes(interval, mtf)
        self._scorer: Scorer = make_scorer(scoring, indicators, bool(self._watched))
        self._notices = dropped
        count = len(bars)
        self._close_ms = close_times(bars.open_ms, interval)
        self._columns: Columns | None = None
        self._breakdown = {name: np.empty(count) for name in self._scorer.names}
        self._score, self._threshold = np.empty(count), np.empty(count)
        self._signal = np.zeros(count, dtype=np.int8)
        self._may_enter = np.zeros(count, dtype=np.bool_)
        self._trends = {
            (name, indicator): np.full(count, np.nan)
            for name in self._watched
            for indicator in mtf.trend_indicators
        }
        self._warming: dict[str, NDArray[np.bool_]] = {}
        for name in self._watched:
            if name not in higher and not can_resample(interval, name):
                self._notices.append(f"timeframe {name} cannot be made from bars of {interval}: unknown")

    def score_data_set(self, first: int, end: int, imbalance: FloatArray | None) -> None:
        part = self._bars.part(first, end)
        columns = compute_columns(
            part, self._interval, self._indicators, self._scoring.dynamic_threshold.mean_period
        )
        trends = trend_history(
            self._higher_of(part, first), self._close_ms[first:end], self._mtf, self._indicators
        )
        columns.mtf_balance = balance_history(trends, len(part))
        if imbalance is not None:
            columns.orderbook_imbalance = np.asarray(imbalance[first:end], dtype=np.float64)
        for key, codes in trends.items():
            self._trends[key][first:end] = codes
        entries = {name: entry[first:end] for name, entry in self._breakdown.items()}
        self._score[first:end] = self._scorer.score_history(columns, entries)
        self._threshold[first:end] = threshold_history(columns, self._scoring)
        self._follow_warm_up(columns, first, end)
        self._signal[first:end] = signal_codes(
            self._score[first:end],
            self._threshold[first:end],
            self._scoring.hysteresis_ratio,
            self._may_enter[first:end],
        )
        self._keep(columns, first, end)

    def _keep(self, columns: Columns, first: int, end: int) -> None:
        if end - first == len(self._bars):
            self._columns = columns
            return
        if self._columns is None:
            self._columns = _empty_columns(len(self._bars))
        for (_, kept), (_, new) in zip(self._columns.arrays(), columns.arrays(), strict=True):
            kept[first:end] = new

    def _higher_of(self, part: Bars, first: int) -> dict[str, Bars]:
        found = {}
        for name in self._watched:
            if name in self._given:
                bars = self._given[name]
                begin = int(np.searchsorted(bars.open_ms, part.open_ms[0])) if first else 0
                found[name] = bars.part(begin, len(bars))
            elif can_resample(self._interval, name):
                found[name] = resample(part, self._interval, name)
        return found

    def _follow_warm_up(self, columns: Columns, first: int, end: int) -> None:
        warm = ~np.isnan(np.asarray(columns.atr))
        for name, mask in self._scorer.warming_history(columns).items():
            if name not in self._warming:
                self._warming[name] = np.zeros(len(self._bars), dtype=np.bool_)
            self._warming[name][first:end] = mask
            warm &= ~mask
        both = np.zeros(len(warm), dtype=np.bool_)
        both[1:] = warm[1:] & warm[:-1]
        self._may_enter[first:end] = np.maximum.accumulate(both)

    def table(self, data_sets: tuple[int, ...]) -> ScoreTable:
        return ScoreTable(
            interval=self._interval,
            bars=self._bars,
            close_ms=self._close_ms,
            columns=self._columns or _empty_columns(len(self._bars)),
            breakdown=self._breakdown,
            score=self._score,
            threshold=self._threshold,
            signal=self._signal,
            trends=self._trends,
            may_enter=self._may_enter,
            warming=self._warming,
            outside={group.name: group.outside for group, _ in self._scorer.groups if group.outside},
            data_sets=data_sets,
            notices=tuple(self._notices),
        )


def _empty_columns(bars: int) -> Columns:
    return Columns(*(np.empty(bars) for _ in COLUMN_NAMES))
