"""When everything is to be closed, nothing that was on its way may open a position afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import World, all_of, only

from whalebot.decisions.risk.settings import AtEnd, CostSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, Effect, RecordTrade, Stopped, SubmitOrder
from whalebot.domain.enums import ClosedBy, OrderStatus, Side, Stream
from whalebot.domain.orders import OrderIntent, Purpose

TRADE = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10))
REVERSING = replace(TRADE, reverse_on_opposite_signal=True)


def command(world: World, order: ev.Order) -> list[Effect]:
    return world.send(ev.Command(order, "test", world.now))


def sent(effects: Sequence[Effect], purpose: Purpose) -> list[OrderIntent]:
    return [e.intent for e in all_of(effects, SubmitOrder) if e.intent.purpose is purpose]


def lose_a_tenth(world: World) -> list[Effect]:
    world.wallet = Decimal(900)
    world.now += 1
    world.wallet_now()
    return world.wait(15_000)


def test_an_entry_in_flight_at_a_panic_is_closed_as_soon_as_it_fills() -> None:
    world = World(TRADE).ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    assert not sent(command(world, ev.Order.PANIC), Purpose.EXIT)
    leaving = only(world.fill(entry.side, entry.qty, world.price, entry.order_link_id), SubmitOrder).intent
    assert (leaving.purpose, leaving.qty, leaving.closes_as) == (Purpose.EXIT, entry.qty, ClosedBy.MANUAL)
    effects = world.fill(leaving.side, leaving.qty, world.price, leaving.order_link_id)
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.MANUAL


def test_an_entry_in_flight_at_a_kill_is_closed_as_soon_as_it_fills() -> None:
    world = World(TRADE).ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    assert "kill" in [a.kind for a in all_of(lose_a_tenth(world), Alert)]
    leaving = only(world.fill(entry.side, entry.qty, world.price, entry.order_link_id), SubmitOrder).intent
    assert leaving.closes_as is ClosedBy.KILL


def test_a_partly_filled_entry_is_closed_whole_and_once() -> None:
    world = World(TRADE).ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    command(world, ev.Order.FLATTEN)
    half = entry.qty - Decimal("0.001")
    assert not all_of(world.fill(entry.side, half, world.price, entry.order_link_id), SubmitOrder)
    ended = world.order_report(entry, OrderStatus.PARTIALLY_FILLED_CANCELLED, half)
    assert only(world.send(ev.OrderUpdated(ended, world.now)), SubmitOrder).intent.qty == half


def test_a_panic_before_a_restart_still_closes_the_entry_after_it() -> None:
    world = World(TRADE).ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    command(world, ev.Order.PANIC)
    after = world.restart()
    after.ready()
    leaving = only(after.fill(entry.side, entry.qty, after.price, entry.order_link_id), SubmitOrder).intent
    assert leaving.closes_as is ClosedBy.MANUAL


def test_a_stop_that_closes_also_closes_the_entry_that_was_in_flight() -> None:
    world = World(replace(TRADE, on_shutdown=AtEnd.CLOSE)).ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    command(world, ev.Order.STOP)
    leaving = only(world.fill(entry.side, entry.qty, world.price, entry.order_link_id), SubmitOrder).intent
    assert leaving.closes_as is ClosedBy.SHUTDOWN
    world.fill(leaving.side, leaving.qty, world.price, leaving.order_link_id)
    assert only(world.wait(100), Stopped)


@pytest.mark.parametrize("order", [ev.Order.PANIC, ev.Order.FLATTEN, ev.Order.PAUSE, ev.Order.STOP])
def test_the_second_leg_of_a_reversal_is_dropped_by_the_owners_word(order: ev.Order) -> None:
    world = World(REVERSING).ready()
    entry = world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    command(world, order)
    effects = world.fill(Side.SELL, entry.qty, world.price, leaving.order_link_id)
    assert only(effects, RecordTrade)
    assert not all_of(effects, SubmitOrder)


def test_the_second_leg_of_a_reversal_is_dropped_by_a_kill() -> None:
    world = World(REVERSING).ready()
    entry = world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    lose_a_tenth(world)
    effects = world.fill(Side.SELL, entry.qty, world.price, leaving.order_link_id)
    assert only(effects, RecordTrade)
    assert not all_of(effects, SubmitOrder)


def test_the_second_leg_of_a_reversal_waits_for_no_stream_that_is_gone() -> None:
    world = World(REVERSING).ready()
    entry = world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    world.send(ev.StreamDown(Stream.PUBLIC, "reset", world.now))
    effects = world.fill(Side.SELL, entry.qty, world.price, leaving.order_link_id)
    assert not all_of(effects, SubmitOrder)


def test_the_second_leg_is_entered_although_a_gap_closed_the_first() -> None:
    world = World(REVERSING).ready()
    entry = world.enter()
    only(world.close_bar(-2.5), SubmitOrder)
    effects = world.fill(Side.SELL, entry.qty, world.price, "", stop_order_type="StopLoss")
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.STOP_LOSS
    assert [i.side for i in sent(effects, Purpose.ENTRY)] == [Side.SELL]
