"""Fills that come without those before them: a close is never taken for an opening the other way."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, FetchExecutions, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, ExecType, Side
from whalebot.domain.known import Known
from whalebot.domain.orders import Execution, OrderIntent


def fill(world: World, exec_id: str, side: Side, intent: OrderIntent, closed: Decimal) -> Execution:
    """An execution of the entry, or of the target behind it."""
    opens = closed == 0
    return Execution(
        symbol="BTCUSDT",
        exec_id=exec_id,
        exec_type=ExecType.TRADE,
        side=side,
        price=Decimal(60_000) if opens else Decimal(60_200),
        qty=intent.qty,
        fee=Decimal("0.1"),
        is_maker=False,
        order_id=f"o-{exec_id}",
        order_link_id=intent.order_link_id if opens else "",
        stop_order_type="" if opens else "TakeProfit",
        create_type="CreateByUser" if opens else "CreateByTakeProfit",
        closed_qty=closed,
        ts_ms=world.now,
        seq=1,
    )


def fetched(world: World, effects: list[Effect], *executions: Execution) -> list[Effect]:
    """Answer the question for executions."""
    since_ms = only(effects, FetchExecutions).since_ms
    answer = Known(executions, world.now)
    return world.send(ev.ExecutionsFetched("BTCUSDT", since_ms, answer, world.now))


def sent_entry(world: World) -> OrderIntent:
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.OrderAccepted(intent.order_link_id, "o1", world.now))
    return intent


def test_a_close_whose_entry_was_lost_waits_for_the_entry() -> None:
    world = World().ready()
    intent = sent_entry(world)
    opened = fill(world, "entry", Side.BUY, intent, Decimal(0))
    world.now += 500
    closed = fill(world, "target", Side.SELL, intent, intent.qty)
    effects = world.send(ev.Filled(closed, world.now))
    assert not world.engine.document().positions
    trade = only(fetched(world, effects, opened, closed), RecordTrade).trade
    assert (trade.side, trade.closed_by) == (Side.BUY, ClosedBy.TAKE_PROFIT)
    assert trade.gross_pnl == 200 * intent.qty
    assert trade.entry_score == 2.5
    assert not world.engine.document().positions


def test_a_close_of_more_than_is_known_waits_for_the_part_that_was_lost() -> None:
    world = World().ready()
    intent = sent_entry(world)
    whole = fill(world, "entry", Side.BUY, intent, Decimal(0))
    first = replace(whole, exec_id="first", qty=intent.qty - Decimal("0.010"))
    lost = replace(whole, exec_id="lost", qty=Decimal("0.010"))
    world.send(ev.Filled(first, world.now))
    world.now += 500
    closed = fill(world, "target", Side.SELL, intent, intent.qty)
    effects = world.send(ev.Filled(closed, world.now))
    trade = only(fetched(world, effects, first, lost, closed), RecordTrade).trade
    assert (trade.side, trade.qty, trade.gross_pnl) == (Side.BUY, intent.qty, 200 * intent.qty)
    assert not world.engine.document().positions


def test_a_close_told_again_after_the_end_changes_nothing() -> None:
    world = World().ready()
    intent = sent_entry(world)
    world.send(ev.Filled(fill(world, "entry", Side.BUY, intent, Decimal(0)), world.now))
    closed = fill(world, "target", Side.SELL, intent, intent.qty)
    assert all_of(world.send(ev.Filled(closed, world.now)), RecordTrade)
    again = world.send(ev.Filled(closed, world.now))
    assert not all_of(again, FetchExecutions)
    assert not world.engine.document().positions


def test_a_close_of_what_nobody_opened_here_opens_nothing() -> None:
    world = World().ready()
    intent = sent_entry(world)
    stranger = replace(fill(world, "target", Side.SELL, intent, intent.qty), stop_order_type="")
    effects = world.send(ev.Filled(stranger, world.now))
    fetched(world, effects, stranger)
    assert not world.engine.document().positions
