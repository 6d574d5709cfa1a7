"""Positions somebody else opened: protected in either position mode, left alone where no order may be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import BAR_MS, SYMBOL, World, all_of, only

from whalebot.decisions.risk.settings import Adopt, CostSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, FetchExecutions, SubmitOrder
from whalebot.domain.enums import OrderStatus, Side
from whalebot.domain.known import Unknown
from whalebot.domain.state import StateDocument, SymbolMemory
from whalebot.engine.settings import Timing

TRADE = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10))
ONE = Decimal(1)
ENTRY = Decimal("60000")


def hedged(world: World) -> World:
    settings = world.engine._ctx.settings
    feed = replace(settings.feed, hedged=frozenset({SYMBOL}))
    world.send(ev.Reconfigured(replace(settings, feed=feed), (), world.now))
    return world


@pytest.mark.parametrize(("side", "idx"), [(Side.BUY, 1), (Side.SELL, 2)])
def test_a_foreign_fill_in_hedge_mode_is_protected_on_its_own_side(side: Side, idx: int) -> None:
    world = hedged(World(TRADE)).ready()
    world.fill(side, ONE, ENTRY)
    assert only(world.wait(1_000), AmendStop).position_idx == idx


def test_a_foreign_stop_is_computed_anew_where_the_price_has_passed_it() -> None:
    world = World(TRADE).ready()
    world.fill(Side.BUY, ONE, ENTRY)
    first = only(world.wait(1_000), AmendStop)
    assert first.stop_loss == Decimal("59850.0")
    world.ticker(Decimal("59800"))
    reason = "the stop must be below the price"
    world.send(ev.StopAmended(SYMBOL, first.request_no, False, True, 10001, reason, world.now))
    assert only(world.wait(2_000), AmendStop).stop_loss == Decimal("59650.0")


@pytest.mark.parametrize("adopt", list(Adopt))
def test_with_trading_switched_off_a_foreign_position_is_only_looked_at(adopt: Adopt) -> None:
    world = World(replace(TRADE, enabled=False, adopt=adopt)).ready()
    effects = world.fill(Side.BUY, ONE, ENTRY) + world.wait(10_000)
    assert not all_of(effects, AmendStop)
    assert not all_of(effects, SubmitOrder)


@pytest.mark.parametrize("adopt", list(Adopt))
def test_with_trading_switched_off_a_found_position_is_only_looked_at(adopt: Adopt) -> None:
    world = World(replace(TRADE, enabled=False, adopt=adopt))
    world.ready((world.position(Side.BUY, ONE, ENTRY, None),))
    effects = world.log + world.wait(10_000)
    assert not all_of(effects, AmendStop)
    assert not all_of(effects, SubmitOrder)


def test_a_position_larger_than_one_market_order_is_closed_in_parts() -> None:
    world = World(replace(TRADE, adopt=Adopt.CLOSE)).ready()
    effects = world.fill(Side.BUY, Decimal(1200), ENTRY) + world.wait(1_000)
    sent: list[Decimal] = []
    while orders := all_of(effects, SubmitOrder):
        intent = orders[0].intent
        sent.append(intent.qty)
        effects = world.fill(Side.SELL, intent.qty, ENTRY, intent.order_link_id)
    assert sent == [Decimal(500), Decimal(500), Decimal(200)]


def unanswered(world: World, effects: Sequence[Effect]) -> list[Effect]:
    asked = only(effects, FetchExecutions)
    answer = ev.ExecutionsFetched(SYMBOL, asked.since_ms, Unknown("timeout"), world.now)
    return world.send(answer) + world.wait(2_000)


def test_unanswered_executions_are_asked_for_again_since_the_same_moment() -> None:
    since = 1_000
    state = StateDocument(run_id="r1", symbols=(SymbolMemory(SYMBOL, last_exec_ms=since),))
    world = World(TRADE, state=state).ready()
    world.fill(Side.BUY, ONE, ENTRY)
    assert only(unanswered(world, world.log), FetchExecutions).since_ms == since


def test_a_difference_of_a_position_without_executions_is_asked_about_until_answered() -> None:
    world = World(TRADE)
    world.ready((world.position(Side.BUY, ONE, ENTRY, Decimal("59000")),))
    effects = world.send(ev.StreamUp(ev.Stream.PRIVATE, world.now))
    effects = world.answer_snapshot(effects, (world.position(Side.BUY, ONE * 2, ENTRY, Decimal("59000")),))
    assert only(unanswered(world, effects), FetchExecutions)


def test_an_exit_that_is_refused_again_is_told_to_the_owner() -> None:
    world = World(TRADE).ready()
    world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    refused = world.order_report(leaving, OrderStatus.REJECTED, Decimal(0))
    world.send(ev.OrderUpdated(refused, world.now))
    alerts = [e.kind for e in world.wait(1_000) if hasattr(e, "title")]
    assert alerts == ["exit_failed"]


def found_late(world: World) -> list[Effect]:
    """A position nobody here knows of, in a routine comparison just before a bar closes."""
    asked = world.wait(BAR_MS - 15_000)
    return world.answer_snapshot(asked, (world.position(Side.BUY, ONE, ENTRY, Decimal("59000")),))


def known_so_far() -> World:
    """Everything up to now is known, and agrees with the venue."""
    timing = Timing(view_ms=None, reconcile_ms=BAR_MS - 15_000)
    state = StateDocument(run_id="r1", symbols=(SymbolMemory(SYMBOL, last_exec_ms=1_000),))
    world = World(TRADE, state=state, timing=timing).ready()
    world.answer_snapshot(world.tell_executions() + world.wait(2_000))
    assert world.engine.rooms.sync.reconciled_ms is not None
    return world


def test_nothing_is_entered_beside_a_position_that_is_not_explained_yet() -> None:
    world = known_so_far()
    found_late(world)
    assert not all_of(world.close_bar(2.5), SubmitOrder)


def test_a_position_nobody_knows_is_foreign_only_once_executions_were_asked_for() -> None:
    world = known_so_far()
    assert only(found_late(world), FetchExecutions)
    assert not world.engine.rooms.positions.holdings
    effects = world.tell_executions()
    world.answer_snapshot(effects, (world.position(Side.BUY, ONE, ENTRY, Decimal("59000")),))
    assert world.engine.rooms.positions.holdings[SYMBOL].memory.foreign
