"""What of a signal's life is announced: new, flip, upgrade, end, repeat; by event time alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

from whalebot.decisions.scan.evaluation import Confidence, Direction, Evaluation, EventKind, ScanEvent
from whalebot.decisions.scan.settings import AUTO, LOW_VOLATILITY, ScanSettings
from whalebot.domain.intervals import bar_close_ms

EMITTED: Final = frozenset({EventKind.NEW, EventKind.FLIP, EventKind.UPGRADE, EventKind.REPEAT})
"""Kinds that make an output; END goes to the history and the table only."""
_VERSION: Final = 1


@dataclass(slots=True)
class _Standing:
    """`held`: the signal as it stands; `announced`: the one that was told and has not ended.

    `highest`: best confidence told of it. `long_bar`, `short_bar`: the bar in which that way was last told.
    """

    held: str = Direction.NONE.value
    announced: str = Direction.NONE.value
    confidence: str = Confidence.LOW.value
    highest: str = Confidence.LOW.value
    since_bar: int = -1
    told_ms: int = -1
    shown_ms: int = -1
    long_bar: int = -1
    short_bar: int = -1
    weight_set: str = ""


class Happening(NamedTuple):
    """What happened to a signal; `signal` and `confidence` are those announced, or those that ended."""

    kind: EventKind
    signal: Direction
    confidence: Confidence


def make_event(happening: Happening, evaluation: Evaluation) -> ScanEvent:
    """Return the event of what happened at an evaluation."""
    return ScanEvent(_event_id(*happening, evaluation), *happening, evaluation)


class Announcer:
    """The signal of every symbol and what was told of it. Not safe for several threads."""

    def __init__(self, settings: ScanSettings) -> None:
        self._settings = settings
        self._hold: dict[str, _Standing] = {}

    def held(self, symbol: str, interval: str) -> Direction:
        """Return the signal as it stands, told or not; the hysteresis of the next score leans on it."""
        standing = self._hold.get(_key(symbol, interval))
        return Direction(standing.held) if standing else Direction.NONE

    def weight_set(self, symbol: str, interval: str) -> str:
        """Return the weight set in force for a symbol; the one of the settings unless they choose it."""
        if self._settings.active_weight_set != AUTO:
            return self._settings.active_weight_set
        standing = self._hold.get(_key(symbol, interval))
        is_known = standing is not None and standing.weight_set in self._settings.weight_sets
        return standing.weight_set if standing is not None and is_known else LOW_VOLATILITY

    def set_weight_set(self, symbol: str, interval: str, weight_set: str) -> None:
        """Keep the weight set chosen at a bar's close."""
        self._standing(symbol, interval).weight_set = weight_set

    def step(self, evaluation: Evaluation) -> ScanEvent | None:
        """Take the next evaluation of a symbol, in the order of event time; return what happened, if any."""
        e = evaluation
        happening = self.take(
            e.symbol, e.interval, e.signal, e.confidence, bar_start=e.bar_start, ts_ms=e.ts_ms
        )
        return None if happening is None else make_event(happening, evaluation)

    def take(
        self,
        symbol: str,
        interval: str,
        signal: Direction,
        confidence: Confidence,
        *,
        bar_start: int,
        ts_ms: int,
    ) -> Happening | None:
        """Take the next state of a symbol and return what happened to its signal; see `step`."""
        standing = self._standing(symbol, interval)
        kind = self._kind(standing, signal, confidence, bar_start, ts_ms)
        happening = None if kind is None else Happening(kind, signal, confidence)
        if kind is EventKind.END:
            happening = Happening(kind, Direction(standing.announced), Confidence(standing.confidence))
            standing.announced = Direction.NONE.value
        elif kind is not None:
            self._tell(standing, kind, signal, confidence, bar_start)
            standing.told_ms = standing.shown_ms = ts_ms
        standing.held = signal.value
        standing.confidence = confidence.value
        return happening

    def snapshot_due(self, symbol: str, interval: str, ts_ms: int) -> bool:
        """True where a symbol's unchanged state may be shown again; then its clock starts afresh."""
        standing = self._standing(symbol, interval)
        wait = self._settings.output_throttle_seconds * 1000.0
        if standing.shown_ms >= 0 and ts_ms - standing.shown_ms < wait:
            return False
        standing.shown_ms = ts_ms
        return True

    def age_bars(self, symbol: str, interval: str, bar_start: int) -> int | None:
        """Return how many bars ago the standing signal was told, None without one."""
        standing = self._hold.get(_key(symbol, interval))
        if standing is None or standing.announced == Direction.NONE.value:
            return None
        if bar_start <= standing.since_bar:
            return 0
        length = bar_close_ms(standing.since_bar, interval) - standing.since_bar
        return round((bar_start - standing.since_bar) / length)

    def forget(self, symbol: str) -> None:
        """Drop a symbol that is no longer scanned, in every interval."""
        self._hold = {key: held for key, held in self._hold.items() if key.partition("/")[0] != symbol}

    def to_dict(self) -> dict[str, Any]:
        """Return the state as plain values for JSON."""
        return {"version": _VERSION, "signals": {key: asdict(held) for key, held in self._hold.items()}}

    @classmethod
    def from_dict(cls, settings: ScanSettings, state: Mapping[str, Any]) -> Announcer:
        """Return an announcer that goes on where `to_dict` left off. Raises ValueError where it cannot."""
        if state.get("version") != _VERSION:
            raise ValueError(f"scan state: version {state.get('version')!r}, expected {_VERSION}")
        announcer = cls(settings)
        try:
            for key, held in state["signals"].items():
                standing = _Standing(**held)
                Direction(standing.held), Direction(standing.announced)
                Confidence(standing.confidence), Confidence(standing.highest)
                announcer._hold[key] = standing
        except (AttributeError, KeyError, TypeError, ValueError) as e:
            raise ValueError(f"scan state: damaged: {e}") from e
        return announcer

    def _standing(self, symbol: str, interval: str) -> _Standing:
        return self._hold.setdefault(_key(symbol, interval), _Standing())

    def _kind(
        self, standing: _Standing, signal: Direction, confidence: Confidence, bar_start: int, ts_ms: int
    ) -> EventKind | None:
        told = Direction(standing.announced)
        if signal is Direction.NONE:
            return EventKind.END if told is not Direction.NONE else None
        if told is Direction.NONE:
            # After an end the same way is told once a bar, however often the score crosses the threshold.
            last = standing.long_bar if signal is Direction.LONG else standing.short_bar
            return EventKind.NEW if bar_start > last else None
        if told is not signal:
            return EventKind.FLIP
        if confidence.rank > Confidence(standing.highest).rank:
            return EventKind.UPGRADE
        again = self._settings.signal_config.signal_repeat_seconds * 1000.0
        return EventKind.REPEAT if again > 0.0 and ts_ms - standing.told_ms >= again else None

    @staticmethod
    def _tell(
        standing: _Standing, kind: EventKind, signal: Direction, confidence: Confidence, bar_start: int
    ) -> None:
        if kind in (EventKind.NEW, EventKind.FLIP):
            standing.announced, standing.since_bar = signal.value, bar_start
            standing.highest = confidence.value
            if signal is Direction.LONG:
                standing.long_bar = bar_start
            else:
                standing.short_bar = bar_start
        elif kind is EventKind.UPGRADE:
            standing.highest = confidence.value


def _key(symbol: str, interval: str) -> str:
    return f"{symbol}/{interval}"


def _event_id(kind: EventKind, signal: Direction, confidence: Confidence, evaluation: Evaluation) -> str:
    parts = (
        evaluation.symbol,
        evaluation.interval,
        kind.value,
        signal.value,
        confidence.value,
        str(evaluation.bar_start),
        evaluation.config_hash,
    )
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]
