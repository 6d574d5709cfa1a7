"""How much to trade: risk money over what a full stop costs, capped by margin, notional and the venue."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from whalebot.decisions.risk.costs import round_trip_cost
from whalebot.decisions.risk.settings import TradeSettings
from whalebot.domain.instrument import Instrument


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
    margin_per_unit = facts.price * (1.0 / float(rules.leverage) + 2.0 * rules.costs.taker_fee)
    caps = [
        (wanted, ""),
        (facts.available / margin_per_unit, "available margin"),
        (float(instrument.max_market_qty), "maxMktOrderQty"),
        (float(instrument.max_qty), "maxOrderQty"),
    ]
    if facts.max_notional is not None:
        caps.append((float(facts.max_notional) / facts.price, "max_position_notional"))
    size, limited_by = min(caps, key=lambda cap: cap[0])
    qty = instrument.floor_size(size)
    return _check_minimums(qty, limited_by, facts, instrument, per_unit, rules)


def _check_minimums(
    qty: Decimal,
    limited_by: str,
    facts: SizingFacts,
    instrument: Instrument,
    per_unit: float,
    rules: TradeSettings,
) -> Sized | TooSmall:
    least_by_notional = float(instrument.min_notional) / facts.price
    if qty >= instrument.min_qty and float(qty) * facts.price >= float(instrument.min_notional):
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
