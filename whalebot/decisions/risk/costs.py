"""What a trade costs before it earns anything."""

from __future__ import annotations

from whalebot.decisions.risk.settings import CostSettings

# One basis point of the price on top of half the spread: what a small market order usually pays.
_EXTRA_SLIPPAGE = 1e-4


def slippage_per_unit(price: float, tick: float, spread: float | None, costs: CostSettings) -> float:
    """Return the expected slippage of one fill, in quote per base.

    price: quote per base; tick: the instrument's tick; spread: ask - bid in quote, None when unknown.
    """
    if costs.slippage is not None:
        return price * costs.slippage
    return (tick if spread is None else spread) / 2.0 + price * _EXTRA_SLIPPAGE


def round_trip_cost(price: float, tick: float, spread: float | None, costs: CostSettings) -> float:
    """Return what opening and closing one unit costs, in quote: two taker fees and one fill's slippage."""
    return price * (2.0 * costs.taker_fee) + slippage_per_unit(price, tick, spread, costs)


def cost_in_r(price: float, atr: float, stop_atr: float, cost: float) -> float:
    """Return a round trip's cost as a multiple of R, where R is stop distance plus that cost."""
    return cost / (stop_atr * atr + cost)
