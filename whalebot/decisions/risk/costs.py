"""What a trade costs before it earns anything."""

from __future__ import annotations

from whalebot.decisions.risk.settings import CostSettings

NAN = float("nan")
# One basis point of the price on top of half the spread: what a small market order usually pays.
_EXTRA_SLIPPAGE = 1e-4


def expected_slippage(price: float, width: float, share: float) -> float:
    """Return the expected slippage of one fill, in quote per base.

    width: the spread, where it is unknown one tick, in quote; share: fixed slippage as a fraction of the
    price, NaN where none is fixed. A plain function of numbers: the compiled pass of a backtest runs it too.
    """
    if share == share:
        return price * share
    return width / 2.0 + price * _EXTRA_SLIPPAGE


def full_cost(price: float, taker_fee: float, slippage: float) -> float:
    """Return two taker fees and one fill's slippage per unit, in quote. Plain numbers, see above."""
    return price * (2.0 * taker_fee) + slippage


def slippage_per_unit(price: float, tick: float, spread: float | None, costs: CostSettings) -> float:
    """Return the expected slippage of one fill, in quote per base.

    price: quote per base; tick: the instrument's tick; spread: ask - bid in quote, None when unknown.
    """
    share = NAN if costs.slippage is None else costs.slippage
    return expected_slippage(price, tick if spread is None else spread, share)


def round_trip_cost(price: float, tick: float, spread: float | None, costs: CostSettings) -> float:
    """Return what opening and closing one unit costs, in quote: two taker fees and one fill's slippage."""
    return full_cost(price, costs.taker_fee, slippage_per_unit(price, tick, spread, costs))


def cost_in_r(price: float, atr: float, stop_atr: float, cost: float) -> float:
    """Return a round trip's cost as a multiple of R, where R is stop distance plus that cost."""
    return cost / (stop_atr * atr + cost)
