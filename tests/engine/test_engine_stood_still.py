"""After a process or machine stood still, what waited in the socket is old, however late it was read."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_harness import BAR_MS, SYMBOL, T0, World, all_of, only

from whalebot.decisions.risk.settings import GuardrailSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, Notice, SubmitOrder
from whalebot.domain.enums import ClosedBy, Signal

CLOSE_MS = T0 + BAR_MS
AHEAD_MS = 300_000


def ready(offset_ms: int | None = 0, limits: GuardrailSettings | None = None) -> World:
    """A world in the venue's real time, a minute before a close; its clock minus ours is `offset_ms`."""
    world = World(guardrails=limits)
    world.engine._ctx.clock.max_ahead_ms = AHEAD_MS
    world.now = CLOSE_MS - 60_000 - (offset_ms or 0)
    world.ready()
    if offset_ms is not None:
        world.send(ev.ClockSkew(offset_ms, 10, world.now))
    return world


def ticker(world: World, stamp_ms: int) -> list[Effect]:
    price, half = world.price, Decimal("0.05")
    return world.send(
        ev.TickerChanged(
            SYMBOL, price, price, price, price - half, price + half, None, None, stamp_ms, world.now
        )
    )


def close(world: World) -> list[Effect]:
    world.analyzer.score, world.analyzer.signal = 2.5, Signal.BUY
    return world.send(ev.CandleClosed(world.candle(T0), world.now))


def refusals(effects: list[Effect]) -> list[str]:
    return [dict(n.fields)["rule"] for n in all_of(effects, Notice) if n.kind == "entry_refused"]


def test_a_close_that_is_read_late_enters_nothing() -> None:
    world = ready()
    world.now = CLOSE_MS + 15_001
    ticker(world, world.now)
    effects = close(world)
    assert refusals(effects) == ["bar_late"]
    assert not all_of(effects, SubmitOrder)


def test_a_ticker_that_waited_in_the_socket_is_as_old_as_its_stamp() -> None:
    world = ready()
    world.now = CLOSE_MS + 9_000
    ticker(world, CLOSE_MS - 1_001)
    assert refusals(close(world)) == ["max_data_age_s"]


def test_a_close_that_had_to_be_asked_for_still_enters() -> None:
    world = ready()
    world.now = CLOSE_MS + 15_000
    ticker(world, world.now - 10_000)
    assert only(close(world), SubmitOrder)


@pytest.mark.parametrize("offset_ms", [-12_000, 12_000])
def test_ages_go_by_the_venues_clock(offset_ms: int) -> None:
    world = ready(offset_ms, GuardrailSettings(min_target_to_cost=None, max_clock_offset_ms=20_000))
    world.now = CLOSE_MS - offset_ms
    ticker(world, CLOSE_MS)
    assert only(close(world), SubmitOrder)


def test_a_clock_that_nobody_measured_holds_nothing_back() -> None:
    world = ready(offset_ms=None)
    world.now = CLOSE_MS + 20_000
    ticker(world, CLOSE_MS)
    assert only(close(world), SubmitOrder)


def test_a_market_with_a_time_of_its_own_is_as_old_as_it_is_read() -> None:
    world = ready()
    world.engine._ctx.clock.max_ahead_ms = None
    world.now = CLOSE_MS + 100_000
    ticker(world, CLOSE_MS)
    assert only(close(world), SubmitOrder)


def test_a_late_close_still_ends_a_position() -> None:
    world = World()
    world.engine._ctx.clock.max_ahead_ms = AHEAD_MS
    world.ready()
    world.send(ev.ClockSkew(0, 10, world.now))
    world.enter()
    world.now += BAR_MS + 100_000
    ticker(world, CLOSE_MS + BAR_MS)
    world.analyzer.score, world.analyzer.signal = -2.5, Signal.SELL
    effects = world.send(ev.CandleClosed(world.candle(CLOSE_MS), world.now))
    assert only(effects, SubmitOrder).intent.closes_as is ClosedBy.OPPOSITE_SIGNAL
