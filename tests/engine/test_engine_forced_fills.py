"""Executions by their kind: which move a position, why it ended, and what the owner is told of them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import Alert, AmendStop, FetchSnapshot, RecordTrade, SubmitOrder
from whalebot.domain.enums import ClosedBy, ExecType, OrderStatus, Side, Stream
from whalebot.domain.known import Known
from whalebot.domain.orders import AccountSnapshot

D = Decimal
MOVES = {ExecType.TRADE, ExecType.ADL_TRADE, ExecType.BUST_TRADE, ExecType.SETTLE, ExecType.DELIVERY}


@pytest.mark.parametrize("kind", list(ExecType))
def test_only_listed_kinds_move_a_position(kind: ExecType) -> None:
    world = World().ready()
    intent = world.enter()
    effects = world.fill(Side.SELL, intent.qty, D("59900"), "", "", "CreateByUser", kind)
    assert bool(all_of(effects, RecordTrade)) == (kind in MOVES)
    assert bool(world.engine.document().positions) == (kind not in MOVES)


@pytest.mark.parametrize(
    ("create", "expected"),
    [
        ("CreateByStopLoss", ClosedBy.STOP_LOSS),
        ("CreateByPartialStopLoss", ClosedBy.STOP_LOSS),
        ("CreateByTakeProfit", ClosedBy.TAKE_PROFIT),
        ("CreateByPartialTakeProfit", ClosedBy.TAKE_PROFIT),
        ("CreateByTrailingStop", ClosedBy.TRAILING_STOP),
        ("CreateByLiq", ClosedBy.LIQUIDATION),
        ("CreateByTakeOver_PassThrough", ClosedBy.LIQUIDATION),
        ("CreateByAdl_PassThrough", ClosedBy.ADL),
        ("CreateByClosing", ClosedBy.FOREIGN),
        ("", ClosedBy.FOREIGN),
    ],
)
def test_the_maker_of_the_order_tells_where_the_kind_of_stop_is_missing(
    create: str, expected: ClosedBy
) -> None:
    world = World().ready()
    intent = world.enter()
    effects = world.fill(Side.SELL, intent.qty, D("59900"), "", "", create)
    assert only(effects, RecordTrade).trade.closed_by is expected


@pytest.mark.parametrize(
    ("kind", "word"), [(ExecType.BUST_TRADE, "liquidated"), (ExecType.ADL_TRADE, "deleveraged")]
)
def test_what_the_venue_takes_is_told_even_where_a_part_is_left(kind: ExecType, word: str) -> None:
    world = World().ready()
    world.enter()
    effects = world.fill(Side.SELL, D("0.010"), D("59900"), "", "", "CreateByLiq", kind)
    alert = next(a for a in all_of(effects, Alert) if a.kind == "forced_fill")
    assert word in alert.title
    assert world.engine.document().positions
    assert not all_of(world.wait(500), SubmitOrder)


def test_the_front_of_the_deleveraging_queue_is_told_once_each_time() -> None:
    world = World().ready()
    intent = world.enter()

    def report(rank: int) -> list[str]:
        world.now += 1_000
        position = world.position(Side.BUY, intent.qty, D("60000"), intent.stop_loss, intent.take_profit)
        effects = world.send(ev.PositionReported(replace(position, adl_rank=rank), world.now))
        return [a.kind for a in all_of(effects, Alert)]

    told = [report(rank) for rank in (2, 4, 5, 3, 4)]
    assert told == [[], ["adl_near"], [], [], ["adl_near"]]


def test_an_order_that_a_snapshot_tells_the_end_of_is_settled() -> None:
    """The entry was filled in part and its last word was lost: the stop must follow the true price."""
    world = World().ready()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.send(ev.OrderAccepted(intent.order_link_id, "o1", world.now))
    part = D("0.010")
    assert not all_of(world.fill(Side.BUY, part, world.price + 10, intent.order_link_id), AmendStop)
    world.now += 100
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    effects = world.send(ev.StreamUp(Stream.PRIVATE, world.now))
    ended = world.order_report(intent, OrderStatus.PARTIALLY_FILLED_CANCELLED, part)
    held = world.position(Side.BUY, part, world.price + 10, intent.stop_loss, intent.take_profit)
    picture = Known(AccountSnapshot((held,), (ended,), world.wallet_report()), world.now)
    asked = only(effects, FetchSnapshot).request_no
    amend = only(world.send(ev.SnapshotFetched(asked, picture, world.now)), AmendStop)
    assert amend.stop_loss == D("59860.0")
    assert not world.engine.document().intents
