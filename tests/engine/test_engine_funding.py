"""Funding that nobody tells, or tells late: it is asked for, and booked on the position it was settled on."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, FetchExecutions, RecordTrade, Stopped, SubmitOrder
from whalebot.domain.enums import Side, Stream
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import Execution, FundingPayment

PAID = Decimal("8.5")
HOUR_MS = 3_600_000


def entered() -> tuple[World, Decimal, int]:
    """A long position whose next settlement comes in a minute: (world, quantity, its time)."""
    world = World().ready()
    qty = world.enter().qty
    due_ms = world.now + 60_000
    tell_next(world, due_ms)
    world.log.clear()
    return world, qty, due_ms


def tell_next(world: World, due_ms: int, rate: Decimal = Decimal("0.0001")) -> None:
    now, price = world.now, world.price
    world.send(ev.TickerChanged(SYMBOL, price, price, price, price, price, rate, due_ms, now, now))


def payment(due_ms: int, amount: Decimal = PAID) -> FundingPayment:
    return FundingPayment(SYMBOL, f"funding-{due_ms}", amount, Decimal(1), due_ms)


def answered(world: World, *items: Execution | FundingPayment) -> list[Effect]:
    """Answer the newest question for executions."""
    since_ms = all_of(world.log, FetchExecutions)[-1].since_ms
    assert all(item.ts_ms >= since_ms for item in items)
    return world.tell_executions(*items)


def closed(world: World, qty: Decimal) -> list[Effect]:
    """The target fires."""
    return world.fill(Side.SELL, qty, world.price, "", "TakeProfit", "CreateByTakeProfit")


def booked(world: World) -> Decimal:
    return world.engine.document().positions[0].funding


def test_a_settlement_nobody_told_is_asked_for_and_booked_once() -> None:
    world, _, due_ms = entered()
    assert not all_of(world.wait(64_000), FetchExecutions)
    assert only(world.wait(2_000), FetchExecutions).since_ms <= due_ms
    answered(world, payment(due_ms))
    answered(world, payment(due_ms))
    world.send(ev.FundingPaid(payment(due_ms), world.now))
    assert booked(world) == PAID
    assert not all_of(world.wait(120_000), FetchExecutions)


def test_a_settlement_that_was_told_is_not_asked_for() -> None:
    world, _, due_ms = entered()
    world.wait(61_000)
    world.send(ev.FundingPaid(payment(due_ms), world.now))
    assert not all_of(world.wait(120_000), FetchExecutions)
    assert booked(world) == PAID


def test_a_venue_that_settles_late_is_asked_once_more_and_not_for_ever() -> None:
    world, _, due_ms = entered()
    world.wait(66_000)
    answered(world)
    assert only(world.wait(30_000), FetchExecutions).since_ms <= due_ms
    answered(world)
    assert not all_of(world.wait(600_000), FetchExecutions)


def test_nothing_is_asked_where_nothing_was_open() -> None:
    world = World().ready()
    tell_next(world, world.now + 60_000)
    assert not all_of(world.wait(120_000), FetchExecutions)
    world.enter()
    assert not all_of(world.wait(120_000), FetchExecutions)


def test_the_interval_tells_where_the_ticker_does_not() -> None:
    world = World().ready()
    world.enter()
    step_ms = 8 * 3_600_000
    due_ms = (world.now // step_ms + 1) * step_ms
    world.ticker(world.price)
    world.log.clear()
    effects = world.wait(due_ms - world.now + 6_000)
    assert only(effects, FetchExecutions).since_ms <= due_ms


def test_the_next_settlement_is_watched_too() -> None:
    world, _, due_ms = entered()
    world.wait(66_000)
    answered(world, payment(due_ms))
    tell_next(world, due_ms + 3_600_000)
    world.wait(3_606_000)
    answered(world, payment(due_ms + 3_600_000))
    assert booked(world) == 2 * PAID


def test_settlements_that_follow_fast_are_each_asked_for() -> None:
    """The second one passes while the venue is still asked about the first."""
    world, _, due_ms = entered()
    every = replace(BTC, funding_interval_min=4)
    world.send(ev.InstrumentsFetched(Known((every,), world.now), world.now))
    world.wait(66_000)
    tell_next(world, due_ms + 480_000)
    world.wait(240_000)
    answered(world)
    world.wait(10_000)
    answered(world)
    world.wait(16_000)
    answered(world, payment(due_ms + 240_000))
    assert all(asked.since_ms <= due_ms for asked in all_of(world.log, FetchExecutions))
    assert booked(world) == PAID


def test_a_trade_that_ends_at_a_settlement_is_recorded_with_its_funding() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    effects = closed(world, qty)
    assert not all_of(effects, RecordTrade)
    [waiting] = world.engine.document().unrecorded_trades
    world.now += 500
    trade = only(world.send(ev.FundingPaid(payment(due_ms), world.now)), RecordTrade).trade
    assert trade.funding == PAID
    assert trade.pnl == trade.gross_pnl - trade.fees - PAID == waiting.pnl - PAID
    assert trade.trade_id == waiting.trade_id
    assert world.engine.rooms.performance.session.pnl == trade.pnl
    world.send(ev.TradeRecorded(trade.trade_id, world.now))
    assert not all_of(world.wait(120_000), RecordTrade)
    assert world.engine.document().unrecorded_trades == ()


def test_funding_lost_on_a_trade_that_ended_is_asked_for() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    assert only(world.wait(6_000), FetchExecutions).since_ms <= due_ms
    assert only(answered(world, payment(due_ms)), RecordTrade).trade.funding == PAID


def test_a_trade_is_recorded_without_funding_when_the_venue_knows_of_none() -> None:
    world, qty, _ = entered()
    world.wait(60_300)
    closed(world, qty)
    world.wait(6_000)
    answered(world)
    assert not all_of(world.wait(25_000), RecordTrade)
    world.wait(5_000)
    answered(world)
    assert only(world.wait(10_000), RecordTrade).trade.funding == 0


def test_a_venue_that_does_not_answer_keeps_the_trade_waiting() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    world.wait(6_000)
    unknown = ev.ExecutionsFetched(SYMBOL, due_ms, Unknown("read timeout"), world.now)
    world.send(unknown)
    assert not all_of(world.wait(600_000), RecordTrade)
    assert only(answered(world, payment(due_ms)), RecordTrade).trade.funding == PAID


def test_funding_told_after_the_second_leg_opened_belongs_to_the_first() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    world.now += 200
    world.fill(Side.SELL, qty, world.price, "by hand")
    world.now += 200
    assert only(world.send(ev.FundingPaid(payment(due_ms), world.now)), RecordTrade).trade.funding == PAID
    assert booked(world) == 0


def test_a_market_without_funding_keeps_no_trade_waiting() -> None:
    world = World().ready()
    qty = world.enter().qty
    tell_next(world, world.now + 60_000, Decimal(0))
    world.log.clear()
    world.wait(60_300)
    assert only(closed(world, qty), RecordTrade).trade.funding == 0
    assert not all_of(world.wait(60_000), FetchExecutions)


def test_a_trade_whose_settlement_is_known_waits_for_nothing() -> None:
    world, qty, due_ms = entered()
    world.wait(60_100)
    world.send(ev.FundingPaid(payment(due_ms), world.now))
    assert only(closed(world, qty), RecordTrade).trade.funding == PAID


def test_a_stop_asks_at_once_and_records_what_it_is_told() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    stop = world.send(ev.Command(ev.Order.STOP, "test", world.now))
    assert only(stop, FetchExecutions).since_ms <= due_ms
    assert not all_of(stop, RecordTrade)
    assert not all_of(stop, Stopped)
    told = world.send(ev.ExecutionsFetched(SYMBOL, due_ms, Known((payment(due_ms),), world.now), world.now))
    assert only(told, RecordTrade).trade.funding == PAID
    assert only(world.wait(100), Stopped)


@pytest.mark.parametrize("answer", [Known((), 0), Unknown("read timeout"), None])
def test_a_stop_that_is_not_told_leaves_the_trade_to_the_next_run(
    answer: Known[tuple[Execution | FundingPayment, ...]] | Unknown | None,
) -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    world.send(ev.Command(ev.Order.STOP, "test", world.now))
    if answer is not None:
        world.send(ev.ExecutionsFetched(SYMBOL, due_ms, answer, world.now))
    effects = world.wait(5_000)
    assert only(effects, Stopped)
    assert not all_of(effects, RecordTrade)
    assert [waiting.due_ms for waiting in world.engine.document().waiting_trades] == [due_ms]


def test_a_stop_records_a_trade_that_was_over_before_a_settlement_nobody_told() -> None:
    world, qty, due_ms = entered()
    world.wait(59_000)
    assert not all_of(closed(world, qty), RecordTrade)
    world.wait(2_000)
    world.send(ev.Command(ev.Order.STOP, "test", world.now))
    told = world.send(ev.ExecutionsFetched(SYMBOL, due_ms, Known((), world.now), world.now))
    assert only(told, RecordTrade).trade.funding == 0


def test_a_stop_waits_for_no_settlement_that_lies_ahead() -> None:
    world, qty, _ = entered()
    world.wait(59_000)
    assert not all_of(closed(world, qty), RecordTrade)
    stop = world.send(ev.Command(ev.Order.STOP, "test", world.now))
    assert only(stop, RecordTrade).trade.funding == 0
    assert only(stop, Stopped)


def test_a_trade_over_several_settlements_of_an_outage_waits_for_each() -> None:
    """The stream is back before the answer, and tells the fill that closes first."""
    world, qty, due_ms = entered()
    world.wait(60_000 + 8 * 3_600_000 + 300)
    tell_next(world, due_ms + 16 * 3_600_000)
    assert not all_of(closed(world, qty), RecordTrade)
    told = answered(world, payment(due_ms), payment(due_ms + 8 * 3_600_000))
    assert only(told, RecordTrade).trade.funding == 2 * PAID


def test_a_disk_that_works_again_takes_no_trade_that_waits() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    world.send(ev.StorageFailed("state", "disk full", world.now))
    assert not all_of(world.wait(4_000), RecordTrade)
    assert only(world.send(ev.FundingPaid(payment(due_ms), world.now)), RecordTrade)


@pytest.mark.parametrize("stale_ms", [0, 60_000])
def test_a_ticker_that_still_tells_the_settlement_that_is_over_asks_no_more(stale_ms: int) -> None:
    world, _, due_ms = entered()
    world.wait(61_000)
    world.send(ev.FundingPaid(payment(due_ms), world.now))
    for _ in range(5):
        tell_next(world, due_ms - stale_ms)
        assert not all_of(world.wait(30_000), FetchExecutions)


def test_nothing_is_left_to_trade_by_it() -> None:
    world, qty, due_ms = entered()
    world.wait(60_300)
    closed(world, qty)
    effects = world.send(ev.FundingPaid(payment(due_ms), world.now))
    assert not all_of(effects, SubmitOrder)
    assert world.engine.document().positions == ()


def test_a_trade_that_ends_while_executions_are_asked_for_waits_for_the_answer() -> None:
    """Its settlements came while nobody listened; the fill that ends it is told before the answer."""
    world, qty, due_ms = entered()
    world.send(ev.StreamDown(Stream.PRIVATE, "closed by the venue", world.now))
    world.wait(70_000)
    tell_next(world, due_ms + 8 * HOUR_MS)
    world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    world.engine._rooms.executions.fetch(SYMBOL, due_ms - 60_000)
    assert not all_of(closed(world, qty), RecordTrade)
    told = world.tell_executions(payment(due_ms))
    assert only(told, RecordTrade).trade.funding == PAID
    assert world.engine.document().waiting_trades == ()


def test_an_answer_that_does_not_come_leaves_such_a_trade_to_the_next_run() -> None:
    world, qty, due_ms = entered()
    tell_next(world, due_ms + 8 * HOUR_MS)
    world.engine._rooms.executions.fetch(SYMBOL, due_ms)
    closed(world, qty)
    stop = world.send(ev.Command(ev.Order.STOP, "test", world.now)) + world.wait(5_000)
    assert only(stop, Stopped)
    assert not all_of(stop, RecordTrade)
    [waiting] = world.engine.document().waiting_trades
    assert waiting.due_ms <= due_ms
