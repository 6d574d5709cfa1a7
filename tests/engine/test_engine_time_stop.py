"""How long a position is held: bars count whether or not the daemon ran while they closed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_harness import BAR_MS, World, all_of

from whalebot.decisions.risk.settings import CostSettings, TradeSettings
from whalebot.domain.effects import SubmitOrder
from whalebot.domain.enums import ClosedBy, Side, Signal

FIVE_BARS = TradeSettings(costs=CostSettings(slippage=0.0), leverage=Decimal(10), max_hold_bars=5)


def bars_until_the_exit(world: World) -> int:
    for number in range(1, 10):
        found = all_of(world.close_bar(0.0, Signal.HOLD), SubmitOrder)
        if found:
            assert found[0].intent.closes_as is ClosedBy.TIME_STOP
            return number
    raise AssertionError("never closed")


def test_a_position_is_closed_after_so_many_bars() -> None:
    world = World(FIVE_BARS).ready()
    world.enter()
    assert bars_until_the_exit(world) == 5


@pytest.mark.parametrize(("away", "left"), [(0, 3), (2, 1), (50, 1)])
def test_bars_that_closed_while_the_daemon_was_away_count(away: int, left: int) -> None:
    world = World(FIVE_BARS).ready()
    entry = world.enter()
    world.close_bar()
    world.close_bar()
    after = World(FIVE_BARS, state=world.engine.document())
    after.now = world.now + away * BAR_MS
    stop, target = entry.stop_loss, entry.take_profit
    after.ready((after.position(Side.BUY, entry.qty, world.price, stop, target),))
    assert bars_until_the_exit(after) == left


def test_a_second_position_of_the_same_run_begins_at_none() -> None:
    world = World(FIVE_BARS).ready()
    world.close_bar()
    world.enter()
    [held] = world.engine.document().positions
    assert held.bars_held == 0
    assert bars_until_the_exit(world) == 5
