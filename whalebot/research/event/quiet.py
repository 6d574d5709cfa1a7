"""How far a position stays silent: between which prices neither exchange nor engine would act."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from whalebot.adapters.exchange.core.market import Band
from whalebot.decisions.risk.costs import round_trip_cost
from whalebot.decisions.risk.settings import TradeSettings
from whalebot.decisions.risk.stops import next_trigger, stop_levels
from whalebot.domain.enums import Side
from whalebot.domain.instrument import Instrument
from whalebot.domain.state import PositionMemory
from whalebot.engine.ledger import entry_price

# Prices this close to a limit count as having reached it: being played needlessly changes nothing.
_SLACK: Final = 1e-10
_FIRST_LOOK: Final = 64
_WIDER: Final = 4


@dataclass(frozen=True, slots=True)
class Limits:
    """Prices at which something may happen to the position of `side`; between them nothing does.

    `is_loud`: something may happen at any price. `best` is not reached but passed: the best price so far,
    which a stop follows.
    """

    side: Side
    high: float
    low: float
    mark_high: float
    mark_low: float
    is_loud: bool


class Prices(Protocol):
    """The extremes of the bars of a symbol, (n,) float64."""

    @property
    def highs(self) -> NDArray[np.float64]:
        """Highest last prices."""

    @property
    def lows(self) -> NDArray[np.float64]:
        """Lowest last prices."""

    @property
    def mark_highs(self) -> NDArray[np.float64]:
        """Highest mark prices."""

    @property
    def mark_lows(self) -> NDArray[np.float64]:
        """Lowest mark prices."""


def limits_of(
    memory: PositionMemory, bands: tuple[Band, Band], instrument: Instrument, rules: TradeSettings
) -> Limits:
    """Return how far a position stays silent, by the exchange's quiet bands and the rules of its stop."""
    last, mark = bands
    high, low = float(last.high) * (1 - _SLACK), float(last.low) * (1 + _SLACK)
    trigger, is_waiting = _stop_limit(memory, instrument, rules)
    if memory.side is Side.BUY:
        high = min(high, trigger)
    else:
        low = max(low, trigger)
    return Limits(
        side=memory.side,
        high=high,
        low=low,
        mark_high=float(mark.high) * (1 - _SLACK),
        mark_low=float(mark.low) * (1 + _SLACK),
        is_loud=is_waiting,
    )


def _stop_limit(memory: PositionMemory, instrument: Instrument, rules: TradeSettings) -> tuple[float, bool]:
    """Return the price that would move the stop, and whether a better level waits already."""
    sign, best, stop = memory.side.sign, memory.best_price, memory.stop
    if best is None or stop is None or memory.initial_stop is None:
        return 0.0, True
    entry, stops = float(entry_price(memory)), rules.stops
    if rules.native_trailing:
        stops = replace(stops, trailing=False)
    cost = round_trip_cost(entry, float(instrument.tick_size), None, rules.costs)
    levels = stop_levels(sign, entry, float(best), memory.atr, cost, stops)
    rounded = (instrument.stop_level(level, memory.side) for level in levels)
    if any(sign * (level - stop) > 0 for level in rounded):
        return 0.0, True
    trigger = next_trigger(sign, entry, float(best), memory.atr, stops)
    if trigger == float(best):
        # What has been seen moves nothing; the next price beyond it does.
        return trigger * (1 + sign * _SLACK), False
    return trigger * (1 - sign * _SLACK), False


def first_loud(prices: Prices, limits: Limits, first: int, until: int) -> int:
    """Return the first of the bars first..until-1 that reaches a limit, `until` where none does."""
    has_mark = prices.mark_highs is not prices.highs
    high, low = limits.high, limits.low
    if not has_mark:
        high, low = min(high, limits.mark_high), max(low, limits.mark_low)
    row, size = first, _FIRST_LOOK
    while row < until:
        end = min(row + size, until)
        loud = (prices.highs[row:end] >= high) | (prices.lows[row:end] <= low)
        if has_mark:
            loud |= prices.mark_highs[row:end] >= limits.mark_high
            loud |= prices.mark_lows[row:end] <= limits.mark_low
        at = int(loud.argmax())
        if loud[at]:
            return row + at
        row, size = end, size * _WIDER
    return until
