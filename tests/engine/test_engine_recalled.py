"""To stop, to close everything and a kill recall the entries that may not have left yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from engine_harness import World, all_of, only

from whalebot.decisions.risk.settings import AtEnd, GuardrailSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, RecallEntries, Stopped, SubmitOrder

_LIMITS = GuardrailSettings(min_target_to_cost=None, max_day_loss=0.01)


def recalled(effects: Sequence[Effect]) -> list[tuple[str, ...]]:
    return [effect.order_link_ids for effect in all_of(effects, RecallEntries)]


def not_sent(world: World, link_id: str) -> list[Effect]:
    return world.send(ev.OrderRefused(link_id, ev.Refusal.NOT_SENT, 0, "recalled", world.now))


@pytest.mark.parametrize("order", [ev.Order.STOP, ev.Order.PANIC, ev.Order.FLATTEN])
def test_an_entry_in_flight_is_recalled(order: ev.Order) -> None:
    world = World().ready()
    link_id = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    assert recalled(world.send(ev.Command(order, "test", world.now))) == [(link_id,)]
    not_sent(world, link_id)
    assert not world.engine.rooms.tracker.in_flight()


def test_a_stop_ends_as_soon_as_the_recalled_entry_is_answered() -> None:
    world = World().ready()
    link_id = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    assert not all_of(world.send(ev.Command(ev.Order.STOP, "test", world.now)), Stopped)
    not_sent(world, link_id)
    only(world.wait(100), Stopped)


def test_an_exit_is_not_recalled() -> None:
    world = World().ready()
    world.enter()
    effects = world.send(ev.Command(ev.Order.PANIC, "test", world.now))
    assert only(effects, SubmitOrder).intent.reduce_only
    assert recalled(effects) == []
    assert recalled(world.send(ev.Command(ev.Order.PANIC, "test", world.now))) == []


def test_a_pause_lets_what_was_decided_leave() -> None:
    world = World().ready()
    only(world.close_bar(2.5), SubmitOrder)
    assert recalled(world.send(ev.Command(ev.Order.PAUSE, "test", world.now))) == []


@pytest.mark.parametrize("on_kill", AtEnd)
def test_a_kill_recalls_the_entry_whatever_becomes_of_positions(on_kill: AtEnd) -> None:
    world = World(guardrails=replace(_LIMITS, on_kill=on_kill)).ready()
    world.wallet_now()
    world.wait(15_000)
    link_id = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    world.wallet -= 300
    assert recalled(world.wallet_now() + world.wait(30_000)) == [(link_id,)]
