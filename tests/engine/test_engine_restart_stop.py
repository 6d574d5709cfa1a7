"""A stop at the venue is not moved back by an earlier run's memory, nor by a report of another position."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.decisions.risk.settings import CostSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, SubmitOrder
from whalebot.domain.enums import ClosedBy, Side, Stream
from whalebot.domain.known import Known
from whalebot.domain.orders import OrderIntent

D = Decimal


def killed() -> tuple[World, OrderIntent]:
    """A new process on the state saved at the entry, while its stop was 59850; the rules are known."""
    before = World().ready()
    entry = before.enter()
    after = before.restart()
    after.send(ev.InstrumentsFetched(Known((BTC,), after.now), after.now))
    return after, entry


def stops(effects: list[Effect]) -> list[Decimal | None]:
    return [e.stop_loss for e in all_of(effects, AmendStop)]


def tell(world: World, entry: OrderIntent, stop: Decimal | None) -> list[Effect]:
    """The streams come up and the first snapshot has this stop."""
    asked = world.send(ev.StreamUp(Stream.PUBLIC, world.now))
    asked += world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    position = world.position(Side.BUY, entry.qty, D("60000"), stop, entry.take_profit)
    return world.answer_snapshot(asked, (position,))


def remembered_stop(world: World) -> Decimal | None:
    return world.engine.document().positions[0].stop


@pytest.mark.parametrize(
    ("venue", "sent", "kept"),
    [("60010.0", [], "60010.0"), ("59850.0", [D("59990.0")], "59990.0")],
    ids=["better than ours", "worse than ours"],
)
def test_no_stop_is_sent_before_the_venue_told_of_the_position(
    venue: str, sent: list[Decimal], kept: str
) -> None:
    world, entry = killed()
    assert stops(world.ticker(D("60070"))) == []
    assert remembered_stop(world) == D("59990.0")
    assert stops(tell(world, entry, D(venue))) == sent
    assert remembered_stop(world) == D(kept)


def test_the_stop_follows_the_price_again_after_the_first_report() -> None:
    world, entry = killed()
    tell(world, entry, D("60010.0"))
    assert only(world.ticker(D("60200")), AmendStop).stop_loss > D("60010.0")


def test_a_restored_position_that_has_no_stop_gets_one_within_a_second() -> None:
    world, entry = killed()
    world.ticker(D("60070"))
    assert stops(tell(world, entry, None) + world.wait(1_000)) == [D("59990.0")]


def test_a_report_of_the_other_side_is_not_taken_for_ours() -> None:
    world = World().ready()
    entry = world.enter()
    world.now += 10
    effects = world.report(Side.SELL, entry.qty, D("60000"), D("60150"), D("59700"))
    assert not all_of(effects + world.wait(1_000), AmendStop)
    assert remembered_stop(world) == entry.stop_loss


def test_no_stop_told_while_a_change_hangs_closes_the_position_in_two_seconds() -> None:
    world = World().ready()
    entry = world.enter()
    only(world.ticker(D("60090")), AmendStop)
    world.now += 10
    world.report(Side.BUY, entry.qty, D("60000"), None, entry.take_profit)
    assert only(world.wait(1_990), SubmitOrder).intent.closes_as is ClosedBy.KILL


def test_no_stop_told_before_a_change_was_carried_out_closes_nothing() -> None:
    world = World().ready()
    entry = world.enter()
    change = only(world.ticker(D("60090")), AmendStop)
    world.report(Side.BUY, entry.qty, D("60000"), None, entry.take_profit)
    world.send(ev.StopAmended(SYMBOL, change.request_no, True, False, 0, "", world.now))
    assert not all_of(world.wait(10_000), SubmitOrder)


def test_no_stop_told_and_the_change_refused_sets_the_stop_anew() -> None:
    world = World(trade=TradeSettings(costs=CostSettings(slippage=0.0), leverage=D(10))).ready()
    entry = world.enter()
    change = only(world.ticker(D("60090")), AmendStop)
    world.report(Side.BUY, entry.qty, D("60000"), None, entry.take_profit)
    world.send(ev.StopAmended(SYMBOL, change.request_no, False, True, 10001, "no", world.now))
    assert stops(world.wait(1_000)) == [entry.stop_loss]


def test_a_stop_that_stood_and_is_refused_now_has_fired_and_is_not_replaced_by_a_worse_one() -> None:
    """It filled in part; the venue's picture of a moment before it is told late."""
    world = World().ready()
    intent = world.enter()
    moved = only(world.ticker(Decimal("60060")), AmendStop)
    world.send(ev.StopAmended(SYMBOL, moved.request_no, True, False, 0, "", world.now))
    world.now += 100
    late = world.report(Side.BUY, intent.qty, Decimal(60_000), intent.stop_loss, intent.take_profit)
    again = only(late, AmendStop)
    assert again.stop_loss == moved.stop_loss
    refused = ev.StopAmended(SYMBOL, again.request_no, False, True, 10001, "lower than base_price", world.now)
    assert only(world.send(refused), SubmitOrder).intent.closes_as is ClosedBy.TRAILING_STOP
    assert not all_of(world.ticker(Decimal("60050")), AmendStop)
