"""A new process finds its position again: whatever was on disk, the stop never moves back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, LookUpOrder, Persist, SubmitOrder
from whalebot.domain.enums import OrderStatus, Side, Stream
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import OrderIntent
from whalebot.domain.state import StateDocument
from whalebot.engine.engine import Engine


def with_stop(world: World, entry: OrderIntent, stop: Decimal) -> World:
    return world.ready((world.position(Side.BUY, entry.qty, Decimal("60000"), stop, Decimal("60200")),))


def entered() -> tuple[World, OrderIntent, StateDocument]:
    world = World().ready()
    entry = world.enter()
    return world, entry, world.engine.document()


def stops(effects: Sequence[Effect]) -> list[Decimal | None]:
    return [a.stop_loss for a in all_of(effects, AmendStop)]


def test_a_stop_that_moved_after_the_last_save_is_not_moved_back() -> None:
    _, entry, document = entered()
    after = with_stop(World(state=document), entry, Decimal("60000"))
    assert stops(after.ticker(Decimal("60060"))) == []
    assert stops(after.ticker(Decimal("60090"))) == [Decimal("60010.0")]


def test_a_stop_that_had_not_reached_the_venue_is_sent_after_the_restart() -> None:
    world, entry, _ = entered()
    assert stops(world.ticker(Decimal("60060"))) == [Decimal("59980.0")]
    after = World(state=world.engine.document())
    after.ticker(Decimal("60040"))
    with_stop(after, entry, Decimal("59850"))
    assert stops(after.log) == [Decimal("59980.0")]


def test_a_stop_is_written_down_before_it_is_sent() -> None:
    """Killed then, and gone at the venue meanwhile: the next run asks for no worse one."""
    world, entry, _ = entered()
    effects = world.ticker(Decimal("60060"))
    saved, sent = only(effects, Persist), only(effects, AmendStop)
    assert effects.index(saved) < effects.index(sent)
    after = World(state=saved.document)
    after.ready((world.position(Side.BUY, entry.qty, Decimal("60000"), None, Decimal("60200")),))
    after.ticker(Decimal("60040"))
    after.wait(1_000)
    assert stops(after.log)[0] == sent.stop_loss == Decimal("59980.0")


def test_a_stop_that_somebody_loosened_is_put_back() -> None:
    world, entry, _ = entered()
    world.now += 1
    effects = world.report(Side.BUY, entry.qty, world.price, Decimal("59000"), entry.take_profit)
    assert stops(effects) == [entry.stop_loss]


def test_a_stop_that_somebody_tightened_is_left_alone() -> None:
    world, entry, _ = entered()
    world.now += 1
    assert not stops(world.report(Side.BUY, entry.qty, world.price, Decimal("59900"), entry.take_profit))
    assert not stops(world.ticker(Decimal("60001")))


def test_a_late_report_of_the_stop_just_replaced_changes_nothing() -> None:
    world = World().ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    anchored = only(world.fill(entry.side, entry.qty, Decimal("59990"), entry.order_link_id), AmendStop)
    world.send(ev.StopAmended(SYMBOL, anchored.request_no, True, False, 0, "", world.now))
    assert not stops(world.report(Side.BUY, entry.qty, Decimal("59990"), entry.stop_loss, entry.take_profit))
    assert world.engine.document().positions[0].stop == Decimal("59840.0")


def in_flight_then_restarted() -> tuple[World, OrderIntent]:
    """A new process that knows an order in flight but not yet the rules of its symbol."""
    world = World().ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    after = World(state=world.engine.document())
    after.now = world.now
    after.send(ev.InstrumentsFetched(Unknown("timeout"), after.now))
    assert only(after.send(ev.StreamUp(Stream.PRIVATE, after.now)), LookUpOrder)
    return after, entry


def fill_by_look_up(world: World, entry: OrderIntent, price: Decimal) -> None:
    world.fill(entry.side, entry.qty, price, entry.order_link_id)
    found = world.order_report(entry, OrderStatus.FILLED, entry.qty)
    verdict = ev.LookUpVerdict.FOUND
    world.send(ev.OrderLookedUp(entry.order_link_id, verdict, found, world.now, "", world.now))


def test_a_fill_found_before_the_rules_of_its_symbol_does_not_break_the_engine() -> None:
    after, entry = in_flight_then_restarted()
    fill_by_look_up(after, entry, Decimal("60010"))
    assert after.engine.document().positions[0].initial_stop is None
    effects = after.send(ev.InstrumentsFetched(Known((BTC,), after.now), after.now))
    assert stops(effects) == [Decimal("59860.0")]
    assert after.engine.document().positions[0].initial_stop == Decimal("59860.0")


def test_a_trade_over_before_the_rules_of_its_symbol_has_the_stop_of_its_order() -> None:
    after, entry = in_flight_then_restarted()
    after.fill(entry.side, entry.qty, Decimal("60010"), entry.order_link_id)
    assert entry.stop_loss is not None
    after.fill(Side.SELL, entry.qty, entry.stop_loss, "", "StopLoss", "CreateByStopLoss")
    [trade] = after.engine.document().unrecorded_trades
    assert trade.initial_stop == entry.stop_loss
    assert trade.r_multiple is not None


def test_rules_that_come_while_the_entry_still_fills_anchor_nothing() -> None:
    after, entry = in_flight_then_restarted()
    after.fill(entry.side, Decimal("0.001"), Decimal("60010"), entry.order_link_id)
    after.send(ev.InstrumentsFetched(Known((BTC,), after.now), after.now))
    assert after.engine.document().positions[0].initial_stop is None


def test_the_state_of_one_engine_is_the_birth_of_the_next() -> None:
    world, _, _ = entered()
    document = world.engine.document()
    settings = world.engine._ctx.settings
    assert Engine(settings, document, {SYMBOL: world.analyzer}).document().positions == document.positions


def test_an_order_of_a_clock_that_was_fast_is_settled_all_the_same() -> None:
    world = World().ready()
    entry = only(world.close_bar(2.5), SubmitOrder).intent
    (memory,) = world.engine.document().intents
    fast = replace(memory, intent=replace(memory.intent, sent_ms=world.now + 3_600_000))
    after = world.restart(intents=(fast,)).ready()
    for _ in range(8):
        after.wait(3_000)
        absent = ev.LookUpVerdict.ABSENT
        after.send(ev.OrderLookedUp(entry.order_link_id, absent, None, after.now, "", after.now))
    assert after.engine.document().intents == ()
