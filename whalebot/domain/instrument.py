"""One perpetual and the grid of its orders: every rounding of a price or a quantity happens here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, Decimal

from whalebot.domain.enums import Side

# A float level this close to a grid point (in ticks or steps) is that grid point: float noise must not
# decide whether a stop lies one tick further away.
_GRID_TOLERANCE = 1e-6


def whole_steps(level: float, step: float, down: bool) -> int:
    """Return a computed level in whole ticks or steps, rounded down or up; noise at a grid point is none."""
    if down:
        return math.floor(level / step + _GRID_TOLERANCE)
    return math.ceil(level / step - _GRID_TOLERANCE)


@dataclass(frozen=True, slots=True)
class Instrument:
    """Order rules of one symbol. Prices: quote per base. Quantities: base. Notional: quote.

    Raises ValueError when a tick, step or limit is not positive.
    """

    symbol: str
    tick_size: Decimal
    qty_step: Decimal
    min_qty: Decimal
    max_qty: Decimal
    max_market_qty: Decimal
    min_notional: Decimal
    max_leverage: Decimal
    funding_interval_min: int = 480
    status: str = "Trading"

    def __post_init__(self) -> None:
        if min(self.tick_size, self.qty_step, self.min_qty, self.max_qty, self.max_market_qty) <= 0:
            raise ValueError(f"{self.symbol}: tick_size, qty_step, min_qty and max_qty must be positive")

    def floor_price(self, price: Decimal) -> Decimal:
        """Round down to the tick grid."""
        return _to_grid(price, self.tick_size, ROUND_FLOOR)

    def ceil_price(self, price: Decimal) -> Decimal:
        """Round up to the tick grid."""
        return _to_grid(price, self.tick_size, ROUND_CEILING)

    def floor_qty(self, qty: Decimal) -> Decimal:
        """Round a quantity towards zero, so that rounding never enlarges a risk."""
        return _to_grid(qty, self.qty_step, ROUND_DOWN)

    def floor_level(self, level: float) -> Decimal:
        """Put a computed level on the grid, downwards; float noise at a grid point is not a tick."""
        return whole_steps(level, float(self.tick_size), True) * self.tick_size

    def ceil_level(self, level: float) -> Decimal:
        """Put a computed level on the grid, upwards; float noise at a grid point is not a tick."""
        return whole_steps(level, float(self.tick_size), False) * self.tick_size

    def stop_level(self, level: float, position_side: Side) -> Decimal:
        """Round a stop away from the price: down for a long, up for a short (never tighter than asked)."""
        return self.floor_level(level) if position_side is Side.BUY else self.ceil_level(level)

    def target_level(self, level: float, position_side: Side) -> Decimal:
        """Round a target away from the entry: up for a long, down for a short."""
        return self.ceil_level(level) if position_side is Side.BUY else self.floor_level(level)

    def floor_size(self, qty: float) -> Decimal:
        """Turn a computed size into a quantity on the step grid, rounded down; below zero is zero."""
        return max(whole_steps(qty, float(self.qty_step), True), 0) * self.qty_step


def _to_grid(value: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (value / step).to_integral_value(rounding) * step
