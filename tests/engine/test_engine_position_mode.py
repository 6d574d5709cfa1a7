"""The owner changes the account's position mode while the daemon runs: seen, told, and nothing opened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, AmendStop, Effect, FetchExecutions, SubmitOrder
from whalebot.domain.enums import Side, Stream
from whalebot.domain.orders import PositionReport

D = Decimal
PRICE = D("60000")
WHY = "position idx not match position mode"


def row(world: World, which: Side | None, idx: int, stop: Decimal | None = None) -> PositionReport:
    qty = D(0) if which is None else D("0.5")
    return replace(world.position(which, qty, which and PRICE, stop), position_idx=idx)


def told(effects: Sequence[Effect]) -> list[str]:
    return [a.title for a in all_of(effects, Alert) if a.kind == "position_mode"]


def is_blocked(world: World) -> bool:
    return any("position mode has changed" in reason for reason in world.engine.view().blocked_by)


def test_an_entry_refused_for_its_index_is_the_last_one() -> None:
    world = World().ready()
    sent = only(world.close_bar(2.5), SubmitOrder).intent
    assert sent.position_idx == 0
    refused = ev.OrderRefused(sent.order_link_id, ev.Refusal.POSITION_MODE, 10001, WHY, world.now)
    assert told(world.send(refused)) == [f"{SYMBOL}: the account is in hedge mode now"]
    assert is_blocked(world)
    for _ in range(20):
        effects = world.close_bar(2.5) + world.wait(60_000)
        assert not all_of(effects, SubmitOrder)
        assert not told(effects)


@pytest.mark.parametrize("idx", [1, 2])
def test_a_report_of_the_other_mode_stops_entries(idx: int) -> None:
    world = World().ready()
    effects = world.send(ev.PositionReported(row(world, None, idx), world.now))
    assert told(effects) == [f"{SYMBOL}: the account is in hedge mode now"]
    assert not told(world.send(ev.PositionReported(row(world, None, idx), world.now)))
    assert not all_of(world.close_bar(2.5), SubmitOrder)


def test_entries_come_back_with_the_mode() -> None:
    world = World().ready()
    world.send(ev.PositionReported(row(world, None, 1), world.now))
    assert not told(world.send(ev.PositionReported(row(world, None, 0), world.now)))
    assert not is_blocked(world)
    assert only(world.close_bar(2.5), SubmitOrder).intent.position_idx == 0


def test_a_comparison_notices_it_and_protects_what_was_opened_by_hand() -> None:
    world = World().ready()
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    world.now += 1_000
    up = world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    effects = world.answer_snapshot(up, (row(world, Side.SELL, 2),))
    assert told(effects) == [f"{SYMBOL}: the account is in hedge mode now"]
    assert only(effects, AmendStop).position_idx == 2
    assert is_blocked(world)


def test_a_fill_that_came_before_the_news_is_protected_on_its_own_side() -> None:
    """The fill tells no index; the position that follows does."""
    world = World().ready()
    world.fill(Side.SELL, D("0.5"), PRICE)
    world.send(ev.PositionReported(row(world, Side.SELL, 2), world.now))
    effects = world.wait(3_000)
    amend = all_of(effects, AmendStop)[0]
    assert amend.position_idx == 2
    world.send(ev.StopAmended(SYMBOL, amend.request_no, True, False, 0, "", world.now))
    assert not all_of(world.wait(60_000), SubmitOrder | AmendStop | FetchExecutions)  # type: ignore[arg-type]


def test_a_restarted_daemon_trades_in_the_new_mode() -> None:
    world = World()
    settings = world.engine._ctx.settings
    hedged = replace(settings, feed=replace(settings.feed, hedged=frozenset({SYMBOL})))
    world.send(ev.Reconfigured(hedged, (), world.now))
    world.ready((row(world, None, 1), row(world, None, 2)))
    assert only(world.close_bar(2.5), SubmitOrder).intent.position_idx == 1
    assert not told(world.log)


def test_a_refusal_that_was_on_its_way_turns_nothing_back() -> None:
    world = World().ready()
    sent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.PositionReported(row(world, None, 1), world.now))
    refused = ev.OrderRefused(sent.order_link_id, ev.Refusal.POSITION_MODE, 10001, WHY, world.now)
    assert not told(world.send(refused))
    assert is_blocked(world)


def test_a_symbol_that_is_not_traded_here_may_have_any_mode() -> None:
    """The private stream tells the positions of the whole account."""
    world = World().ready()
    other = replace(row(world, Side.BUY, 1), symbol="SOLUSDT")
    assert not told(world.send(ev.PositionReported(other, world.now)))
    assert only(world.close_bar(2.5), SubmitOrder).intent.position_idx == 0
