"""Moods of a synthetic market: what each does to prices, how long it lasts and what follows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Regime(Enum):
    """State of the hidden Markov chain that drives all symbols."""

    RANGE = "range"
    TREND_UP = "trend_up"
    TREND_DOWN = "trend_down"
    CRASH = "crash"
    SQUEEZE = "squeeze"


@dataclass(frozen=True, slots=True)
class Climate:
    """One regime. `drift` per hour in usual hourly deviations, `pull` per hour towards the range's centre.

    `volatility` multiplies the deviation of returns; `dwell_h` is the mean stay; `followers` gives the
    chances of the next regime and adds up to 1.
    """

    drift: float
    pull: float
    volatility: float
    dwell_h: float
    followers: tuple[tuple[Regime, float], ...]


CLIMATES: Final = {
    Regime.RANGE: Climate(
        drift=0.0,
        pull=0.12,
        volatility=0.85,
        dwell_h=11.0,
        followers=(
            (Regime.TREND_UP, 0.40),
            (Regime.TREND_DOWN, 0.33),
            (Regime.CRASH, 0.04),
            (Regime.SQUEEZE, 0.23),
        ),
    ),
    Regime.TREND_UP: Climate(
        drift=0.55,
        pull=0.0,
        volatility=0.95,
        dwell_h=16.0,
        followers=(
            (Regime.TREND_DOWN, 0.20),
            (Regime.CRASH, 0.10),
            (Regime.SQUEEZE, 0.15),
            (Regime.RANGE, 0.55),
        ),
    ),
    Regime.TREND_DOWN: Climate(
        drift=-0.58,
        pull=0.0,
        volatility=1.05,
        dwell_h=14.0,
        followers=(
            (Regime.TREND_UP, 0.25),
            (Regime.CRASH, 0.07),
            (Regime.SQUEEZE, 0.13),
            (Regime.RANGE, 0.55),
        ),
    ),
    Regime.CRASH: Climate(
        drift=-1.7,
        pull=0.0,
        volatility=2.2,
        dwell_h=2.0,
        followers=((Regime.TREND_UP, 0.35), (Regime.TREND_DOWN, 0.25), (Regime.RANGE, 0.40)),
    ),
    Regime.SQUEEZE: Climate(
        drift=0.0,
        pull=0.2,
        volatility=0.5,
        dwell_h=8.0,
        followers=((Regime.TREND_UP, 0.50), (Regime.TREND_DOWN, 0.42), (Regime.RANGE, 0.08)),
    ),
}


def follower(regime: Regime, draw: float, level: float) -> Regime:
    """Return the regime after `regime`; `draw` is uniform in [0, 1).

    `level` is how far the market lies above its long-run mean (0.1: a tenth): the higher, the rarer is a
    trend up, so that prices stay near where they started however long the market runs.
    """
    lean = max(-0.8, min(0.8, 1.5 * level))
    weights = {Regime.TREND_UP: 1.0 - lean, Regime.TREND_DOWN: 1.0 + lean}
    chances = [(name, chance * weights.get(name, 1.0)) for name, chance in CLIMATES[regime].followers]
    left = draw * sum(chance for _, chance in chances)
    for name, chance in chances:
        left -= chance
        if left < 0.0:
            return name
    return chances[-1][0]
