"""Axes of a chart: where ticks stand, how they are labelled, and fewer points for long curves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from whalebot.domain.intervals import DAY_MS

_HOUR_MS: Final = DAY_MS // 24
_TIME_STEPS_MS: Final = tuple(hours * _HOUR_MS for hours in (1, 3, 6, 12, 24, 48, 96, 168, 336))
_MONTH_STEPS: Final = (1, 2, 3, 6, 12, 24, 60)


@dataclass(frozen=True, slots=True)
class Panel:
    """A rectangle of a drawing and the values at its edges."""

    left: float
    top: float
    width: float
    height: float
    x_low: float
    x_high: float
    y_low: float
    y_high: float

    def x(self, value: float) -> float:
        """Return the horizontal place of a value."""
        return self.left + (value - self.x_low) / ((self.x_high - self.x_low) or 1) * self.width

    def y(self, value: float) -> float:
        """Return the vertical place of a value, low values at the bottom."""
        return self.top + (self.y_high - value) / ((self.y_high - self.y_low) or 1) * self.height


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round values that cover [low, high] from within or at the edges, about `count` of them."""
    if high <= low:
        return [low]
    step = _round_up((high - low) / count)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def widened(low: float, high: float, count: int = 5) -> tuple[float, float]:
    """Return the range of round values that encloses [low, high]."""
    if high <= low:
        return low - 1, high + 1
    step = _round_up((high - low) / count)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def time_ticks(start_ms: int, end_ms: int, count: int = 8) -> list[tuple[int, str]]:
    """Return times on round hours, days or months (UTC) within [start, end], with labels."""
    span = max(1, end_ms - start_ms)
    for step in _TIME_STEPS_MS:
        if span / step <= count:
            first = -(-start_ms // step) * step
            return [(ts, _label(ts, step)) for ts in range(first, end_ms + 1, step)]
    months = next((m for m in _MONTH_STEPS if span / (m * 30.4 * DAY_MS) <= count), _MONTH_STEPS[-1])
    return _month_ticks(start_ms, end_ms, months)


def thinned(values: Sequence[tuple[int, float]], limit: int = 1200) -> list[tuple[int, float]]:
    """Return at most about `limit` points of a curve; the lowest and highest of each stretch stay."""
    if len(values) <= limit:
        return list(values)
    stretch = math.ceil(len(values) / (limit / 3))
    kept: list[tuple[int, float]] = [values[0]]
    for start in range(1, len(values), stretch):
        part = values[start : start + stretch]
        low = min(range(len(part)), key=lambda i: part[i][1])
        high = max(range(len(part)), key=lambda i: part[i][1])
        kept.extend(part[i] for i in sorted({low, high, len(part) - 1}))
    return kept


def tick_label(value: float, step: float) -> str:
    """Return a number with the decimals that its step needs."""
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0
    return f"{value + 0.0:,.{min(decimals + (step * 10**decimals % 1 > 1e-9), 8)}f}".replace("-", "−")


def _round_up(step: float) -> float:
    scale = 10.0 ** math.floor(math.log10(step))
    return next(f * scale for f in (1, 2, 2.5, 5, 10) if f * scale >= step * (1 - 1e-9))


def _label(ts_ms: int, step_ms: int) -> str:
    at = datetime.fromtimestamp(ts_ms / 1000, UTC)
    if step_ms < DAY_MS and at.hour:
        return at.strftime("%H:%M")
    return f"{at.day} {at:%b}"


def _month_ticks(start_ms: int, end_ms: int, months: int) -> list[tuple[int, str]]:
    at = datetime.fromtimestamp(start_ms / 1000, UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    found: list[tuple[int, str]] = []
    while (ts_ms := round(at.timestamp() * 1000)) <= end_ms:
        if ts_ms >= start_ms and (at.year * 12 + at.month - 1) % months == 0:
            found.append((ts_ms, f"{at:%b} {at.year}" if at.month == 1 or not found else f"{at:%b}"))
        at = (at + timedelta(days=32)).replace(day=1)
    return found
