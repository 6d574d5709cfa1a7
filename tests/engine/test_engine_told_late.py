"""What is told late, twice or before its time: booked where it belongs, and asked for at a pace."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import SYMBOL, World, all_of, only
from test_engine_funding import PAID, payment, tell_next
from test_engine_lost_fills import fill, sent_entry
from test_engine_mended import disagree

from whalebot.domain import events as ev
from whalebot.domain.effects import (
    Effect,
    FetchClosings,
    FetchExecutions,
    FetchSnapshot,
    RecordTrade,
    SubmitOrder,
)
from whalebot.domain.enums import ClosedBy, Side, Stream
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import AccountSnapshot
from whalebot.engine.clock import MarketClock
from whalebot.engine.settings import FeedSettings
from whalebot.engine.signals import SymbolSignals

D = Decimal


def test_the_funding_of_a_trade_that_waits_is_not_booked_on_the_next_one() -> None:
    world = World().ready()
    first = world.enter()
    due_ms = world.now + 60_000
    tell_next(world, due_ms)
    world.wait(60_300)
    world.fill(Side.SELL, first.qty, world.price, "", "TakeProfit", "CreateByTakeProfit")
    world.wait(1_000)
    world.fill(Side.BUY, D("0.010"), world.price)
    world.wait(4_000)
    world.fill(Side.SELL, D("0.010"), world.price)
    world.tell_executions(payment(due_ms))
    funding = {trade.trade.qty: trade.trade.funding for trade in all_of(world.log, RecordTrade)}
    assert funding == {first.qty: PAID, D("0.010"): D(0)}


def test_a_close_of_the_position_before_leaves_the_next_one_alone() -> None:
    world = World().ready()
    intent = world.enter()
    world.now += 10_000
    late = replace(fill(world, "late", Side.SELL, intent, intent.qty), ts_ms=world.now)
    disagree(world)
    mended = world.send(ev.ClosingsFetched(SYMBOL, 0, Known((), world.now), world.now))
    assert only(mended, RecordTrade).trade.reconciled
    world.now += 60_000
    world.fill(Side.BUY, D("0.010"), world.price)
    world.send(ev.Filled(late, world.now))
    [memory] = world.engine.document().positions
    assert (memory.bought_qty, memory.sold_qty) == (D("0.010"), 0)


def test_a_difference_is_looked_at_again_at_a_pace() -> None:
    """Every question is answered at once, and none explains: the venue's lists may lag its positions."""
    world = World().ready()
    world.enter()
    world.now += 10_000
    began_ms = world.now
    queue: list[Effect] = world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    asked: list[Effect] = []
    while not all_of(asked, FetchClosings):
        assert len(asked) < 100
        effect = queue.pop(0) if queue else None
        asked += [effect] if effect is not None else []
        if isinstance(effect, FetchSnapshot):
            flat = Known(AccountSnapshot((), (), world.wallet_report()), world.now)
            queue += world.send(ev.SnapshotFetched(effect.request_no, flat, world.now))
        elif isinstance(effect, FetchExecutions):
            none = ev.ExecutionsFetched(SYMBOL, effect.since_ms, Known((), world.now), world.now)
            queue += world.send(none)
        elif effect is None:
            queue += world.wait(500)
    assert world.now - began_ms >= 8_000
    assert len(all_of(asked, FetchSnapshot)) <= 8


def test_an_exit_sent_before_the_market_told_its_time_asks_for_nothing_absurd() -> None:
    world = World(feed=FeedSettings(has_book=False)).ready()
    intent = world.enter()
    world.engine._rooms.exits.close(SYMBOL, ClosedBy.MANUAL)
    later = world.restart(intents=())
    effects = later.send(ev.StreamUp(Stream.PRIVATE, later.now))
    later.tell_executions()
    position = later.position(intent.side, intent.qty, later.price, intent.stop_loss, intent.take_profit)
    sent = only(later.answer_snapshot(effects, (position,)), SubmitOrder).intent
    assert sent.created_ms == 0
    later.send(ev.OutcomeUnknown(sent.order_link_id, "timeout", later.now))
    asked = only(later.send(ev.StreamUp(Stream.PRIVATE, later.now)), FetchExecutions)
    assert asked.since_ms >= intent.created_ms


