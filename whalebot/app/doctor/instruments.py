"""Judges each symbol: rules, fees, costs, and whether an order of the configured risk is big enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from whalebot.adapters.bybit.preflight import FeeFacts, PositionFacts
from whalebot.app.config.convert import cost_settings, guardrail_settings, to_decimal, trade_settings
from whalebot.app.config.document import Config
from whalebot.app.doctor.findings import Finding, fail, ok, warn
from whalebot.decisions.risk.costs import cost_in_r, round_trip_cost
from whalebot.decisions.risk.sizing import SizingFacts, TooSmall, size_entry
from whalebot.domain.instrument import Instrument


@dataclass(frozen=True, slots=True)
class Market:
    """The present market of a symbol: last close and ATR of the configured interval, in quote."""

    price: float
    atr: float


def judge_rules(instrument: Instrument, config: Config) -> Iterator[Finding]:
    """Yield whether a symbol can be traded at the configured leverage."""
    name = instrument.symbol
    if instrument.status != "Trading":
        yield fail(name, f"status {instrument.status}", "no entry is made until it trades; or remove it")
    leverage = to_decimal(config.trade_management.leverage)
    if leverage > instrument.max_leverage:
        advice = f"set trade_management.leverage to {instrument.max_leverage} or less"
        yield fail(name, f"leverage {leverage} is above the venue's {instrument.max_leverage}", advice)


def judge_position_mode(name: str, facts: PositionFacts, config: Config) -> Iterator[Finding]:
    """Yield how positions are held and whether the leverage will be changed."""
    mode = "hedge mode" if facts.is_hedge else "one-way mode"
    leverage = to_decimal(config.trade_management.leverage)
    if facts.leverage is None or facts.leverage == leverage:
        yield ok(name, f"{mode}, leverage {leverage}")
    else:
        yield ok(name, f"{mode}, leverage {facts.leverage.normalize():f}; set to {leverage} at the start")


def judge_fees(name: str, fees: FeeFacts, config: Config) -> Finding:
    """Return whether sizing and cost gate count with the fees that the account pays."""
    expected = cost_settings(config)
    text = f"fees {fees.taker:.4%} taker, {fees.maker:.4%} maker"
    if abs(float(fees.taker) - expected.taker_fee) > 1e-9:
        advice = f"set trade_management.trading_fee_percent to {(fees.taker * 100).normalize():f}"
        return warn(name, f"{text}; sizes are computed with {expected.taker_fee:.4%}", advice)
    return ok(name, text)


def judge_size(
    instrument: Instrument, market: Market, equity: Decimal, available: Decimal, config: Config
) -> Finding:
    """Return whether the configured risk buys an order that the venue takes."""
    facts = SizingFacts(
        equity=float(equity),
        available=float(available),
        price=market.price,
        atr=market.atr,
        spread=None,
        max_notional=guardrail_settings(config).max_position_notional,
    )
    sized = size_entry(facts, instrument, trade_settings(config))
    if isinstance(sized, TooSmall):
        advice = "more equity, more risk_per_trade_percent, or another symbol"
        return fail(instrument.symbol, f"order too small: {sized.detail}", advice)
    limit = f", limited by {sized.limited_by}" if sized.limited_by else ""
    notional = float(sized.qty) * market.price
    return ok(instrument.symbol, f"an order now would be {sized.qty} ({notional:,.0f} USDT{limit})")


def judge_cost(instrument: Instrument, market: Market, config: Config) -> Finding:
    """Return what a round trip costs in R, and whether the cost gate lets entries through at this ATR."""
    trade = trade_settings(config)
    cost = round_trip_cost(market.price, float(instrument.tick_size), None, trade.costs)
    in_r = cost_in_r(market.price, market.atr, trade.stop_loss_atr, cost)
    target = trade.take_profit_atr * market.atr
    text = f"a round trip costs {in_r:.2f} R (ATR {market.atr / market.price:.2%} of the price)"
    least = config.risk_guardrails.min_target_to_cost
    if config.risk_guardrails.enabled and least is not None and target < least * cost:
        advice = f"entries are refused now: the target is {target / cost:.1f} x costs, the cost gate wants"
        return warn(instrument.symbol, text, f"{advice} {least:g}")
    return ok(instrument.symbol, text)
