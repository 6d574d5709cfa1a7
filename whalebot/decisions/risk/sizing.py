"""How much to trade: risk money over what a full stop costs, capped by margin, notional and the venue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from whalebot.decisions.risk.costs import round_trip_cost
from whalebot.decisions.risk.settings import TradeSettings
from whalebot.domain.instrument import Instrument

_CAPS: Final = ("", "available margin", "maxMktOrderQty", "maxOrderQty", "max_position_notional")


def capped_size(
    by_risk: float, by_margin: float, max_market: float, max_order: float, by_notional: float
) -> tuple[float, int]:
    """Return the least size, in base, and the number of the one that binds (the first of equals).

    A plain function of numbers: the compiled pass of a backtest runs it too.
    """
    size, cap = by_risk, 0
    if by_margin < size:
        size, cap = by_margin, 1
    if max_market < size:
        size, cap = max_market, 2
    if max_order < size:
        size, cap = max_order, 3
    if by_notional < size:
        size, cap = by_notional, 4
    return size, cap


def margin_per_unit(price: float, leverage: float, taker_fee: float) -> float:
    """Return the margin that one unit takes while its order is placed, in quote. Plain numbers."""
    return price * (1.0 / leverage + 2.0 * taker_fee)


def is_accepted(qty: float, price: float, min_qty: float, min_notional: float) -> bool:
    """Tell whether the venue takes an order that small. Plain numbers."""
    return qty >= min_qty and qty * price >= min_notional


@dataclass(frozen=True, slots=True)
class Sized:
    """A quantity on the step grid that the venue accepts. `limited_by` names the cap that bound, or ""."""

    qty: Decimal
    limited_by: str


@dataclass(frozen=True, slots=True)
class TooSmall:
    """No order: `rule` names the venue's minimum, `needed_equity` (quote) what would reach it."""

    rule: str
    detail: str
    needed_equity: float


@dataclass(frozen=True, slots=True)
class SizingFacts:
    """Numbers of the decision. Money in quote; `price` is the decision bar's close."""

    equity: float
    available: float
    price: float
    atr: float
    spread: float | None
    max_notional: Decimal | None


def size_entry(facts: SizingFacts, instrument: Instrument, rules: TradeSettings) -> Sized | TooSmall:
    """Return the entry quantity so that a full stop, costs included, loses the risk share of equity."""
    tick = float(instrument.tick_size)
    cost = round_trip_cost(facts.price, tick, facts.spread, rules.costs)
    per_unit = rules.stop_loss_atr * facts.atr + cost
    wanted = facts.equity * rules.risk_per_trade / per_unit
    margin = margin_per_unit(facts.price, float(rules.leverage), rules.costs.taker_fee)
    size, cap = capped_size(
        wanted,
        facts.available / margin,
        float(instrument.max_market_qty),
        float(instrument.max_qty),
        float("inf") if facts.max_notional is None else float(facts.max_notional) / facts.price,
    )
    qty = instrument.floor_size(size)
    return _check_minimums(qty, _CAPS[cap], facts, instrument, per_unit, rules)


def _check_minimums(
    qty: Decimal,
    limited_by: str,
    facts: SizingFacts,
    instrument: Instrument,
    per_unit: float,
    rules: TradeSettings,
) -> Sized | TooSmall:
    least_by_notional = float(instrument.min_notional) / facts.price
    if is_accepted(float(qty), facts.price, float(instrument.min_qty), float(instrument.min_notional)):
        return Sized(qty, limited_by)
    rule = "minOrderQty" if qty < instrument.min_qty else "minNotionalValue"
    needed_qty = max(float(instrument.min_qty), least_by_notional)
    steps = -(-needed_qty // float(instrument.qty_step))
    needed = steps * float(instrument.qty_step) * per_unit / rules.risk_per_trade
    detail = (
        f"{rules.risk_per_trade:.2%} of {facts.equity:.2f} at this ATR is {qty} {instrument.symbol}, below "
        f"{rule} (min {instrument.min_qty}, {instrument.min_notional} notional); needs {needed:.0f} equity"
        + (f"; limited by {limited_by}" if limited_by else "")
    )
    return TooSmall(rule, detail, needed)
