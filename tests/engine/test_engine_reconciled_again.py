"""Agreement with the venue is lost by an outage, by age, by an order on its way: until then nothing opens."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from engine_harness import BAR_MS, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, FetchSnapshot, Notice, SubmitOrder
from whalebot.domain.enums import OrderStatus, Side, Stream
from whalebot.engine.settings import Timing


def why_not(effects: Sequence[Effect]) -> str:
    """Return why the one entry that this bar asked for was refused."""
    assert not all_of(effects, SubmitOrder)
    [refused] = [n for n in all_of(effects, Notice) if n.kind == "entry_refused"]
    return refused.text


def test_a_private_stream_that_is_back_is_not_enough() -> None:
    world = World().ready()
    world.send(ev.StreamDown(Stream.PRIVATE, "closed by the venue", world.now))
    question = world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    assert "not reconciled" in why_not(world.close_bar(2.5))
    world.answer_snapshot(question)
    assert all_of(world.close_bar(2.5), SubmitOrder)


def test_an_answer_about_the_time_before_an_outage_does_not_end_it() -> None:
    """Asked before the private stream was lost, told after: it says nothing about what was missed."""
    world = World(timing=Timing(view_ms=None, reconcile_ms=60_000)).ready()
    asked = all_of(world.wait(60_000), FetchSnapshot)
    world.send(ev.StreamDown(Stream.PRIVATE, "closed by the venue", world.now))
    world.answer_snapshot(asked)
    assert "private stream is down" in why_not(world.close_bar(2.5))


def test_an_answer_that_was_given_up_does_not_stand_in_for_the_newest() -> None:
    world = World(timing=Timing(view_ms=None, reconcile_ms=60_000)).ready()
    given_up = all_of(world.wait(60_000), FetchSnapshot)
    world.send(ev.StreamDown(Stream.PRIVATE, "closed by the venue", world.now))
    before = all_of(world.wait(60_000), FetchSnapshot)
    newest = all_of(world.send(ev.StreamUp(Stream.PRIVATE, world.now)), FetchSnapshot)
    for asked in (given_up, before):
        world.answer_snapshot(asked)
        assert world.engine.rooms.sync.reconciled_ms is None
    world.answer_snapshot(newest)
    assert world.engine.rooms.sync.reconciled_ms == world.now


def test_a_comparison_that_is_three_rounds_old_opens_nothing() -> None:
    world = World(timing=Timing(view_ms=None, reconcile_ms=BAR_MS // 4)).ready()
    assert "too old" in why_not(world.close_bar(2.5))
    for _ in range(3):
        world.answer_snapshot(all_of(world.log, FetchSnapshot)[-1:])
        world.wait(BAR_MS // 4)
    assert all_of(world.close_bar(2.5), SubmitOrder)


def test_an_exit_whose_end_is_not_known_would_reduce_the_next_position() -> None:
    """It was accepted, and a stop came first: the position is gone, the exit may still be on its way."""
    world = World().ready()
    entry = world.enter()
    way_out = only(world.close_bar(-2.5), SubmitOrder).intent
    world.send(ev.OrderAccepted(way_out.order_link_id, "o2", world.now))
    assert entry.stop_loss is not None
    world.fill(Side.SELL, entry.qty, entry.stop_loss, stop_order_type="StopLoss")
    world.wallet_now()
    assert not world.engine.rooms.positions.holdings
    assert "an order is in flight" in why_not(world.close_bar(2.5))
    world.send(ev.OrderUpdated(world.order_report(way_out, OrderStatus.CANCELLED, Decimal(0)), world.now))
    assert all_of(world.close_bar(2.5), SubmitOrder)


def test_a_report_older_than_one_already_taken_takes_no_stop_away() -> None:
    world = World().ready()
    entry = world.enter()
    bare = world.position(Side.BUY, entry.qty, world.price, None)
    world.now += 1_000
    world.report(Side.BUY, entry.qty, world.price, entry.stop_loss, entry.take_profit)
    effects = world.send(ev.PositionReported(bare, world.now)) + world.wait(5_000)
    assert not all_of(effects, AmendStop)
    assert not all_of(effects, SubmitOrder)
