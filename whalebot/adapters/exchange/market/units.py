"""Exact integers for prices and volumes of one symbol, and the way back to Decimal."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_TURNOVER_DECIMALS: Final = 4


def decimals_of(value: Decimal) -> int:
    """Return how many decimals a value needs, trailing zeros left out."""
    exponent = value.normalize().as_tuple().exponent
    return max(-exponent, 0) if isinstance(exponent, int) else 0


def to_units(value: Decimal, decimals: int) -> int:
    """Return value × 10^decimals. Raises ValueError where that is not whole."""
    scaled = value.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{value} has more than {decimals} decimals")
    return int(scaled)


def tick_units(tick: Decimal, units: Units) -> int:
    """Return a tick in units of price: one unit where it is finer. Raises ValueError if they do not match."""
    ticks = tick / units.price_unit
    if ticks != ticks.to_integral_value() and units.price_unit % tick:
        raise ValueError(f"a tick of {tick} and prices in steps of {units.price_unit} do not match")
    return max(int(ticks), 1)


@dataclass(frozen=True, slots=True)
class Units:
    """How integers of one symbol are read: a price is n × price_unit, a volume n × volume_unit.

    `step_units` is the grid of traded volumes, in volume units; a turnover n is n × turnover_unit, and
    units of price × units of volume × turnover_scale is a turnover.
    """

    price_decimals: int
    volume_decimals: int
    price_unit: Decimal
    volume_unit: Decimal
    step_units: int
    turnover_unit: Decimal
    turnover_scale: float

    def split(self, volume: int) -> tuple[int, int, int, int]:
        """Return the volume of the four points of a bar, on the step grid but for what the data adds."""
        steps = volume // self.step_units
        outer, inner = steps * 2 // 10 * self.step_units, steps * 3 // 10 * self.step_units
        return outer, inner, inner, volume - outer - 2 * inner


def make_units(price_decimals: int, volume_decimals: int, step_units: int = 1) -> Units:
    """Return the units of prices and volumes with so many decimals."""
    power = _TURNOVER_DECIMALS - price_decimals - volume_decimals
    return Units(
        price_decimals=price_decimals,
        volume_decimals=volume_decimals,
        price_unit=Decimal(1).scaleb(-price_decimals),
        volume_unit=Decimal(1).scaleb(-volume_decimals),
        step_units=step_units,
        turnover_unit=Decimal(1).scaleb(-_TURNOVER_DECIMALS),
        turnover_scale=10.0**power if power >= 0 else 1.0 / 10.0**-power,
    )
