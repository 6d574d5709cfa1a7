"""Executions that were lost between others that were told: the next question starts before the hole."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import DAY_MS, SYMBOL, World, all_of, only
from test_engine_funding import PAID, payment, tell_next
from test_engine_lost_fills import fill, sent_entry
from test_engine_transfers import traded

from whalebot.domain import events as ev
from whalebot.domain.effects import FetchBookings, FetchExecutions, FetchSnapshot, SubmitOrder
from whalebot.domain.enums import Side, Stream
from whalebot.domain.orders import Execution, OrderIntent
from whalebot.domain.state import SymbolMemory
from whalebot.engine.signals import SymbolSignals

D = Decimal
PART = D("0.010")


def part(world: World, intent: OrderIntent, exec_id: str) -> Execution:
    """A part of the position that its owner closed by hand, now."""
    whole = fill(world, exec_id, Side.SELL, intent, intent.qty)
    return replace(whole, qty=PART, closed_qty=PART, stop_order_type="", create_type="CreateByUser")


def held(world: World) -> Decimal:
    [memory] = world.engine.document().positions
    return memory.bought_qty - memory.sold_qty


def reconnected(world: World) -> FetchExecutions:
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    world.now += 1_000
    return only(world.send(ev.StreamUp(Stream.PRIVATE, world.now)), FetchExecutions)


def test_a_fill_that_was_lost_before_one_that_was_told_is_asked_for() -> None:
    world = World().ready()
    intent = world.enter()
    world.now += 1_000
    lost = part(world, intent, "lost")
    world.now += 1_000
    world.send(ev.Filled(part(world, intent, "told"), world.now))
    assert reconnected(world).since_ms <= lost.ts_ms
    world.tell_executions(lost)
    assert held(world) == intent.qty - 2 * PART


def test_funding_that_is_asked_for_leaves_no_hole_before_it() -> None:
    """The private stream is away over a settlement; a part of the position went before it."""
    world = World().ready()
    intent = world.enter()
    due_ms = world.now + 60_000
    tell_next(world, due_ms)
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    world.now += 1_000
    lost = part(world, intent, "lost")
    world.log.clear()
    world.wait(66_000)
    assert only(world.log, FetchExecutions).since_ms <= lost.ts_ms
    world.tell_executions(lost, payment(due_ms))
    assert held(world) == intent.qty - PART
    assert world.engine.document().positions[0].funding == PAID


def test_a_position_that_agrees_with_the_venues_lacks_nothing() -> None:
    world = World().ready()
    intent = world.enter()
    entered_ms = world.now
    world.now += 1_000
    told = part(world, intent, "told")
    world.send(ev.Filled(told, world.now))
    world.now += 1_000
    assert reconnected(world).since_ms == entered_ms
    snapshot = all_of(world.log, FetchSnapshot)[-1:]
    world.tell_executions()
    position = world.position(Side.BUY, intent.qty - PART, world.price, intent.stop_loss)
    world.answer_snapshot(snapshot, (position,))
    assert reconnected(world).since_ms == told.ts_ms


def test_a_settlement_that_was_over_before_its_entry_was_told_is_asked_for() -> None:
    world = World().ready()
    due_ms = world.now + 60_000
    tell_next(world, due_ms)
    intent = sent_entry(world)
    opened = replace(fill(world, "entry", Side.BUY, intent, D(0)), ts_ms=due_ms - 1_000)
    tell_next(world, due_ms + 28_800_000)
    world.wait(120_000)
    world.log.clear()
    world.send(ev.Filled(opened, world.now))
    assert only(world.log, FetchExecutions).since_ms <= due_ms
    world.tell_executions(opened, payment(due_ms))
    assert world.engine.document().positions[0].funding == PAID


def test_closes_by_the_dozen_without_their_entry_ask_twice() -> None:
    world = World().ready()
    intent = sent_entry(world)
    opened = fill(world, "entry", Side.BUY, intent, D(0))
    world.now += 500
    closes = [part(world, intent, f"close-{number}") for number in range(3)]
    asked = [e for close in closes for e in world.send(ev.Filled(close, world.now))]
    assert only(asked, FetchExecutions)
    world.log.clear()
    world.tell_executions_once(asked, opened, *closes)
    assert only(world.log, FetchExecutions)
    world.tell_executions(opened, *closes)
    assert held(world) == intent.qty - 3 * PART


def test_a_question_that_no_answer_comes_to_is_asked_again() -> None:
    world = World().ready()
    world.enter()
    asked = reconnected(world)
    world.log.clear()
    world.wait(world.engine._ctx.settings.timing.snapshot_timeout_ms + 1_000)
    assert only(world.log, FetchExecutions) == asked


def test_no_day_is_compared_while_an_order_is_in_flight() -> None:
    world, _ = traded()
    only(world.close_bar(2.5), SubmitOrder)
    world.now += DAY_MS
    assert not all_of(world.ticker(world.price) + world.wait(90_000), FetchBookings)


def test_what_is_newer_than_all_that_is_known_is_remembered() -> None:
    signals = SymbolSignals(SYMBOL)
    assert all(signals.is_new(f"x{number}", 1_000 + number) for number in range(2_000))
    assert not any(signals.is_new(f"x{number}", 1_000 + number) for number in range(2_000))
    assert signals.told_to_ms == 1_000
    assert signals.is_new("lost", 1_500)


def test_what_is_forgotten_is_not_taken_for_new() -> None:
    signals = SymbolSignals(SYMBOL)
    for number in range(2_000):
        signals.is_new(f"x{number}", 1_000 + number)
    assert signals.told_all(signals.newest_ms)
    assert len(signals.memory().recent_exec_ids) <= 500
    later = SymbolSignals(SYMBOL)
    later.restore(signals.memory())
    for known in (signals, later):
        assert not any(known.is_new(f"x{number}", 1_000 + number) for number in range(2_000))
        assert known.is_new("next", 3_000)


def test_a_market_that_is_never_compared_with_does_not_fill_the_memory() -> None:
    signals = SymbolSignals(SYMBOL)
    assert all(signals.is_new(f"x{number}", 1_000 + number) for number in range(5_000))
    assert len(signals.memory().recent_exec_ids) == 2_000
    later = SymbolSignals(SYMBOL)
    later.restore(signals.memory())
    for known in (signals, later):
        assert not any(known.is_new(f"x{number}", 1_000 + number) for number in range(5_000))


def test_a_memory_that_was_never_full_forgot_nothing() -> None:
    signals = SymbolSignals(SYMBOL)
    signals.restore(SymbolMemory(SYMBOL, last_exec_ms=5_000, recent_exec_ids=("a", "b")))
    assert signals.is_new("lost", 4_000)
    assert not signals.is_new("a", 5_000)
