"""How trades lie in time and size: streaks, exposure, groups, distribution."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from whalebot.decisions.performance.totals import Totals
from whalebot.domain.intervals import DAY_MS, iso_utc
from whalebot.domain.trade import ClosedTrade

_BINS: Final = 20
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MINUTE_MS: Final = 60_000
_HOUR_MS: Final = 3_600_000
_HOLDING_MS: Final = (
    ("0-5m", 5 * _MINUTE_MS),
    ("5-15m", 15 * _MINUTE_MS),
    ("15-60m", _HOUR_MS),
    ("1-4h", 4 * _HOUR_MS),
    ("4-12h", 12 * _HOUR_MS),
    ("12-24h", DAY_MS),
    ("1-3d", 3 * DAY_MS),
    ("3d+", math.inf),
)
_NICE_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Streaks:
    """Longest runs of wins and of losses. A break-even trade neither ends nor lengthens a run."""

    wins: int
    losses: int


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values lie in [low, high)."""

    low: float
    high: float
    count: int


def streaks(trades: Iterable[ClosedTrade]) -> Streaks:
    """Return the longest runs, taking trades in the order they ended."""
    longest = {1: 0, -1: 0}
    run, direction = 0, 0
    for trade in sorted(trades, key=lambda one: one.exit_ms):
        sign = (trade.pnl > 0) - (trade.pnl < 0)
        if sign == 0:
            continue
        run = run + 1 if sign == direction else 1
        direction = sign
        longest[sign] = max(longest[sign], run)
    return Streaks(longest[1], longest[-1])


def exposure(trades: Iterable[ClosedTrade]) -> float:
    """Return the share of time (0 to 1) with a position open, from first entry to last exit; NaN of nothing.

    Positions side by side count once.
    """
    spans = sorted((trade.entry_ms, trade.exit_ms) for trade in trades)
    if not spans:
        return math.nan
    covered, reached = 0, spans[0][0]
    for entry_ms, exit_ms in spans:
        covered += max(0, exit_ms - max(entry_ms, reached))
        reached = max(reached, exit_ms)
    whole = reached - spans[0][0]
    return covered / whole if whole else math.nan


def group_totals(trades: Iterable[ClosedTrade], key: Callable[[ClosedTrade], str]) -> dict[str, Totals]:
    """Return the totals of each group, by name of the group in alphabetical order."""
    groups: dict[str, Totals] = {}
    for trade in trades:
        name = key(trade)
        groups[name] = groups.get(name, Totals()).plus(trade)
    return dict(sorted(groups.items()))


def exit_day(trade: ClosedTrade) -> str:
    """Return the date (UTC) on which a trade ended, "2026-01-31"."""
    return iso_utc(trade.exit_ms)[:10]


def entry_hour(trade: ClosedTrade) -> str:
    """Return the hour of the day (UTC) in which a trade was entered, "00" to "23"."""
    return f"{trade.entry_ms % DAY_MS // _HOUR_MS:02d}"


def by_weekday(trades: Iterable[ClosedTrade]) -> dict[str, Totals]:
    """Return the totals by the weekday (UTC) of the entry, Monday first, days without a trade left out."""
    # The epoch was a Thursday.
    return _in_order(group_totals(trades, lambda one: WEEKDAYS[(one.entry_ms // DAY_MS + 3) % 7]), WEEKDAYS)


def by_holding(trades: Iterable[ClosedTrade]) -> dict[str, Totals]:
    """Return the totals by the time from first to last fill, shortest first."""
    names = tuple(name for name, _ in _HOLDING_MS)
    return _in_order(group_totals(trades, _holding), names)


def _holding(trade: ClosedTrade) -> str:
    held_ms = trade.exit_ms - trade.entry_ms
    return next(name for name, below in _HOLDING_MS if held_ms < below)


def _in_order(groups: dict[str, Totals], names: Sequence[str]) -> dict[str, Totals]:
    return {name: groups[name] for name in names if name in groups}


def exit_month(trade: ClosedTrade) -> str:
    """Return year and month (UTC) in which a trade ended, "2026-01"."""
    return iso_utc(trade.exit_ms)[:7]


def distribution(values: Sequence[float]) -> list[Bin]:
    """Return a histogram of about twenty equal bins whose edges are round numbers, zero among them."""
    if not values:
        return []
    step = _nice_step((max(values) - min(values)) / _BINS)
    first, last = math.floor(min(values) / step), math.floor(max(values) / step)
    counts = [0] * (last - first + 1)
    for value in values:
        counts[math.floor(value / step) - first] += 1
    return [Bin((first + i) * step, (first + i + 1) * step, count) for i, count in enumerate(counts)]


def _nice_step(wanted: float) -> float:
    if wanted <= 0:
        return 1.0
    scale = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * scale for factor in _NICE_STEPS if factor * scale >= wanted * (1 - 1e-12))
