"""Prices that move on between an order and its answer: stops already passed, stops that never moved."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import SYMBOL, World, all_of, only

from whalebot.decisions.risk.settings import CostSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, Side

TRADE = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10))


def filled_at(world: World, price: Decimal) -> tuple[Decimal, AmendStop]:
    """Enter long and be filled away from the price of the decision; return quantity and the anchored stop."""
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    amend = only(world.fill(Side.BUY, intent.qty, price, intent.order_link_id), AmendStop)
    world.report(Side.BUY, intent.qty, price, intent.stop_loss, intent.take_profit)
    world.wallet_now()
    return intent.qty, amend


def test_a_first_stop_that_the_price_has_passed_closes_as_it_would_have() -> None:
    world = World(TRADE).ready()
    _, amend = filled_at(world, world.price + 20)
    assert amend.stop_loss is not None
    world.ticker(amend.stop_loss - 1)
    refused = ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "invalid", world.now)
    again = only(world.send(refused), AmendStop)
    assert (again.stop_loss, again.take_profit) == (amend.stop_loss, None)
    effects = world.send(replace(refused, request_no=again.request_no))
    assert only(effects, SubmitOrder).intent.closes_as is ClosedBy.STOP_LOSS


def test_a_stop_that_came_with_the_order_has_not_moved() -> None:
    world = World(TRADE).ready()
    # The fill is better than the decision: the order's stop lies nearer than the one anchored on the fill.
    qty, amend = filled_at(world, world.price - 20)
    world.send(ev.StopAmended(SYMBOL, amend.request_no, True, False, 0, "", world.now))
    effects = world.fill(Side.SELL, qty, world.price - 100, "", stop_order_type="StopLoss")
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.STOP_LOSS


def test_a_second_leg_is_entered_however_far_the_first_one_jumped() -> None:
    world = World(replace(TRADE, reverse_on_opposite_signal=True)).ready()
    entry = world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    world.ticker(world.price * Decimal("0.97"))
    effects = world.fill(Side.SELL, entry.qty, world.price, leaving.order_link_id)
    assert [order.intent.side for order in all_of(effects, SubmitOrder)] == [Side.SELL]


def test_an_exit_that_came_too_late_does_not_hold_back_the_next_positions() -> None:
    world = World(replace(TRADE, reverse_on_opposite_signal=True)).ready()
    entry = world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    effects = world.fill(Side.SELL, entry.qty, world.price, "", stop_order_type="StopLoss")
    second = only(effects, SubmitOrder).intent
    world.fill(Side.SELL, second.qty, world.price, second.order_link_id)
    refusal = ev.OrderRefused(
        leaving.order_link_id, ev.Refusal.REJECTED, 110017, "Reduce-only rule not satisfied", world.now
    )
    world.send(refusal)
    world.wallet_now()
    effects = world.send(ev.Command(ev.Order.FLATTEN, "test", world.now))
    assert [order.intent.side for order in all_of(effects, SubmitOrder)] == [Side.BUY]
