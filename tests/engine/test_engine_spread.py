"""The spread: unknown where a side is missing or both are crossed, and what an entry is judged by then."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import pytest

from whalebot.app.config.document import Config
from whalebot.app.engine_setup import engine_settings
from whalebot.decisions.risk.gate import GateFacts, judge_entry
from whalebot.domain.events import TickerChanged
from whalebot.domain.instrument import Instrument
from whalebot.engine.market import SymbolMarket
from whalebot.engine.settings import FeedSettings
from whalebot.runtime.conflation import merged_tickers

SYMBOL = "BTCUSDT"
RULES = Instrument(SYMBOL, D("0.1"), D("0.001"), D("0.001"), D(100), D(100), D(5), D(100))
SETTINGS = engine_settings(Config(), FeedSettings())
FACTS = GateFacts(
    now_ms=0,
    blocked_by=(),
    ticker_age_ms=0,
    book_age_ms=0,
    needs_book=True,
    clock_offset_ms=0,
    spread=0.1,
    price=60_000.0,
    mark_price=60_000.0,
    target_distance=6_000.0,
    round_trip_cost=66.0,
    open_positions=0,
    positions_of_symbol=0,
    recent_orders=0,
    next_funding_ms=None,
    paused_until_ms=None,
    pause_rule="",
    manual_pause=False,
    cooldown_until_ms=None,
    cooldown_bars_left=0,
    instrument=RULES,
)


def ticker(bid: str | None, ask: str | None) -> TickerChanged:
    low, high = (None if price is None else D(price) for price in (bid, ask))
    return TickerChanged(SYMBOL, D(60_000), None, None, low, high, None, None, 0, 0)


def spread_after(*tickers: TickerChanged) -> float | None:
    market = SymbolMarket(SYMBOL, 50)
    for event in tickers:
        market.on_ticker(event)
    return market.spread()


def rules_against(facts: GateFacts, enabled: bool = True) -> list[str]:
    limits = replace(SETTINGS.guardrails, enabled=enabled)
    return [reason.rule for reason in judge_entry(facts, SETTINGS.trade, limits)]


def test_the_spread_is_what_lies_between_bid_and_ask() -> None:
    assert spread_after(ticker("60000", "60000.5")) == 0.5
    assert spread_after(ticker("60000", "60000.5"), ticker(None, None), ticker(None, "60000.25")) == 0.25
    assert spread_after(ticker("60000", "60000")) == 0.0


@pytest.mark.parametrize("gone", [("0", None), (None, "0"), ("0", "0")], ids=str)
def test_a_side_that_is_gone_makes_the_spread_unknown_until_it_is_back(
    gone: tuple[str | None, str | None],
) -> None:
    quoted, left = ticker("60000", "60000.5"), ticker(*gone)
    assert spread_after(quoted, left) is None
    assert spread_after(merged_tickers([quoted, left])) is None
    assert spread_after(quoted, left, ticker("60010", "60010.5")) == 0.5


def test_a_side_that_moved_beyond_the_one_that_is_left_makes_no_spread_below_zero() -> None:
    assert spread_after(ticker("60000", "60000.1"), ticker("60540", "0")) is None
    assert spread_after(ticker("60580", "59900")) is None


def test_an_unknown_spread_refuses_the_entry_where_the_market_is_quoted() -> None:
    assert rules_against(FACTS) == []
    assert rules_against(replace(FACTS, spread=None)) == ["spread_filter_bps"]
    assert rules_against(replace(FACTS, spread=None), enabled=False) == []


def test_played_bars_have_no_quotes_and_are_judged_without() -> None:
    assert rules_against(replace(FACTS, spread=None, needs_book=False)) == []