def test_before_the_first_event_a_market_that_keeps_real_time_has_the_venues() -> None:
    clock = MarketClock(1.0, max_ahead_ms=300_000)
    clock.tick(1_760_000_000_000)
    clock.venue_offset_ms = -2_000
    assert clock.reached_ms == 1_759_999_998_000
    clock.saw(1_759_999_990_000, 1_760_000_000_000)
    assert clock.reached_ms == 1_759_999_990_000
    clock.saw(1_760_000_100_000, 1_760_000_000_000)
    assert clock.reached_ms == 1_759_999_998_000


def test_executions_keep_their_times_over_a_restart() -> None:
    """More than are remembered otherwise, newer than all that is known: none is taken for new again."""
    signals = SymbolSignals(SYMBOL)
    for number in range(1_000):
        signals.is_new(f"old{number}", number + 1)
        signals.told_all(number + 1)
    rows = [("old999", 1_000)] + [(f"new{number}", 2_000 + number) for number in range(700)]
    assert sum(signals.is_new(*row) for row in rows) == 700
    later = SymbolSignals(SYMBOL)
    later.restore(signals.memory())
    assert not any(later.is_new(*row) for row in rows)
    assert later.told_all(2_699)
    assert not any(later.is_new(*row) for row in rows)


def test_a_settlement_older_than_the_newest_fill_is_new_after_a_restart() -> None:
    signals = SymbolSignals(SYMBOL)
    for number in range(1_000):
        signals.is_new(f"old{number}", 10 * number)
        signals.told_all(10 * number)
    later = SymbolSignals(SYMBOL)
    later.restore(signals.memory())
    assert later.told_to_ms == 9_990
    assert later.is_new("settlement", 9_985)


def test_books_that_cannot_be_read_are_asked_about_at_a_pace() -> None:
    world = World().ready()
    world.enter()
    world.now += 10_000
    disagree(world)
    world.send(ev.ClosingsFetched(SYMBOL, 0, Unknown("10006"), world.now))
    world.log.clear()
    world.wait(1_000)
    assert not all_of(world.log, FetchClosings)


def test_a_clock_that_ran_ahead_takes_no_settlement_for_over() -> None:
    """The market stood still for a while: its settlement comes later than our clock thinks, and is lost."""
    world = World(feed=FeedSettings(has_book=False)).ready()
    intent = sent_entry(world)
    stood_at_ms, due_ms = world.now, world.now + 60_000
    tell_next(world, due_ms)
    world.wait(200_000)
    opened = replace(fill(world, "entry", Side.BUY, intent, D(0)), ts_ms=stood_at_ms + 2_000)
    world.send(ev.Filled(opened, world.now))
    if all_of(world.log, FetchExecutions):
        world.tell_executions(opened)
    price, now = world.price, world.now
    world.send(
        ev.TickerChanged(
            SYMBOL, price, price, price, price, price, D("0.0001"), due_ms + 28_800_000, due_ms + 100, now
        )
    )
    closed = replace(fill(world, "target", Side.SELL, intent, intent.qty), ts_ms=due_ms + 1_000)
    assert not all_of(world.send(ev.Filled(closed, now)), RecordTrade)
    world.wait(20_000)
    told = world.tell_executions(opened, payment(due_ms), closed)
    assert only(told, RecordTrade).trade.funding == PAID


def test_an_entry_learnt_of_while_the_private_stream_is_away_asks_for_its_stop() -> None:
    """Nothing else would tell that the stop is there, and a healthy position would be closed."""
    world = World().ready()
    intent = sent_entry(world)
    world.send(ev.StreamDown(Stream.PRIVATE, "closed by the venue", world.now))
    world.now += 3_000
    asked = world.send(ev.Filled(fill(world, "entry", Side.BUY, intent, D(0)), world.now))
    position = world.position(intent.side, intent.qty, world.price, intent.stop_loss, intent.take_profit)
    world.answer_snapshot(asked, (position,))
    assert not all_of(world.wait(10_000), SubmitOrder)


def test_a_close_from_before_a_position_of_ours_was_opened_takes_nothing_from_it() -> None:
    world = World().ready()
    entry = world.enter()
    late = replace(fill(world, "late", Side.SELL, entry, entry.qty), ts_ms=world.now - 60_000)
    world.send(ev.Filled(late, world.now))
    [memory] = world.engine.document().positions
    assert (memory.bought_qty, memory.sold_qty) == (entry.qty, 0)
