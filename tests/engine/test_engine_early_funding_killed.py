"""A settlement told before its fill, and a kill between the two: the next run still counts it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from engine_harness import SYMBOL, World, all_of
from test_engine_funding_restart import started
from test_engine_lost_fills import fill, sent_entry

from whalebot.domain import events as ev
from whalebot.domain.effects import RecordTrade
from whalebot.domain.enums import Side
from whalebot.domain.known import Known
from whalebot.domain.orders import FundingPayment


def test_a_kill_between_a_settlement_and_the_fill_it_belongs_to_loses_nothing() -> None:
    world = World().ready()
    intent = sent_entry(world)
    opened = fill(world, "entry", Side.BUY, intent, Decimal(0))
    payment = FundingPayment(SYMBOL, "funding", Decimal("8.5"), intent.qty, world.now + 300)
    world.now += 500
    world.send(ev.FundingPaid(payment, world.now))
    closed = replace(fill(world, "target", Side.SELL, intent, intent.qty), ts_ms=world.now)
    after = started(world, world.engine.document(), 1_000)
    answer = Known((opened, payment, closed), after.now)
    effects = after.send(ev.ExecutionsFetched(SYMBOL, intent.created_ms, answer, after.now))
    [trade] = [effect.trade for effect in all_of(effects, RecordTrade)]
    assert trade.funding == Decimal("8.5")
