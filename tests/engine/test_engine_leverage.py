"""Leverage is set while a symbol has neither position nor order."""

from __future__ import annotations

from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, FetchSnapshot, SetLeverage, SubmitOrder
from whalebot.domain.enums import Stream
from whalebot.domain.known import Known


def test_what_an_order_of_the_last_run_held_up_is_set_as_soon_as_that_is_settled() -> None:
    world = World().ready()
    link_id = only(world.close_bar(2.5), SubmitOrder).intent.order_link_id
    after = world.restart()
    after.send(ev.InstrumentsFetched(Known((BTC,), after.now), after.now))
    effects = after.send(ev.StreamUp(Stream.PRIVATE, after.now))
    assert not all_of(after.answer_snapshot(effects), SetLeverage)

    def absent() -> list[Effect]:
        verdict = ev.LookUpVerdict.ABSENT
        return after.send(ev.OrderLookedUp(link_id, verdict, None, after.now, "", after.now))

    after.now += 60_000
    for _ in range(2):
        effects = absent()
        if all_of(effects, FetchSnapshot):
            assert not all_of(after.answer_snapshot(effects), SetLeverage)
    settled = absent()
    assert after.engine.document().intents == ()
    assert only(after.answer_snapshot(settled), SetLeverage).symbol == SYMBOL


def test_rules_that_come_after_the_first_snapshot_hold_leverage_up_no_longer() -> None:
    world = World()
    world.send(ev.StreamUp(Stream.PUBLIC, world.now))
    effects = world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    assert not all_of(world.answer_snapshot(effects), SetLeverage)
    learnt = world.send(ev.InstrumentsFetched(Known((BTC,), world.now), world.now))
    assert only(world.answer_snapshot(learnt), SetLeverage).symbol == SYMBOL
