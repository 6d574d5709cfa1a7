"""A stop that the venue refuses: the rules are asked for again, and no storm of questions begins."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, FetchExecutions, FetchInstruments, FetchSnapshot
from whalebot.domain.known import Known


def refused(world: World, price: str) -> list[Effect]:
    """Move the price so that the stop trails, and let the venue refuse it."""
    amend = only(world.ticker(Decimal(price)), AmendStop)
    return world.send(
        ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "StopLoss invalid", world.now)
    )


def test_a_stop_off_a_grid_that_changed_is_set_on_the_new_one() -> None:
    world = World().ready()
    world.enter()
    only(refused(world, "60060"), FetchInstruments)
    coarse = replace(BTC, tick_size=Decimal("7"))
    world.send(ev.InstrumentsFetched(Known((coarse,), world.now), world.now))
    stop = only(world.ticker(Decimal("60061")), AmendStop).stop_loss
    assert stop is not None
    assert stop % 7 == 0


def test_refusals_one_after_the_other_ask_once_and_once_more_at_the_end() -> None:
    world = World().ready()
    world.enter()
    effects = refused(world, "60060")
    assert all_of(effects, FetchSnapshot)
    assert len(all_of(effects, FetchExecutions)) == 1
    for price in ("60061", "60062", "60063"):
        world.now += 100
        again = refused(world, price)
        assert not all_of(again, FetchExecutions)
        assert not all_of(again, FetchSnapshot)
        assert not all_of(again, FetchInstruments)
    world.tell_executions()
    assert len(all_of(world.wait(6_000), FetchExecutions)) == 1
    world.tell_executions()
    assert not all_of(world.wait(20_000), FetchExecutions)


def test_rules_are_asked_for_at_most_once_a_minute() -> None:
    world = World().ready()
    world.enter()
    refused(world, "60060")
    world.now += 59_000
    assert not all_of(refused(world, "60061"), FetchInstruments)
    world.now += 1_000
    assert all_of(refused(world, "60062"), FetchInstruments)
