"""Exits that are refused are repeated once a second, however many reasons to leave come up meanwhile."""

from __future__ import annotations

from decimal import Decimal

from engine_harness import SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, Effect, SubmitOrder


def test_stops_that_are_refused_do_not_hurry_an_exit_that_was_refused() -> None:
    world = World().ready()
    world.enter()
    leaving = only(refused_stop(world, Decimal("60060"), Decimal("59975")), SubmitOrder).intent
    gone = ev.OrderRefused(leaving.order_link_id, ev.Refusal.REJECTED, 110017, "position is zero", world.now)
    found = world.send(gone)
    for number in range(3):
        found += refused_stop(world, Decimal(60_070 + 10 * number), Decimal("59975"))
    assert not all_of(found, SubmitOrder)
    assert only(world.wait(1_000), SubmitOrder).intent.closes_as is leaving.closes_as


def refused_stop(world: World, best: Decimal, price: Decimal) -> list[Effect]:
    """Let the stop follow a price; the venue refuses it when the price is beyond it already."""
    amend = only(world.ticker(best), AmendStop)
    world.ticker(price)
    world.now += 50
    return world.send(
        ev.StopAmended(SYMBOL, amend.request_no, False, True, 10001, "zero position", world.now)
    )
