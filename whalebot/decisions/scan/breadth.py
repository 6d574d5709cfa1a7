"""The market as a whole: how many point each way, and one symbol over several frames."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from whalebot.decisions.scan.evaluation import Direction
from whalebot.decisions.scan.ranking import Row


@dataclass(frozen=True, slots=True)
class Breadth:
    """Counts of signals, share of symbols above their EMA (0 to 1) and median RSI; None without a value."""

    long: int
    short: int
    none: int
    above_ema: float | None
    median_rsi: float | None


def breadth(rows: Iterable[Row]) -> Breadth:
    """Return the breadth of the rows of a table."""
    listed = list(rows)
    signals = [row["signal"] for row in listed]
    distances = [value for row in listed if isinstance(value := row["ema_distance"], float)]
    strengths = [value for row in listed if isinstance(value := row["rsi"], float)]
    return Breadth(
        signals.count(Direction.LONG.value),
        signals.count(Direction.SHORT.value),
        signals.count(Direction.NONE.value),
        sum(value > 0.0 for value in distances) / len(distances) if distances else None,
        statistics.median(strengths) if strengths else None,
    )


def confluence(scores: Mapping[str, float | None], frame_weights: Mapping[str, float]) -> float | None:
    """Return the weighted mean of a symbol's scores by interval; a frame without a weight counts 1.

    Frames that have no score yet (None or NaN) are left out; None where nothing is left.
    """
    known = {
        frame: score for frame, score in scores.items() if isinstance(score, float | int) and score == score
    }
    weight = sum(frame_weights.get(frame, 1.0) for frame in known)
    if weight <= 0.0:
        return None
    return sum(frame_weights.get(frame, 1.0) * score for frame, score in known.items()) / weight
