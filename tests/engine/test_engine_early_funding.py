"""A funding settlement that is told before the fill of the position it belongs to."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import SYMBOL, World, only
from test_engine_lost_fills import fetched, fill, sent_entry

from whalebot.domain import events as ev
from whalebot.domain.effects import RecordTrade
from whalebot.domain.enums import Side
from whalebot.domain.orders import FundingPayment


@pytest.mark.parametrize(("early_ms", "expected"), [(300, Decimal("-8.5")), (-60_000, Decimal(0))])
def test_it_counts_for_the_position_that_was_open_then_and_no_other(early_ms: int, expected: Decimal) -> None:
    world = World().ready()
    intent = sent_entry(world)
    opened = fill(world, "entry", Side.BUY, intent, Decimal(0))
    payment = FundingPayment(SYMBOL, "funding", Decimal("-8.5"), intent.qty, world.now + early_ms)
    world.now += 500
    world.send(ev.FundingPaid(payment, world.now))
    closed = replace(fill(world, "target", Side.SELL, intent, intent.qty), ts_ms=world.now)
    effects = world.send(ev.Filled(closed, world.now))
    trade = only(fetched(world, effects, opened, payment, closed), RecordTrade).trade
    assert trade.funding == expected


def test_one_that_was_settled_before_a_position_is_not_booked_on_it() -> None:
    """Told late, when nobody waits for it any more: the position that was open then is gone."""
    world = World().ready()
    world.enter()
    payment = FundingPayment(SYMBOL, "funding", Decimal("-8.5"), Decimal("0.1"), world.now - 60_000)
    world.send(ev.FundingPaid(payment, world.now))
    assert world.engine.rooms.positions.holdings[SYMBOL].memory.funding == 0
