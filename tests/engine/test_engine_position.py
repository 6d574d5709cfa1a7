"""The life of a position: trailing, protection, closing, recording."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import DAY_MS, SYMBOL, World, all_of, only

from whalebot.decisions.risk.settings import Adopt, AtEnd, CostSettings, GuardrailSettings, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import (
    Alert,
    AmendStop,
    FetchExecutions,
    FetchHistory,
    LookUpOrder,
    Notice,
    RecordTrade,
    Stopped,
    SubmitOrder,
)
from whalebot.domain.enums import ClosedBy, ExecType, OrderStatus, Side, Stream, TriggerBy
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import Execution, FundingPayment, PositionReport

TRADE = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10))


def confirm(world: World, amend: AmendStop) -> list[object]:
    return world.send(ev.StopAmended(SYMBOL, amend.request_no, True, False, 0, "", world.now))


def test_trailing_arms_follows_and_never_moves_back() -> None:
    world = World().ready()
    world.enter()
    assert not all_of(world.ticker(Decimal("60049.9")), AmendStop)
    armed = only(world.ticker(Decimal("60050")), AmendStop)
    assert armed.stop_loss == Decimal("59970.0")
    confirm(world, armed)
    assert not all_of(world.ticker(Decimal("60020")), AmendStop)
    assert only(world.ticker(Decimal("60070")), AmendStop).stop_loss == Decimal("59990.0")


def test_one_change_in_flight_and_the_newest_follows() -> None:
    world = World().ready()
    world.enter()
    first = only(world.ticker(Decimal("60060")), AmendStop)
    assert not all_of(world.ticker(Decimal("60080")), AmendStop)
    assert only(confirm(world, first), AmendStop).stop_loss == Decimal("60000.0")


def test_break_even_then_lock_in() -> None:
    world = World().ready()
    world.enter()
    amend = only(world.ticker(Decimal("60100")), AmendStop)
    # entry + 2 x 0.055 % of 60000 = 60066, better than 60100 - 80
    assert amend.stop_loss == Decimal("60066.0")
    confirm(world, amend)
    assert only(world.ticker(Decimal("60150")), AmendStop).stop_loss == Decimal("60070.0")


def test_refused_stop_is_rolled_back_and_position_kept() -> None:
    world = World().ready()
    world.enter()
    amend = only(world.ticker(Decimal("60060")), AmendStop)
    world.send(ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "invalid", world.now))
    memory = world.engine.document().positions[0]
    assert memory.stop == memory.initial_stop
    assert not memory.stop_moved


def test_refused_stop_with_price_beyond_it_closes() -> None:
    world = World().ready()
    world.enter()
    amend = only(world.ticker(Decimal("60060")), AmendStop)
    world.ticker(Decimal("59975"))
    effects = world.send(ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "invalid", world.now))
    assert only(effects, SubmitOrder).intent.closes_as is ClosedBy.TRAILING_STOP


def test_a_price_that_passes_a_refused_stop_later_closes() -> None:
    world = World().ready()
    world.enter()
    amend = only(world.ticker(Decimal("60060")), AmendStop)
    world.send(ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "invalid", world.now))
    assert not all_of(world.ticker(Decimal("59990")), SubmitOrder)
    effects = world.ticker(Decimal("59980"))
    assert only(effects, SubmitOrder).intent.closes_as is ClosedBy.TRAILING_STOP
    assert not all_of(world.ticker(Decimal("59975")), SubmitOrder)


def test_unknown_stop_change_is_sent_again() -> None:
    world = World().ready()
    world.enter()
    amend = only(world.ticker(Decimal("60060")), AmendStop)
    world.send(ev.StopAmended(SYMBOL, amend.request_no, False, False, 0, "read timeout", world.now))
    assert only(world.wait(600), AmendStop).stop_loss == amend.stop_loss


def test_missing_stop_is_repaired_then_position_closed_within_two_seconds() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.fill(Side.BUY, intent.qty, world.price, intent.order_link_id)
    world.log.clear()
    world.send(ev.StopAmended(SYMBOL, 1, False, True, 10001, "no", world.now))
    world.report(Side.BUY, intent.qty, world.price, None)
    effects = world.wait(1_700)
    assert not all_of(effects, SubmitOrder)
    effects = world.wait(100)
    assert only(effects, SubmitOrder).intent.reduce_only
    assert any(a.kind == "unprotected" for a in all_of(effects, Alert))


def test_stop_seen_in_time_keeps_the_position() -> None:
    world = World().ready()
    world.enter()
    assert not all_of(world.wait(5_000), SubmitOrder)


@pytest.mark.parametrize(
    ("kind", "create", "exec_type", "expected"),
    [
        ("StopLoss", "CreateByStopLoss", ExecType.TRADE, ClosedBy.STOP_LOSS),
        ("TakeProfit", "CreateByTakeProfit", ExecType.TRADE, ClosedBy.TAKE_PROFIT),
        ("TrailingStop", "CreateByTrailingStop", ExecType.TRADE, ClosedBy.TRAILING_STOP),
        ("", "CreateByLiq", ExecType.BUST_TRADE, ClosedBy.LIQUIDATION),
        ("", "CreateByAdl_PassThrough", ExecType.ADL_TRADE, ClosedBy.ADL),
        ("", "CreateByUser", ExecType.TRADE, ClosedBy.FOREIGN),
    ],
)
def test_closed_by_comes_from_the_order(
    kind: str, create: str, exec_type: ExecType, expected: ClosedBy
) -> None:
    world = World().ready()
    intent = world.enter()
    effects = world.fill(Side.SELL, intent.qty, Decimal("59900"), "", kind, create, exec_type)
    trade = only(effects, RecordTrade).trade
    assert trade.closed_by is expected
    assert trade.pnl == (Decimal("59900") - Decimal("60000")) * intent.qty - Decimal("0.02")


def test_moved_stop_is_a_trailing_stop() -> None:
    world = World().ready()
    intent = world.enter()
    confirm(world, only(world.ticker(Decimal("60060")), AmendStop))
    effects = world.fill(Side.SELL, intent.qty, Decimal("59980"), "", "StopLoss", "CreateByStopLoss")
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.TRAILING_STOP


def test_the_same_execution_twice_counts_once() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    for _ in range(2):
        world.fill(Side.BUY, intent.qty, world.price, intent.order_link_id, exec_id="same")
    assert world.engine.document().positions[0].bought_qty == intent.qty


def test_partial_closes_add_up_in_one_trade() -> None:
    world = World().ready()
    intent = world.enter()
    half = Decimal("0.020")
    assert not all_of(world.fill(Side.SELL, half, Decimal("60100"), "", "TakeProfit"), RecordTrade)
    effects = world.fill(Side.SELL, intent.qty - half, Decimal("60200"), "", "TakeProfit")
    trade = only(effects, RecordTrade).trade
    assert trade.gross_pnl == half * 100 + (intent.qty - half) * 200
    assert trade.qty == intent.qty


def test_funding_goes_to_the_cash_side_only() -> None:
    world = World().ready()
    intent = world.enter()
    payment = FundingPayment(SYMBOL, "f1", Decimal("0.5"), intent.qty, world.now)
    for _ in range(2):
        world.send(ev.FundingPaid(payment, world.now))
    memory = world.engine.document().positions[0]
    assert (memory.funding, memory.bought_qty, memory.sold_qty) == (Decimal("0.5"), intent.qty, 0)


def test_losing_streak_pauses_and_survives_a_restart() -> None:
    limits = GuardrailSettings(min_target_to_cost=None, max_consecutive_losses=1)
    world = World(TRADE, limits).ready()
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, Decimal("59850"), "", "StopLoss", "CreateByStopLoss")
    world.wallet -= Decimal("7")
    world.wallet_now()
    assert not all_of(world.close_bar(2.5), SubmitOrder)
    assert any(a.kind == "kill" for a in all_of(world.log, Alert))
    again = world.restart().ready()
    assert not all_of(again.close_bar(2.5), SubmitOrder)


def test_day_loss_closes_everything() -> None:
    world = World(TRADE).ready()
    world.enter()
    world.close_bar(0.0)
    world.ticker(Decimal("59200"))
    world.wallet = Decimal("970")
    world.wallet_now()
    world.log.clear()
    world.close_bar(0.0)
    assert only(world.log, SubmitOrder).intent.closes_as is ClosedBy.KILL


def test_trade_stays_in_the_state_until_it_is_recorded() -> None:
    world = World().ready()
    intent = world.enter()
    effects = world.fill(Side.SELL, intent.qty, Decimal("59850"), "", "StopLoss", "CreateByStopLoss")
    trade = only(effects, RecordTrade).trade
    assert world.engine.document().unrecorded_trades == (trade,)
    assert only(world.restart().log, RecordTrade).trade == trade
    world.send(ev.TradeRecorded(trade.trade_id, world.now))
    assert world.engine.document().unrecorded_trades == ()


# --- restart and reconciliation ---------------------------------------------------------------------------


def open_report(world: World, qty: Decimal) -> PositionReport:
    return world.position(Side.BUY, qty, Decimal("60000"), Decimal("59850.0"), Decimal("60200.0"))


def test_own_position_is_managed_again_after_a_restart() -> None:
    world = World().ready()
    intent = world.enter()
    again = world.restart()
    again.ready((open_report(world, intent.qty),))
    assert only(again.ticker(Decimal("60050")), AmendStop).stop_loss == Decimal("59970.0")


def test_position_closed_while_down_is_recorded_from_its_executions() -> None:
    world = World().ready()
    intent = world.enter()
    again = world.restart()
    again.ready(())
    assert all_of(again.log, FetchExecutions)
    closing = Execution(
        SYMBOL, "late", ExecType.TRADE, Side.SELL, Decimal("59850"), intent.qty, Decimal("0.02"), False,
        "o9", "", "StopLoss", "CreateByStopLoss", intent.qty, world.now + 5, 99,
    )  # fmt: skip
    effects = again.send(ev.ExecutionsFetched(SYMBOL, world.now, Known((closing,), again.now), again.now))
    trade = only(effects, RecordTrade).trade
    assert trade.closed_by is ClosedBy.STOP_LOSS
    assert trade.entry_score == 2.5


def test_failed_query_is_never_flat() -> None:
    world = World().ready()
    world.enter()
    before = world.engine.document().positions
    effects = world.wait(DAY_MS)
    request = next(e for e in effects if type(e).__name__ == "FetchSnapshot")
    world.send(ev.SnapshotFetched(request.request_no, Unknown("timeout"), world.now))
    assert world.engine.document().positions == before


def test_foreign_position_gets_a_stop_and_nothing_else() -> None:
    world = World()
    report = world.position(Side.SELL, Decimal("0.5"), Decimal("60100"), None)
    world.ready((report,))
    amend = only(world.log, AmendStop)
    assert (amend.stop_loss, amend.take_profit) == (Decimal("60150.0"), None)
    assert not all_of(world.close_bar(2.5), SubmitOrder)


def test_foreign_position_is_ignored_or_closed_on_request() -> None:
    for how, orders in ((Adopt.IGNORE, 0), (Adopt.CLOSE, 1)):
        world = World(TradeSettings(adopt=how, leverage=Decimal(10)))
        world.ready((world.position(Side.SELL, Decimal("0.5"), Decimal("60100"), None),))
        assert len(all_of(world.log, SubmitOrder)) == orders
        assert not all_of(world.log, AmendStop)


# --- orders whose fate is unknown -------------------------------------------------------------------------


def test_timeout_on_submit_keeps_the_order_in_flight_and_asks() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    effects = world.send(ev.OutcomeUnknown(intent.order_link_id, "read timeout", world.now))
    assert only(effects, LookUpOrder).order_link_id == intent.order_link_id
    assert len(world.engine.document().intents) == 1


def test_absent_three_times_after_the_receive_window_never_arrived() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    sent = world.now
    world.send(ev.OutcomeUnknown(intent.order_link_id, "read timeout", world.now))

    def absent() -> int:
        world.send(
            ev.OrderLookedUp(intent.order_link_id, ev.LookUpVerdict.ABSENT, None, world.now, "", world.now)
        )
        return len(world.engine.document().intents)

    for _ in range(5):
        assert absent() == 1
    world.now = sent + 10_001
    assert [absent(), absent(), absent()] == [1, 1, 0]


def test_unanswered_look_ups_never_settle_an_order() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.now += 3_600_000
    for _ in range(10):
        world.send(
            ev.OrderLookedUp(
                intent.order_link_id, ev.LookUpVerdict.UNANSWERED, None, world.now, "timeout", world.now
            )
        )
    assert len(world.engine.document().intents) == 1


def test_found_order_with_missing_fills_waits_for_them() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    report = world.order_report(intent, OrderStatus.FILLED, intent.qty)
    world.send(ev.OrderUpdated(report, world.now))
    assert len(world.engine.document().intents) == 1
    world.fill(Side.BUY, intent.qty, world.price, intent.order_link_id)
    assert world.engine.document().intents == ()


def test_restart_with_an_order_in_flight_asks_for_it_first() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    again = world.restart()
    effects = again.send(ev.StreamUp(Stream.PRIVATE, again.now))
    assert only(effects, LookUpOrder).order_link_id == intent.order_link_id
    assert not all_of(again.close_bar(2.5), SubmitOrder)


def test_rejected_entry_leaves_no_trace_but_a_notice() -> None:
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    effects = world.send(
        ev.OrderRefused(intent.order_link_id, ev.Refusal.INSUFFICIENT, 110007, "no money", world.now)
    )
    assert world.engine.document().intents == ()
    assert any(n.kind == "order_ended" for n in all_of(effects, Notice))


def test_rejected_exit_is_sent_again() -> None:
    world = World().ready()
    world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    world.send(ev.OrderRefused(leaving.order_link_id, ev.Refusal.RATE_LIMITED, 10006, "slow down", world.now))
    assert only(world.wait(1_100), SubmitOrder).intent.closes_as is ClosedBy.OPPOSITE_SIGNAL


# --- the owner --------------------------------------------------------------------------------------------


def command(world: World, order: ev.Order) -> list[object]:
    return world.send(ev.Command(order, "test", world.now))


def test_pause_lasts_until_resume_and_over_a_restart() -> None:
    world = World().ready()
    command(world, ev.Order.PAUSE)
    assert not all_of(world.close_bar(2.5), SubmitOrder)
    again = world.restart().ready()
    assert not all_of(again.close_bar(2.5), SubmitOrder)
    command(again, ev.Order.RESUME)
    assert all_of(again.close_bar(2.5), SubmitOrder)


def test_panic_closes_everything_and_pauses() -> None:
    world = World().ready()
    intent = world.enter()
    leaving = only(command(world, ev.Order.PANIC), SubmitOrder).intent
    effects = world.fill(Side.SELL, intent.qty, world.price, leaving.order_link_id)
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.MANUAL
    assert not all_of(world.close_bar(2.5), SubmitOrder)


def test_stop_keeps_the_position_by_default() -> None:
    world = World().ready()
    world.enter()
    effects = command(world, ev.Order.STOP)
    assert only(effects, Stopped)
    assert not all_of(effects, SubmitOrder)


def test_stop_waits_for_an_order_in_flight_but_not_for_ever() -> None:
    world = World().ready()
    world.close_bar(2.5)
    assert not all_of(command(world, ev.Order.STOP), Stopped)
    assert only(world.wait(4_000), Stopped)
    assert len(world.engine.document().intents) == 1


def test_a_fill_that_is_told_late_does_not_move_the_end_back() -> None:
    world = World().ready()
    qty = world.enter().qty
    part = qty / 2
    world.now += 20_000
    ended_ms = world.now
    world.fill(Side.SELL, part, world.price, "", "TakeProfit", "CreateByTakeProfit")
    world.now -= 15_000
    effects = world.fill(Side.SELL, qty - part, world.price, "", "TakeProfit", "CreateByTakeProfit")
    assert only(effects, RecordTrade).trade.exit_ms == ended_ms


def filled_without_a_report() -> World:
    """An entry that is filled; the venue has not said yet that its stop is there."""
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.OrderAccepted(intent.order_link_id, "o1", world.now))
    world.fill(intent.side, intent.qty, world.price, intent.order_link_id)
    return world


def test_stop_waits_for_the_stop_of_a_position() -> None:
    world = filled_without_a_report()
    assert not all_of(command(world, ev.Order.STOP), Stopped)
    [held] = world.engine.document().positions
    world.report(Side.BUY, held.bought_qty, world.price, held.stop)
    effects = world.wait(100)
    assert only(effects, Stopped)
    assert not all_of(effects, Alert)


def test_stop_closes_a_position_whose_stop_does_not_come() -> None:
    world = filled_without_a_report()
    command(world, ev.Order.STOP)
    leaving = only(world.wait(2_500), SubmitOrder).intent
    assert leaving.reduce_only
    effects = world.fill(Side.SELL, leaving.qty, world.price, leaving.order_link_id)
    assert only(effects, RecordTrade)
    assert only(world.wait(100), Stopped)


def test_stop_that_leaves_a_position_bare_says_so() -> None:
    world = filled_without_a_report()
    command(world, ev.Order.STOP)
    effects = world.wait(4_000)
    assert only(effects, Stopped)
    assert all_of(effects, Alert)[-1].kind == "unprotected"


def test_stop_with_close_leaves_flat() -> None:
    world = World(
        TradeSettings(on_shutdown=AtEnd.CLOSE, leverage=Decimal(10), costs=CostSettings(slippage=0.0))
    )
    intent = world.ready().enter()
    leaving = only(command(world, ev.Order.STOP), SubmitOrder).intent
    effects = world.fill(Side.SELL, intent.qty, world.price, leaving.order_link_id)
    assert only(effects, RecordTrade).trade.closed_by is ClosedBy.SHUTDOWN
    assert only(world.wait(100), Stopped)


def test_storage_failure_blocks_entries_until_it_works() -> None:
    world = World().ready()
    world.send(ev.StorageFailed("state", "No space left on device", world.now))
    assert not all_of(world.close_bar(2.5), SubmitOrder)
    world.send(ev.StorageRecovered(world.now))
    assert all_of(world.close_bar(2.5), SubmitOrder)


# --- what the owner is told -------------------------------------------------------------------------------


def test_a_long_outage_is_alerted_once_and_a_short_one_not() -> None:
    world = World().ready()
    world.send(ev.StreamDown(Stream.PUBLIC, "reset", world.now))
    assert not [a for a in all_of(world.wait(59_000), Alert) if a.kind == "outage"]
    assert [a.kind for a in all_of(world.wait(60_000), Alert)] == ["outage"]
    world.send(ev.StreamUp(Stream.PUBLIC, world.now))
    world.send(ev.StreamDown(Stream.PUBLIC, "reset", world.now))
    world.send(ev.StreamUp(Stream.PUBLIC, world.now))
    assert not [a for a in all_of(world.wait(120_000), Alert) if a.kind == "outage"]


def test_a_bar_that_rest_tells_otherwise_is_alerted() -> None:
    world = World().ready()
    world.close_bar(0.0)
    asked = only(world.wait(6_000), FetchHistory)
    assert asked.start_ms is not None
    for close, alerts in ((world.price, 0), (world.price + 1, 1)):
        candle = world.candle(asked.start_ms, close)
        answer = Known((candle,), world.now)
        effects = world.send(ev.HistoryFetched(SYMBOL, "15", answer, world.now, asked.start_ms, asked.end_ms))
        assert len([a for a in all_of(effects, Alert) if a.kind == "bar_differs"]) == alerts
        world.close_bar(0.0)
        asked = only(world.wait(6_000), FetchHistory)
        assert asked.start_ms is not None


def test_stops_follow_the_mark_price_where_the_venue_fires_on_it() -> None:
    world = World(replace(TRADE, trigger_by=TriggerBy.MARK_PRICE)).ready()
    world.enter()
    last_only = ev.TickerChanged(
        SYMBOL, Decimal("60200"), None, None, None, None, None, None, world.now, world.now
    )
    assert not all_of(world.send(last_only), AmendStop)
    mark_only = replace(last_only, last_price=None, mark_price=Decimal("60050"))
    amend = only(world.send(mark_only), AmendStop)
    assert (amend.stop_loss, amend.trigger_by) == (Decimal("59970.0"), TriggerBy.MARK_PRICE)
