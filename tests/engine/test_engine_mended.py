"""A position that no execution explains: the venue's books say what it earned, and the trade is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from engine_harness import SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.books import Closing
from whalebot.domain.effects import (
    Alert,
    AmendStop,
    Effect,
    FetchClosings,
    FetchExecutions,
    FetchSnapshot,
    RecordTrade,
)
from whalebot.domain.enums import ClosedBy, ExecType, Side
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import AccountSnapshot, OrderIntent, PositionReport

D = Decimal
ENTRY = D("60000")


def closing(world: World, qty: Decimal, price: Decimal, kind: ExecType = ExecType.TRADE) -> Closing:
    return Closing(SYMBOL, f"c{price}", Side.SELL, kind, qty, ENTRY * qty, price * qty, D("0.3"), world.now)


def disagree(world: World, *positions: PositionReport) -> FetchClosings:
    """Let the venue tell other positions again and again, and no execution; return the last question."""
    effects: Sequence[Effect] = world.send(ev.StreamUp(ev.Stream.PRIVATE, world.now))
    for _ in range(100):
        asked = all_of(effects, FetchClosings)
        if asked:
            return asked[0]
        found: list[Effect] = []
        for question in effects:
            if isinstance(question, FetchExecutions):
                none = ev.ExecutionsFetched(SYMBOL, question.since_ms, Known((), world.now), world.now)
                found += world.send(none)
            elif isinstance(question, FetchSnapshot):
                answer = Known(AccountSnapshot(positions, (), world.wallet_report()), world.now)
                found += world.send(ev.SnapshotFetched(question.request_no, answer, world.now))
        effects = found or world.wait(1_000)
    raise AssertionError("the venue's books were never asked for")


def answer(world: World, *rows: Closing) -> list[Effect]:
    return world.send(ev.ClosingsFetched(SYMBOL, 0, Known(rows, world.now), world.now))


def entered() -> tuple[World, OrderIntent]:
    world = World().ready()
    intent = world.enter()
    world.now += 10_000
    return world, intent


def test_a_position_gone_without_executions_is_recorded_from_the_venues_books() -> None:
    world, intent = entered()
    assert disagree(world).symbol == SYMBOL
    assert world.engine.document().positions
    effects = answer(world, closing(world, intent.qty, D("59900"), ExecType.BUST_TRADE))
    trade = only(effects, RecordTrade).trade
    assert (trade.closed_by, trade.reconciled, trade.exit_price) == (ClosedBy.LIQUIDATION, True, D("59900"))
    assert trade.pnl == -100 * intent.qty - D("0.01") - D("0.3")
    assert trade.entry_score == 2.5
    assert not world.engine.document().positions
    assert world.engine.document().unrecorded_trades == (trade,)


def test_books_that_say_nothing_leave_a_flagged_trade_without_a_result() -> None:
    world, intent = entered()
    disagree(world)
    effects = answer(world)
    trade = only(effects, RecordTrade).trade
    assert (trade.reconciled, trade.gross_pnl, trade.pnl, trade.qty) == (True, 0, -trade.fees, intent.qty)
    assert trade.exit_price == trade.entry_price
    alert = next(a for a in all_of(effects, Alert) if a.kind == "position_mended")
    assert "a price nobody knows" in alert.text


def test_books_that_cannot_be_read_end_nothing() -> None:
    world, _ = entered()
    disagree(world)
    world.send(ev.ClosingsFetched(SYMBOL, 0, Unknown("timeout"), world.now))
    assert world.engine.document().positions
    assert disagree(world)


def test_parts_known_before_are_not_counted_twice() -> None:
    world, intent = entered()
    part = D("0.020")
    world.fill(Side.SELL, part, D("60100"), "", "PartialTakeProfit", "CreateByPartialTakeProfit")
    world.now += 1_000
    disagree(world)
    rest = intent.qty - part
    rows = (closing(world, part, D("60100")), closing(world, rest, D("60050")))
    trade = only(answer(world, *rows), RecordTrade).trade
    assert trade.gross_pnl == part * 100 + rest * 50
    assert trade.qty == intent.qty


def test_a_position_that_became_smaller_stays_ours_at_its_new_size() -> None:
    world, intent = entered()
    rest = intent.qty - D("0.010")
    disagree(world, world.position(Side.BUY, rest, ENTRY, intent.stop_loss, intent.take_profit))
    effects = answer(world, closing(world, D("0.010"), D("60010")))
    assert not all_of(effects, RecordTrade)
    memory = world.engine.document().positions[0]
    assert (memory.bought_qty - memory.sold_qty, memory.foreign, memory.reconciled) == (rest, False, True)
    trade = only(world.fill(Side.SELL, rest, ENTRY, "", "StopLoss", "CreateByStopLoss"), RecordTrade).trade
    assert (trade.gross_pnl, trade.reconciled) == (D("0.010") * 10, True)


def test_a_position_that_grew_takes_over_the_venues_average_price() -> None:
    world, intent = entered()
    grown = intent.qty * 2
    disagree(world, world.position(Side.BUY, grown, D("60100"), intent.stop_loss, intent.take_profit))
    answer(world)
    memory = world.engine.document().positions[0]
    assert (memory.bought_qty, memory.bought, memory.foreign) == (grown, D("60100") * grown, False)


def test_a_second_part_that_leaves_while_the_books_are_asked_about_the_first_keeps_its_price() -> None:
    """The answer to a question is held against what was found then, not against what was found since."""
    world, intent = entered()
    first = D("0.010")
    second = intent.qty - first
    disagree(world, world.position(Side.BUY, second, ENTRY, intent.stop_loss, intent.take_profit))
    told_first, told_second = closing(world, first, D("60010")), closing(world, second, D("59900"))
    compared_flat(world)
    assert not all_of(answer(world, told_first), RecordTrade)
    assert world.engine.document().positions[0].sold == D("60010") * first
    disagree(world)
    trade = only(answer(world, told_first, told_second), RecordTrade).trade
    assert trade.gross_pnl == 10 * first - 100 * second
    assert (trade.qty, trade.reconciled) == (intent.qty, True)


def compared_flat(world: World) -> None:
    """One more comparison, which finds the venue flat."""
    since_ms = all_of(world.log, FetchExecutions)[-1].since_ms
    world.send(ev.ExecutionsFetched(SYMBOL, since_ms, Known((), world.now), world.now))
    world.wait(2_000)
    question = all_of(world.log, FetchSnapshot)[-1]
    flat = Known(AccountSnapshot((), (), world.wallet_report()), world.now)
    world.send(ev.SnapshotFetched(question.request_no, flat, world.now))


def test_the_opposite_position_is_adopted_and_ours_recorded() -> None:
    world, intent = entered()
    disagree(world, world.position(Side.SELL, D("0.5"), D("59000"), None))
    effects = answer(world, closing(world, intent.qty, D("59000")))
    assert only(effects, RecordTrade).trade.side is Side.BUY
    assert only(effects, AmendStop).take_profit is None
    memory = world.engine.document().positions[0]
    assert (memory.side, memory.foreign) == (Side.SELL, True)
