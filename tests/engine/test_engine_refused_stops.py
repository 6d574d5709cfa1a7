"""A stop that the venue refuses: the rules are asked for again, and no storm of questions begins."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, FetchExecutions, FetchInstruments, FetchSnapshot
from whalebot.domain.enums import Side
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
        world.now += 1_000
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


def risen(world: World, seconds: int) -> list[AmendStop]:
    """Let the price rise ten times a second while every stop is refused; return the stops that were sent."""
    sent: list[AmendStop] = []
    for _ in range(seconds * 10):
        effects = world.wait(100) + world.ticker(world.price + 1)
        for amend in all_of(effects, AmendStop):
            sent.append(amend)
            refusal = ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "no position", world.now)
            assert not all_of(world.send(refusal), AmendStop)
    return sent


def test_a_position_that_is_gone_is_not_asked_for_a_better_stop_at_every_price() -> None:
    world = World().ready()
    world.enter()
    world.ticker(Decimal("60060"))
    world.send(
        ev.StopAmended(SYMBOL, all_of(world.log, AmendStop)[-1].request_no, False, True, 10001, "", world.now)
    )
    assert 3 <= len(risen(world, 4)) <= 6


def test_the_venues_word_that_the_position_is_there_lets_its_stop_move_at_once() -> None:
    world = World().ready()
    entry = world.enter()
    refused(world, "60060")
    refused(world, "60061")
    assert not all_of(world.ticker(Decimal("60062")), AmendStop)
    effects = world.report(Side.BUY, entry.qty, Decimal(60_000), entry.stop_loss, entry.take_profit)
    stop = only(effects, AmendStop).stop_loss
    assert stop == world.engine.rooms.positions.holdings[SYMBOL].memory.stop
    assert entry.stop_loss is not None
    assert stop is not None
    assert stop > entry.stop_loss


def test_a_better_stop_waits_a_second_at_most_for_that_word() -> None:
    world = World().ready()
    world.enter()
    refused(world, "60060")
    refused(world, "60061")
    assert not all_of(world.ticker(Decimal("60062")), AmendStop)
    assert not all_of(world.wait(900), AmendStop)
    amend = only(world.wait(100), AmendStop)
    assert amend.stop_loss == world.engine.rooms.positions.holdings[SYMBOL].memory.stop
    world.send(ev.StopAmended(SYMBOL, amend.request_no, True, False, 0, "", world.now))
    assert all_of(world.ticker(Decimal("60063")), AmendStop)


def test_a_position_whose_stop_is_gone_waits_for_nothing() -> None:
    world = World().ready()
    entry = world.enter()
    refused(world, "60060")
    refused(world, "60061")
    world.report(Side.BUY, entry.qty, Decimal(60_000), None, entry.take_profit)
    assert all_of(world.wait(1_000), AmendStop)
