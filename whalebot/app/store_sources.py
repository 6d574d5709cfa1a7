"""What a backtest reads of the kept history, where no files are given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from whalebot.decisions.analysis.resample import can_resample
from whalebot.domain.errors import ConfigError
from whalebot.domain.intervals import interval_ms
from whalebot.research.reading import Source
from whalebot.research.store.layout import Kind, Series, series_in


def sources_of(root: Path, symbols: Collection[str], intervals: Sequence[str]) -> list[Source]:
    """Return the kept history of symbols (none: of all), with funding and mark prices where they are kept.

    The finest bars that make every interval are taken. Raises ConfigError where there are none.
    """
    kept = list(series_in(root))
    wanted = sorted(symbols) or sorted({s.symbol for s in kept if s.kind is Kind.BARS})
    if not wanted:
        raise ConfigError(
            f"{root}: no history is kept there; give files with --data, or fetch some: whalebot data download"
        )
    return [_source(root, symbol, [s for s in kept if s.symbol == symbol], intervals) for symbol in wanted]


def _source(root: Path, symbol: str, kept: Sequence[Series], intervals: Sequence[str]) -> Source:
    bars = [
        s
        for s in kept
        if s.kind is Kind.BARS and all(s.step == i or can_resample(s.step, i) for i in intervals)
    ]
    if not bars:
        have = ", ".join(s.step for s in kept if s.kind is Kind.BARS) or "none"
        raise ConfigError(
            f"{root / symbol}: no bars that make interval {', '.join(intervals)} (kept: {have}); fetch them: "
            f"whalebot data download --symbols {symbol} --interval {intervals[0]} --from DAY"
        )
    best = min(bars, key=lambda series: interval_ms(series.step))
    mark = Series(symbol, Kind.MARK, best.step)
    funding = Series(symbol, Kind.FUNDING)
    return Source(
        symbol,
        best.folder(root),
        funding.folder(root) if funding in kept else None,
        mark.folder(root) if mark in kept else None,
    )
