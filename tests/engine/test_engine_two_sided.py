"""Hedge mode with a long and a short at once: told by name, no entries, and nobody's hedge is torn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, AmendStop, Effect, FetchSnapshot, RecordTrade, SubmitOrder
from whalebot.domain.enums import ExecType, Side, Stream
from whalebot.domain.orders import Execution, PositionReport

D = Decimal
PRICE = D("60000")


def hedged() -> World:
    world = World()
    settings = world.engine._ctx.settings
    feed = replace(settings.feed, hedged=frozenset({SYMBOL}))
    world.send(ev.Reconfigured(replace(settings, feed=feed), (), world.now))
    return world


def side(world: World, which: Side, qty: Decimal, stop: Decimal | None = None) -> PositionReport:
    report = world.position(which, qty, PRICE, stop)
    return replace(report, position_idx=1 if which is Side.BUY else 2)


def alerts(effects: Sequence[Effect]) -> list[str]:
    return [a.kind for a in all_of(effects, Alert)]


def snapshot(world: World, *positions: PositionReport) -> list[Effect]:
    """Reconnect, and let the venue tell these positions."""
    world.now += 1
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    return world.answer_snapshot(world.send(ev.StreamUp(Stream.PRIVATE, world.now)), positions)


@pytest.mark.parametrize("short", [D("0.5"), D("0.2")])
def test_a_foreign_long_and_short_are_told_and_left_alone(short: Decimal) -> None:
    world = hedged()
    world.ready((side(world, Side.BUY, D("0.5")), side(world, Side.SELL, short)))
    assert alerts(world.log) == ["two_sided"]
    assert any("long and short" in reason for reason in world.engine.view().blocked_by)
    assert not all_of(world.close_bar(2.5), SubmitOrder)
    assert not all_of(world.log + world.wait(10_000), AmendStop | SubmitOrder)  # type: ignore[arg-type]


def test_it_is_told_once_and_entries_come_back_when_both_are_gone() -> None:
    world = hedged()
    world.ready((side(world, Side.BUY, D("0.5")), side(world, Side.SELL, D("0.5"))))
    again = snapshot(world, side(world, Side.BUY, D("0.5")), side(world, Side.SELL, D("0.5")))
    assert not alerts(again)
    snapshot(world)
    assert not world.engine.view().blocked_by
    assert all_of(world.close_bar(2.5), SubmitOrder)


def test_a_short_beside_our_long_is_told_and_ours_is_managed_on() -> None:
    world = hedged().ready()
    intent = world.enter()
    ours = side(world, Side.BUY, intent.qty, intent.stop_loss)
    effects = snapshot(world, ours, side(world, Side.SELL, intent.qty))
    assert alerts(effects) == ["two_sided"]
    assert world.engine.document().positions[0].bought_qty == intent.qty
    assert not all_of(effects, SubmitOrder)


@pytest.mark.parametrize("which", [Side.BUY, Side.SELL])
def test_fills_of_the_other_side_do_not_touch_ours(which: Side) -> None:
    """A sell that opens a short, and a buy that closes it, beside our long."""
    world = hedged().ready()
    intent = world.enter()
    before = world.engine.document().positions[0]
    fill = Execution(
        SYMBOL, "theirs", ExecType.TRADE, which, PRICE, intent.qty, D("0.1"), False,
        "o9", "", "", "CreateByUser", intent.qty if which is Side.BUY else D(0), world.now, 99,
    )  # fmt: skip
    effects = world.send(ev.Filled(fill, world.now))
    assert not all_of(effects, RecordTrade)
    assert replace(world.engine.document().positions[0], bars_held=0) == replace(before, bars_held=0)
    assert only(effects, FetchSnapshot)
