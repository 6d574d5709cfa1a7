"""An exit whose fate is unknown: the venue is asked first, and the position waits two seconds at most."""

from __future__ import annotations

from decimal import Decimal

from engine_harness import SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, LookUpOrder, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, OrderStatus, Side
from whalebot.domain.orders import OrderIntent

D = Decimal


def leaving() -> tuple[World, OrderIntent]:
    """A position whose exit was sent; its first exit order."""
    world = World().ready()
    world.enter()
    world.now += 1_000
    return world, only(world.close_bar(-2.5), SubmitOrder).intent


def lose_answer(world: World, intent: OrderIntent) -> list[Effect]:
    return world.send(ev.OutcomeUnknown(intent.order_link_id, "read timeout", world.now))


def look_up(world: World, intent: OrderIntent, verdict: ev.LookUpVerdict) -> list[Effect]:
    return world.send(ev.OrderLookedUp(intent.order_link_id, verdict, None, world.now, "", world.now))


def test_an_exit_the_venue_does_not_know_is_sent_again_within_a_second() -> None:
    world, first = leaving()
    assert only(lose_answer(world, first), LookUpOrder).order_link_id == first.order_link_id
    effects = look_up(world, first, ev.LookUpVerdict.ABSENT)
    again = only(effects + world.wait(1_000), SubmitOrder).intent
    assert (again.qty, again.reduce_only, again.closes_as) == (first.qty, True, first.closes_as)
    assert again.order_link_id != first.order_link_id


def test_an_exit_nobody_can_be_asked_about_is_sent_again_after_two_seconds_and_once_only() -> None:
    world, first = leaving()
    lose_answer(world, first)
    look_up(world, first, ev.LookUpVerdict.UNANSWERED)
    assert not all_of(world.wait(1_900), SubmitOrder)
    second = only(world.wait(200), SubmitOrder).intent
    lose_answer(world, second)
    for _ in range(60):
        for lost in (first, second):
            look_up(world, lost, ev.LookUpVerdict.UNANSWERED)
        assert not all_of(world.wait(1_000), SubmitOrder)
    third = all_of(look_up(world, first, ev.LookUpVerdict.ABSENT) + world.wait(1_000), SubmitOrder)
    assert len(third) == 1


def test_an_exit_that_hangs_without_an_answer_does_not_hold_up_the_next() -> None:
    world, first = leaving()
    assert only(world.wait(3_000), LookUpOrder).order_link_id == first.order_link_id
    assert only(look_up(world, first, ev.LookUpVerdict.ABSENT), SubmitOrder).intent.reduce_only


def test_an_exit_the_venue_knows_is_not_sent_again() -> None:
    world, first = leaving()
    lose_answer(world, first)
    report = world.order_report(first, OrderStatus.FILLED, first.qty)
    world.send(
        ev.OrderLookedUp(first.order_link_id, ev.LookUpVerdict.FOUND, report, world.now, "", world.now)
    )
    effects = world.wait(1_000)
    effects += world.fill(Side.SELL, first.qty, D("60000"), first.order_link_id)
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.OPPOSITE_SIGNAL
    assert not all_of(effects + world.wait(10_000), SubmitOrder)


def test_two_exits_that_both_arrive_close_once() -> None:
    world, first = leaving()
    lose_answer(world, first)
    second = only(look_up(world, first, ev.LookUpVerdict.ABSENT) + world.wait(1_000), SubmitOrder).intent
    effects = world.fill(Side.SELL, first.qty, D("60000"), first.order_link_id)
    zero = "current position is zero, cannot fix reduce-only order qty"
    effects += world.send(ev.OrderRefused(second.order_link_id, ev.Refusal.REJECTED, 110017, zero, world.now))
    effects += world.wait(30_000)
    assert len(all_of(effects, RecordTrade)) == 1
    assert not all_of(effects, SubmitOrder)


def test_no_entry_while_the_fate_of_an_exit_is_unknown() -> None:
    world, first = leaving()
    lose_answer(world, first)
    second = only(look_up(world, first, ev.LookUpVerdict.ABSENT) + world.wait(1_000), SubmitOrder).intent
    world.fill(Side.SELL, second.qty, D("60000"), second.order_link_id)
    world.wallet_now()
    assert not all_of(world.close_bar(2.5), SubmitOrder)


def test_exits_of_unknown_fate_are_few_while_only_questions_are_answered() -> None:
    world, first = leaving()
    lost, sent_ms = [first], world.now
    while world.now < sent_ms + 9_000:
        for intent in tuple(lost):
            effects = lose_answer(world, intent) + look_up(world, intent, ev.LookUpVerdict.ABSENT)
            lost += [e.intent for e in all_of(effects, SubmitOrder)]
        lost += [e.intent for e in all_of(world.wait(250), SubmitOrder)]
    assert 5 <= len(lost) <= 8


def test_an_exit_left_in_flight_by_the_last_run_is_asked_about_first() -> None:
    world, first = leaving()
    again = world.restart()
    again.ready((again.position(Side.BUY, first.qty, D("60000"), D("59850")),))
    assert first.order_link_id in [e.order_link_id for e in all_of(again.log, LookUpOrder)]
    assert not all_of(again.log, SubmitOrder)
    effects = look_up(again, first, ev.LookUpVerdict.ABSENT) + again.wait(1_000)
    assert only(effects, SubmitOrder).intent.symbol == SYMBOL
