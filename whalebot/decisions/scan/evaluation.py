"""What the scanner says about one symbol at one moment, and the event that is announced."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from whalebot.decisions.scan.values import BarValues


class Direction(Enum):
    """Which way a signal points."""

    LONG = "Long"
    SHORT = "Short"
    NONE = "none"

    @property
    def sign(self) -> int:
        """+1 for LONG, -1 for SHORT, 0 for NONE."""
        return 1 if self is Direction.LONG else -1 if self is Direction.SHORT else 0


class Confidence(Enum):
    """Class of a score's size."""

    LOW = "Low"
    MEDIUM = "Medium"
    HIGH = "High"

    @property
    def rank(self) -> int:
        """0 for LOW to 2 for HIGH."""
        return (Confidence.LOW, Confidence.MEDIUM, Confidence.HIGH).index(self)


class EventKind(Enum):
    """What happened to a signal. All but END are announced; END goes to the history and the table."""

    NEW = "new"
    FLIP = "flip"
    UPGRADE = "upgrade"
    END = "end"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Levels:
    """Entry, stop and target on the tick grid (the entry is the price itself), quote per base."""

    entry: Decimal
    stop: Decimal
    target: Decimal
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One symbol judged at one price.

    `ts_ms`: event time, ms UTC. `bar_start`: open of the bar in which it happened (ms UTC): the forming bar,
    or the bar that just closed. `votes`, `weights`: by indicator, in the weight set's order, only the active
    ones; a vote is -1, 0, +1 or None (not ready). `score`: -1 to +1, NaN where there is none. `agreement`:
    share of the ready weight that voted the signal's way, NaN without a signal. `levels` is None without a
    signal. `vwap`: live, with the forming bar. `reason`: why no signal was possible, else "".
    """

    symbol: str
    interval: str
    ts_ms: int
    bar_start: int
    price: Decimal
    score: float
    signal: Direction
    confidence: Confidence
    agreement: float
    votes: Mapping[str, int | None]
    weights: Mapping[str, float]
    weight_set: str
    warming_up: tuple[str, ...]
    bar: BarValues
    vwap: float
    levels: Levels | None
    reason: str
    config_hash: str

    @property
    def notes(self) -> tuple[str, ...]:
        """What was changed in the levels."""
        return self.levels.notes if self.levels is not None else ()


@dataclass(frozen=True, slots=True)
class ScanEvent:
    """An event of a symbol's signal. `id` is a function of symbol, interval, kind, state, bar and settings.

    `signal`, `confidence`: the state announced; for END that which ended. `evaluation`: at that moment.
    """

    id: str
    kind: EventKind
    signal: Direction
    confidence: Confidence
    evaluation: Evaluation
