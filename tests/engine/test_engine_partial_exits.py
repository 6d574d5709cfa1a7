"""A stop or target that fires and is filled in part; what is left never stays bare, and is one trade."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_harness import SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, ExecType, Side
from whalebot.domain.orders import OrderIntent

D = Decimal
PART = D("0.020")


def entered() -> tuple[World, OrderIntent]:
    world = World().ready()
    return world, world.enter()


def refused(world: World, amend: AmendStop) -> list[object]:
    return world.send(ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "invalid", world.now))


@pytest.mark.parametrize(
    ("kind", "price", "reason"),
    [
        ("StopLoss", D("59850"), ClosedBy.STOP_LOSS),
        ("TrailingStop", D("59990"), ClosedBy.TRAILING_STOP),
        ("TakeProfit", D("60200"), ClosedBy.TAKE_PROFIT),
    ],
)
def test_what_a_fired_order_left_is_closed_at_once_for_its_reason(
    kind: str, price: Decimal, reason: ClosedBy
) -> None:
    world, intent = entered()
    world.fill(Side.SELL, PART, price, "", kind, f"CreateBy{kind}")
    world.report(Side.BUY, intent.qty - PART, D("60000"), None)
    leaving = only(world.wait(500), SubmitOrder).intent
    assert (leaving.qty, leaving.side, leaving.reduce_only) == (intent.qty - PART, Side.SELL, True)
    effects = world.fill(Side.SELL, leaving.qty, price - 1, leaving.order_link_id)
    trade = only(effects, RecordTrade).trade
    assert (trade.closed_by, trade.qty) == (reason, intent.qty)
    assert trade.gross_pnl == (price - 60000) * intent.qty - leaving.qty
    assert not all_of(world.wait(10_000), SubmitOrder)


def test_a_fired_order_that_goes_on_filling_is_left_alone() -> None:
    world, intent = entered()
    world.fill(Side.SELL, PART, D("59850"), "", "StopLoss", "CreateByStopLoss")
    world.now += 100
    effects = world.fill(Side.SELL, intent.qty - PART, D("59849"), "", "StopLoss", "CreateByStopLoss")
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.STOP_LOSS
    assert not all_of(world.wait(10_000), SubmitOrder)


def test_the_rest_is_closed_after_a_restart_too() -> None:
    world, intent = entered()
    world.fill(Side.SELL, PART, D("59850"), "", "StopLoss", "CreateByStopLoss")
    rest = intent.qty - PART
    again = world.restart()
    again.ready((again.position(Side.BUY, rest, D("60000"), None),))
    leaving = all_of(again.log + again.wait(2_000), SubmitOrder)[0].intent
    assert (leaving.qty, leaving.closes_as) == (rest, ClosedBy.STOP_LOSS)


@pytest.mark.parametrize(
    ("kind", "create", "exec_type"),
    [
        ("PartialTakeProfit", "CreateByPartialTakeProfit", ExecType.TRADE),
        ("PartialStopLoss", "CreateByPartialStopLoss", ExecType.TRADE),
        ("", "CreateByUser", ExecType.TRADE),
        ("", "CreateByAdl_PassThrough", ExecType.ADL_TRADE),
    ],
)
def test_a_part_that_was_meant_to_leave_alone_leaves_the_rest_managed(
    kind: str, create: str, exec_type: ExecType
) -> None:
    world, intent = entered()
    world.fill(Side.SELL, PART, D("60040"), "", kind, create, exec_type)
    rest = intent.qty - PART
    world.report(Side.BUY, rest, D("60000"), intent.stop_loss, intent.take_profit)
    assert not all_of(world.wait(5_000), SubmitOrder)
    assert only(world.ticker(D("60050")), AmendStop).stop_loss == D("59970.0")
    effects = world.fill(Side.SELL, rest, D("59970"), "", "StopLoss", "CreateByStopLoss")
    trade = only(effects, RecordTrade).trade
    assert (trade.qty, trade.gross_pnl) == (intent.qty, PART * 40 - rest * 30)


def test_a_moved_stop_does_not_repeat_the_target_that_the_venue_has() -> None:
    """The venue refuses a target that the price has passed, and with it the stop."""
    world, _ = entered()
    amend = only(world.ticker(D("60050")), AmendStop)
    assert (amend.stop_loss, amend.take_profit) == (D("59970.0"), None)


def slipped(world: World) -> AmendStop:
    """An entry filled 10 above the price it was sized at: stop and target follow the true price."""
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    effects = world.fill(Side.BUY, intent.qty, world.price + 10, intent.order_link_id)
    world.report(Side.BUY, intent.qty, world.price + 10, intent.stop_loss, intent.take_profit)
    amend = only(effects, AmendStop)
    assert (amend.stop_loss, amend.take_profit) == (D("59860.0"), D("60210.0"))
    return amend


def test_a_refused_target_does_not_hold_up_the_stop() -> None:
    world = World().ready()
    again = only(refused(world, slipped(world)), AmendStop)
    assert (again.stop_loss, again.take_profit) == (D("59860.0"), None)
    world.send(ev.StopAmended(SYMBOL, again.request_no, True, False, 0, "", world.now))
    assert only(world.ticker(D("60080")), AmendStop).take_profit is None


def test_a_target_refused_because_the_price_is_there_is_taken() -> None:
    world = World().ready()
    amend = slipped(world)
    world.ticker(D("60211"))
    assert only(refused(world, amend), SubmitOrder).intent.closes_as is ClosedBy.TAKE_PROFIT


@pytest.mark.parametrize(("price", "reason"), [(D("60000"), ClosedBy.KILL), (D("59840"), ClosedBy.STOP_LOSS)])
def test_a_refused_repair_closes_without_waiting_for_the_limit(price: Decimal, reason: ClosedBy) -> None:
    world, intent = entered()
    world.now += 1_000
    world.ticker(price)
    world.report(Side.BUY, intent.qty, D("60000"), None, intent.take_profit)
    repair = only(world.wait(1_000), AmendStop)
    assert repair.stop_loss == intent.stop_loss
    assert only(refused(world, repair), SubmitOrder).intent.closes_as is reason


def test_an_unanswered_repair_closes_in_time_for_the_order_to_arrive() -> None:
    world, intent = entered()
    world.now += 1_000
    world.report(Side.BUY, intent.qty, D("60000"), None)
    assert all_of(world.wait(1_800), SubmitOrder)
