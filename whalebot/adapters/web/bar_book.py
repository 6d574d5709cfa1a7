"""The last bars of every symbol and timeframe, and what was thought of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from whalebot.domain.analysis import Analysis
from whalebot.domain.market import Candle

MOST_BARS: Final = 1000


@dataclass(frozen=True, slots=True)
class FarBars:
    """Bars that are read when they are asked for. `opens`: all open times, ms UTC, ascending; `read` returns
    the bars of rows begin to end - 1.
    """

    opens: Sequence[int]
    read: Callable[[int, int], list[Candle]]


@dataclass(slots=True)
class _Series:
    """Closed bars by their open, oldest first; the bar in progress."""

    closed: dict[int, Candle] = field(default_factory=dict)
    forming: Candle | None = None
    far: FarBars | None = None


class BarBook:
    """Keeps `most` bars a series. Only what the venue sent; a hole stays a hole."""

    def __init__(self, most: int = MOST_BARS) -> None:
        self._most = most
        self._series: dict[tuple[str, str], _Series] = {}
        self._analyses: dict[str, dict[int, Analysis]] = {}

    def add(self, candles: Iterable[Candle]) -> None:
        """Take closed bars, in any order; a bar that is known is replaced."""
        for candle in candles:
            series = self._series.setdefault((candle.symbol, candle.interval), _Series())
            newest = next(reversed(series.closed), None)
            series.closed[candle.open_ms] = candle
            if newest is not None and candle.open_ms < newest:
                series.closed = dict(sorted(series.closed.items()))
            while len(series.closed) > self._most:
                del series.closed[next(iter(series.closed))]
            if series.forming is not None and series.forming.open_ms <= candle.open_ms:
                series.forming = None

    def set_forming(self, candle: Candle) -> None:
        """Take the bar in progress; one that is over already is left out."""
        series = self._series.setdefault((candle.symbol, candle.interval), _Series())
        newest = next(reversed(series.closed), -1)
        if candle.open_ms > newest and candle != series.forming:
            series.forming = candle

    def judge(self, analysis: Analysis) -> None:
        """Take the analysis of a bar."""
        known = self._analyses.setdefault(analysis.symbol, {})
        known[analysis.open_ms] = analysis
        while len(known) > self._most:
            del known[next(iter(known))]

    def timeframes(self, symbol: str) -> list[str]:
        """Return the timeframes that have bars of a symbol."""
        return [interval for name, interval in self._series if name == symbol]

    def put_far(self, symbol: str, interval: str, far: FarBars) -> None:
        """Take a long history in the place of bars in memory."""
        self._series[symbol, interval] = _Series(far=far)

    def closed(
        self, symbol: str, interval: str, most: int = MOST_BARS, before_ms: int | None = None
    ) -> list[Candle]:
        """Return the newest closed bars that open before a time, oldest first."""
        series = self._series.get((symbol, interval))
        if series is None:
            return []
        if series.far is not None:
            opens = series.far.opens
            end = len(opens) if before_ms is None else bisect_left(opens, before_ms)
            return series.far.read(max(0, end - most), end)
        known = list(series.closed.values())
        if before_ms is not None:
            known = [candle for candle in known if candle.open_ms < before_ms]
        return known[-most:]

    def forming(self, symbol: str, interval: str) -> Candle | None:
        """Return the bar in progress."""
        series = self._series.get((symbol, interval))
        return None if series is None else series.forming

    def analysis_of(self, candle: Candle) -> Analysis | None:
        """Return what this run thought of a bar."""
        found = self._analyses.get(candle.symbol, {}).get(candle.open_ms)
        return found if found is not None and found.interval == candle.interval else None

    def analyses(self, symbol: str) -> list[Analysis]:
        """Return the analyses of this run, oldest first."""
        return list(self._analyses.get(symbol, {}).values())
