"""A position that ended while nobody listened: the venue's refusals are taken as the hint they are."""

from __future__ import annotations

from decimal import Decimal

from engine_harness import BAR_MS, SYMBOL, T0, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import (
    AmendStop,
    Effect,
    FetchExecutions,
    FetchSnapshot,
    RecordTrade,
    SubmitOrder,
)
from whalebot.domain.enums import ClosedBy, ExecType, Side, Signal, Stream
from whalebot.domain.known import Known
from whalebot.domain.orders import Execution

D = Decimal


def closing(world: World, qty: Decimal) -> Execution:
    """The fill that ended the position from outside."""
    return Execution(
        symbol="BTCUSDT",
        exec_id="outside",
        exec_type=ExecType.TRADE,
        side=Side.SELL,
        price=D(59_990),
        qty=qty,
        fee=D("0.1"),
        is_maker=False,
        order_id="o9",
        order_link_id="",
        stop_order_type="",
        create_type="CreateByUser",
        closed_qty=qty,
        ts_ms=world.now,
        seq=99,
    )


def answered(world: World, effects: list[Effect], qty: Decimal) -> RecordTrade:
    """Answer the question for executions with the fill that ended it; return the trade."""
    since_ms = only(effects, FetchExecutions).since_ms
    fills = Known((closing(world, qty),), world.now)
    return only(world.send(ev.ExecutionsFetched("BTCUSDT", since_ms, fills, world.now)), RecordTrade)


def test_a_refused_exit_asks_what_became_of_the_position() -> None:
    world = World().ready()
    qty = world.enter().qty
    world.now += 1_000
    world.ticker(world.price)
    [exit_order] = all_of(world.close_bar(-2.5), SubmitOrder)
    effects = world.send(
        ev.OrderRefused(
            exit_order.intent.order_link_id, ev.Refusal.REJECTED, 110017, "position is zero", world.now
        )
    )
    assert only(effects, FetchExecutions).symbol == "BTCUSDT"
    assert all_of(effects, FetchSnapshot)
    assert answered(world, effects, qty).trade.closed_by is ClosedBy.FOREIGN
    assert not all_of(world.wait(5_000), SubmitOrder)


def test_a_refused_stop_asks_what_became_of_the_position() -> None:
    world = World().ready()
    qty = world.enter().qty
    world.now += 1_000
    [amend] = all_of(world.ticker(D(60_120)), AmendStop)
    effects = world.send(
        ev.StopAmended("BTCUSDT", amend.request_no, False, True, 10001, "zero position", world.now)
    )
    assert only(effects, FetchExecutions).symbol == "BTCUSDT"
    assert answered(world, effects, qty).trade.closed_by is ClosedBy.FOREIGN


def test_an_entry_in_flight_over_an_outage_asks_for_executions_since_it_was_sent() -> None:
    """The very first order of a symbol: there is no execution yet from which to go on."""
    world = World().ready()
    sent_ms = world.now
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    world.now += 2_000
    effects = world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    asked = only(effects, FetchExecutions)
    assert sent_ms <= asked.since_ms < intent.created_ms


def test_a_clock_that_ran_ahead_hides_no_fill_of_the_entry_after_a_restart() -> None:
    """After a step of the machine's clock our market time is ahead; the venue stamps fills with its own."""
    world = World().ready()
    ahead_ms = 600_000
    world.send(ev.TimerDue(world.now + BAR_MS + ahead_ms))
    assert world.engine._ctx.clock.now_ms >= T0 + BAR_MS + ahead_ms
    filled_ms = T0 + BAR_MS
    world.analyzer.score, world.analyzer.signal = 2.5, Signal.BUY
    recv_ms = world.now + BAR_MS + ahead_ms
    world.send(
        ev.TickerChanged(
            SYMBOL,
            world.price,
            world.price,
            world.price,
            D(59_999),
            D(60_001),
            None,
            None,
            filled_ms,
            recv_ms,
        )
    )
    intent = only(world.send(ev.CandleClosed(world.candle(T0), recv_ms)), SubmitOrder).intent
    later = world.restart()
    effects = later.send(ev.StreamUp(Stream.PRIVATE, recv_ms + 5_000))
    assert only(effects, FetchExecutions).since_ms <= filled_ms
    assert intent.created_ms <= filled_ms
