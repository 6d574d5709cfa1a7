"""The second leg of a reversal is entered at once or not at all."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import World, all_of, only

from whalebot.decisions.risk.settings import CostSettings, TradeSettings
from whalebot.domain.effects import Notice, SubmitOrder
from whalebot.domain.enums import Side

TRADE = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10))


@pytest.mark.parametrize(
    ("took_ms", "sides", "told"), [(5_000, [Side.SELL], 0), (5_001, [], 1)], ids=["in time", "too late"]
)
def test_the_second_leg_goes_with_a_first_that_took_long(took_ms: int, sides: list[Side], told: int) -> None:
    world = World(replace(TRADE, reverse_on_opposite_signal=True)).ready()
    entry = world.enter()
    leaving = only(world.close_bar(-2.5), SubmitOrder).intent
    world.now += took_ms
    world.ticker(world.price)
    effects = world.fill(Side.SELL, entry.qty, world.price, leaving.order_link_id)
    assert [e.intent.side for e in all_of(effects, SubmitOrder)] == sides
    assert [n.kind for n in all_of(effects, Notice)].count("second_leg_late") == told
