"""What the analyzer says about one closed bar."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.domain.enums import Signal, Trend

VOLUME_FILTER = "Volume_Confirmation_Filter"


@dataclass(frozen=True, slots=True)
class TrendReading:
    """Trend of one higher timeframe by one indicator."""

    interval: str
    indicator: str
    trend: Trend


@dataclass(frozen=True, slots=True)
class Analysis:
    """The score of one closed bar and everything that made it.

    `close_ms` (ms UTC) is the decision time. `breakdown` holds (weight name, contribution) in scoring order,
    the volume filter last under VOLUME_FILTER; its left-to-right sum is `score`. `warming` names groups with
    a NaN input on this bar, `without_input` groups whose input does not exist (no book). `may_enter` is
    False until the warm-up is over. `atr` is in quote, 0.0 while warming. `threshold` is the score that an
    entry needed on this bar.
    """

    symbol: str
    interval: str
    open_ms: int
    close_ms: int
    close: Decimal
    volume: float
    score: float
    breakdown: tuple[tuple[str, float], ...]
    signal: Signal
    trends: tuple[TrendReading, ...]
    atr: float
    warming: tuple[str, ...]
    without_input: tuple[str, ...]
    may_enter: bool
    threshold: float
