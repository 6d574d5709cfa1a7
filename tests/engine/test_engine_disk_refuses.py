"""A disk that refuses a trade: it stays with the engine, which asks again until it is recorded."""

from __future__ import annotations

from engine_harness import World, all_of, only
from test_engine_lost_fills import fill, sent_entry

from whalebot.domain import events as ev
from whalebot.domain.effects import RecordTrade
from whalebot.domain.enums import Side


def test_a_trade_that_was_not_recorded_is_asked_for_again_until_it_is() -> None:
    world = World().ready()
    intent = sent_entry(world)
    world.send(ev.Filled(fill(world, "entry", Side.BUY, intent, intent.qty * 0), world.now))
    world.now += 500
    closed = world.send(ev.Filled(fill(world, "target", Side.SELL, intent, intent.qty), world.now))
    trade = only(closed, RecordTrade).trade
    for _ in range(3):
        world.send(ev.StorageFailed("trade history", "No space left on device", world.now))
        assert only(world.wait(2_000), RecordTrade).trade == trade
    world.send(ev.TradeRecorded(trade.trade_id, world.now, trade))
    world.send(ev.StorageFailed("state", "No space left on device", world.now))
    assert not all_of(world.wait(10_000), RecordTrade)
