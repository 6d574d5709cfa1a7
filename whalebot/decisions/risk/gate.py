"""The one place that judges an entry. Leaving a position is never judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from whalebot.decisions.risk.settings import GuardrailSettings, TradeSettings
from whalebot.domain.instrument import Instrument
from whalebot.domain.intervals import DAY_MS, MINUTE_MS

# Float noise at a limit must not decide.
_EPSILON: Final = 1e-12
# A close may be confirmed, asked for or held back for the close of a higher bar for so long.
_CLOSE_TAKES_MS: Final = 5_000


def is_too_costly(target_distance: float, cost: float, least: float) -> bool:
    """Tell whether a target lies nearer than `least` round trips cost; NaN: no limit. Plain numbers."""
    return target_distance < least * cost


def is_inside(minute: int, start: int, end: int) -> bool:
    """Tell whether a minute of the UTC day lies in a window that may wrap midnight. Plain numbers."""
    if start <= end:
        return start <= minute < end
    return minute >= start or minute < end


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry that must not be made, the rule that says so, and the figures."""

    rule: str
    detail: str


@dataclass(frozen=True, slots=True)
class GateFacts:
    """Everything an entry is judged by. Times are market time, ages real time, both ms; prices in quote.

    `bar_age_ms`: since the close that is decided on, None where the market has a time of its own.

    `blocked_by` names what the engine does not know or has not got (streams, reconciliation, orders whose
    fate is unknown, storage, bars). `ticker_age_ms` and `book_age_ms` None means: never seen.
    `needs_book` is False where the feed has no book at all; elsewhere an unknown `spread` is a reason.
    """

    now_ms: int
    blocked_by: tuple[str, ...]
    ticker_age_ms: int | None
    book_age_ms: int | None
    needs_book: bool
    clock_offset_ms: int | None
    spread: float | None
    price: float
    mark_price: float | None
    target_distance: float
    round_trip_cost: float
    open_positions: int
    positions_of_symbol: int
    recent_orders: int
    next_funding_ms: int | None
    paused_until_ms: int | None
    pause_rule: str
    manual_pause: bool
    cooldown_until_ms: int | None
    cooldown_bars_left: int
    instrument: Instrument
    bar_age_ms: int | None = None


def judge_entry(facts: GateFacts, trade: TradeSettings, limits: GuardrailSettings) -> tuple[Refused, ...]:
    """Return every reason against an entry, the gravest first; empty means it may go ahead."""
    found = [*_state(facts, trade), *_cooldown(facts)]
    if limits.enabled:
        found += [*_data(facts, limits), *_market(facts, limits), *_costs(facts, limits)]
    found += [*_session(facts, limits)]
    return tuple(found)


def _state(facts: GateFacts, trade: TradeSettings) -> Iterator[Refused]:
    if not trade.enabled:
        yield Refused("trade_management.enabled", "signals only, trading is switched off")
    if facts.manual_pause:
        yield Refused("pause", "paused by the owner until resume")
    if facts.paused_until_ms is not None and facts.now_ms < facts.paused_until_ms:
        yield Refused(facts.pause_rule, f"paused for {(facts.paused_until_ms - facts.now_ms) // 1000} s more")
    for reason in facts.blocked_by:
        yield Refused("not_ready", reason)
    if facts.instrument.status != "Trading":
        yield Refused("instrument_status", f"{facts.instrument.symbol} is {facts.instrument.status}")
    if facts.positions_of_symbol >= trade.max_open_positions:
        yield Refused("max_open_positions", f"{facts.positions_of_symbol} open for this symbol")
    if facts.open_positions >= trade.max_total_positions:
        yield Refused(
            "max_total_positions", f"{facts.open_positions} open, limit {trade.max_total_positions}"
        )


def _cooldown(facts: GateFacts) -> Iterator[Refused]:
    if facts.cooldown_until_ms is not None and facts.now_ms < facts.cooldown_until_ms:
        yield Refused("cooldown_sec", f"{(facts.cooldown_until_ms - facts.now_ms) / 1000:.0f} s left")
    if facts.cooldown_bars_left > 0:
        yield Refused("cooldown_bars", f"{facts.cooldown_bars_left} bars left")


def _data(facts: GateFacts, limits: GuardrailSettings) -> Iterator[Refused]:
    age = limits.max_data_age_ms
    if age is not None:
        oldest = age + _CLOSE_TAKES_MS
        if facts.bar_age_ms is not None and facts.bar_age_ms > oldest:
            yield Refused("bar_late", f"the bar closed {facts.bar_age_ms} ms ago, limit {oldest} ms")
        if facts.ticker_age_ms is None or facts.ticker_age_ms > age:
            yield Refused("max_data_age_s", f"ticker age {facts.ticker_age_ms} ms, limit {age} ms")
        if facts.needs_book and (facts.book_age_ms is None or facts.book_age_ms > age):
            yield Refused("max_data_age_s", f"order book age {facts.book_age_ms} ms, limit {age} ms")
    offset = facts.clock_offset_ms
    if offset is not None and abs(offset) >= limits.max_clock_offset_ms:
        way = "ahead of" if offset < 0 else "behind"
        yield Refused(
            "max_clock_offset_ms",
            f"our clock is {abs(offset)} ms {way} the venue's, limit {limits.max_clock_offset_ms}: "
            "run chrony",
        )


def _market(facts: GateFacts, limits: GuardrailSettings) -> Iterator[Refused]:
    if facts.spread is None and facts.needs_book:
        yield Refused("spread_filter_bps", "spread unknown: bid or ask is missing, or they are crossed")
    elif facts.spread is not None and facts.spread > limits.max_spread * facts.price + _EPSILON:
        bps = facts.spread / facts.price * 1e4
        yield Refused("spread_filter_bps", f"spread {bps:.2f} bps, limit {limits.max_spread * 1e4:.2f}")
    if facts.mark_price is not None:
        away = abs(facts.price / facts.mark_price - 1)
        if away > limits.price_band:
            yield Refused("price_band_pct", f"price {away:.2%} from mark, limit {limits.price_band:.2%}")
    if facts.recent_orders >= limits.max_orders_per_minute:
        yield Refused("max_orders_per_minute", f"{facts.recent_orders} orders in the last minute")
    due = facts.next_funding_ms
    if limits.avoid_funding_ms and due is not None and 0 <= due - facts.now_ms <= limits.avoid_funding_ms:
        yield Refused("avoid_funding_min", f"funding in {(due - facts.now_ms) // 1000} s")


def _costs(facts: GateFacts, limits: GuardrailSettings) -> Iterator[Refused]:
    least = limits.min_target_to_cost
    if least is not None and is_too_costly(facts.target_distance, facts.round_trip_cost, least):
        ratio = facts.target_distance / facts.round_trip_cost
        yield Refused(
            "min_target_to_cost",
            f"target {facts.target_distance:.6g} is {ratio:.2f} x round-trip cost "
            f"{facts.round_trip_cost:.6g}, limit {least:g}",
        )


def _session(facts: GateFacts, limits: GuardrailSettings) -> Iterator[Refused]:
    if not limits.session.enabled:
        return
    minute = facts.now_ms % DAY_MS // MINUTE_MS
    for start, end in limits.session.windows:
        if is_inside(minute, start, end):
            return
    yield Refused("session_filter", f"{minute // 60:02d}:{minute % 60:02d} UTC is outside the allowed hours")
