"""A pure schedule: which market instant is due after so much real time. It reads no clock, never sleeps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from whalebot.domain.errors import ConfigError

_MAX: Final = "max"


@dataclass(frozen=True, slots=True)
class Speed:
    """Market milliseconds per real millisecond; None is "max": as fast as consumers take it."""

    factor: float | None

    @property
    def is_max(self) -> bool:
        """True when nothing but the consumers holds the market back."""
        return self.factor is None


def parse_speed(text: str) -> Speed:
    """Read "1", "3600", "0.5" or "max". Raises ConfigError for anything else."""
    if text.strip().lower() == _MAX:
        return Speed(None)
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0.0 < factor <= 1e9:
        raise ConfigError(f'--speed {text!r}: expected a number above 0 (1 = real time) or "max"')
    return Speed(factor)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Maps elapsed real ms (any monotonic clock's) to the market instant that is due.

    `anchor_market_ms` was due at `anchor_real_ms`; while paused the market stands there. Changing anything
    returns a new schedule that goes on from the instant due at the time of the change.
    """

    anchor_market_ms: int
    speed: Speed
    anchor_real_ms: float = 0.0
    is_paused: bool = False

    def due_ms(self, real_ms: float) -> int | None:
        """Return the market instant due at `real_ms`; None when there is no limit (speed max, not paused)."""
        if self.is_paused:
            return self.anchor_market_ms
        if self.speed.factor is None:
            return None
        return self.anchor_market_ms + int(max(real_ms - self.anchor_real_ms, 0.0) * self.speed.factor)

    def real_ms_until(self, market_ms: int, real_ms: float) -> float | None:
        """Return how many real ms after `real_ms` the instant is due: 0 if it is, None while paused."""
        if self.is_paused:
            return None
        if self.speed.factor is None:
            return 0.0
        due_at = self.anchor_real_ms + (market_ms - self.anchor_market_ms) / self.speed.factor
        return max(due_at - real_ms, 0.0)

    def paused(self, real_ms: float, market_ms: int) -> Schedule:
        """Return the schedule that stands still at `market_ms` (the market's `now_ms`)."""
        return replace(self, anchor_market_ms=market_ms, anchor_real_ms=real_ms, is_paused=True)

    def resumed(self, real_ms: float) -> Schedule:
        """Return the schedule that runs on from where it stands."""
        if not self.is_paused:
            return self
        return replace(self, anchor_real_ms=real_ms, is_paused=False)

    def with_speed(self, speed: Speed, real_ms: float, market_ms: int) -> Schedule:
        """Return the schedule that runs on from `market_ms` at another speed."""
        return replace(self, anchor_market_ms=market_ms, anchor_real_ms=real_ms, speed=speed)
