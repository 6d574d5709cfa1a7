"""A daemon that is killed while a trade waits for its funding: the next run records it once, and right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from engine_harness import BTC, SYMBOL, World, all_of, only

from whalebot.adapters.storage.state import StateFile
from whalebot.decisions.risk.settings import AtEnd, TradeSettings
from whalebot.domain import events as ev
from whalebot.domain.effects import Effect, FetchExecutions, Persist, RecordTrade, Stopped, SubmitOrder
from whalebot.domain.enums import Side
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import FundingPayment
from whalebot.domain.state import StateDocument
from whalebot.domain.trade import ClosedTrade
from whalebot.engine.engine import Engine

PAID = Decimal("8.512345678901")


def killed() -> tuple[World, StateDocument, int]:
    """A trade that ended 300 ms after a settlement nobody told: (its world, what is on disk, settled at)."""
    world = World().ready()
    qty = world.enter().qty
    due_ms, price = world.now + 60_000, world.price
    rate = Decimal("0.0001")
    now = world.now
    world.send(ev.TickerChanged(SYMBOL, price, price, price, price, price, rate, due_ms, now, now))
    world.wait(60_300)
    effects = world.fill(Side.SELL, qty, world.price, "", "TakeProfit", "CreateByTakeProfit")
    assert not all_of(effects, RecordTrade)
    return world, all_of(effects, Persist)[-1].document, due_ms


def started(before: World, document: StateDocument, later_ms: int = 20_000) -> World:
    """The next process, which starts with the document on disk and nothing else."""
    settings = before.engine._ctx.settings
    world = World(settings.trade, settings.guardrails, document)
    world.now = before.now + later_ms
    world.price, world.exec_no = before.price, before.exec_no
    return world


def told(world: World, *items: FundingPayment) -> list[Effect]:
    return world.tell_executions(*items)


def payment(due_ms: int, amount: Decimal = PAID) -> FundingPayment:
    return FundingPayment(SYMBOL, f"funding-{due_ms}", amount, Decimal(1), due_ms)


def recorded(effects: Sequence[Effect]) -> list[ClosedTrade]:
    return [effect.trade for effect in all_of(effects, RecordTrade)]


def test_its_funding_is_asked_for_and_the_trade_recorded_once() -> None:
    before, document, due_ms = killed()
    [waiting] = document.unrecorded_trades
    world = started(before, document).ready()
    world.wait(5_000)
    assert not recorded(world.log)
    assert min(asked.since_ms for asked in all_of(world.log, FetchExecutions)) <= due_ms
    [trade] = recorded(told(world, payment(due_ms)))
    assert trade == replace(
        waiting,
        funding=PAID,
        pnl=waiting.gross_pnl - waiting.fees - PAID,
        pnl_percent=trade.pnl_percent,
        r_multiple=trade.r_multiple,
    )
    assert trade.pnl_percent < waiting.pnl_percent
    world.send(ev.TradeRecorded(trade.trade_id, world.now))
    told(world, payment(due_ms))
    world.send(ev.FundingPaid(payment(due_ms), world.now))
    world.wait(600_000)
    assert len(recorded(world.log)) == 1
    left = world.engine.document()
    assert (left.unrecorded_trades, left.waiting_trades) == ((), ())


def test_a_second_kill_while_it_waits_loses_nothing_either() -> None:
    before, document, due_ms = killed()
    world = started(before, document).ready()
    again = started(world, all_of(world.log, Persist)[-1].document).ready()
    again.wait(5_000)
    [trade] = recorded(told(again, payment(due_ms)))
    assert trade.funding == PAID
    assert not recorded(world.log)


def test_funding_told_by_the_stream_is_booked_on_it_too() -> None:
    before, document, due_ms = killed()
    world = started(before, document).ready()
    world.send(ev.FundingPaid(payment(due_ms), world.now))
    told(world)
    assert [trade.funding for trade in recorded(world.log)] == [PAID]


def test_it_waits_until_the_venue_answers() -> None:
    before, document, due_ms = killed()
    world = started(before, document).ready()
    world.wait(5_000)
    world.send(ev.ExecutionsFetched(SYMBOL, due_ms, Unknown("read timeout"), world.now))
    world.wait(600_000)
    assert not recorded(world.log)
    told(world, payment(due_ms))
    assert [trade.funding for trade in recorded(world.log)] == [PAID]


def test_it_is_recorded_without_funding_where_the_venue_knows_of_none() -> None:
    before, document, _ = killed()
    world = started(before, document).ready()
    world.wait(5_000)
    for _ in range(3):
        told(world)
        world.wait(31_000)
    assert recorded(world.log) == list(document.unrecorded_trades)


def test_one_side_of_a_hedge_that_was_told_before_the_kill_is_kept() -> None:
    before, _, due_ms = killed()
    settings = before.engine._ctx.settings
    hedged = replace(settings, feed=replace(settings.feed, hedged=frozenset({SYMBOL})))
    before.send(ev.Reconfigured(hedged, (), before.now))
    effects = before.send(ev.FundingPaid(payment(due_ms), before.now))
    assert not recorded(effects)
    world = started(before, only(effects, Persist).document).ready()
    world.wait(5_000)
    for _ in range(3):
        told(world, payment(due_ms))
        world.wait(31_000)
    assert [trade.funding for trade in recorded(world.log)] == [PAID]


def test_funding_that_was_booked_before_the_kill_is_not_waited_for() -> None:
    before, document, due_ms = killed()
    [held] = document.waiting_trades
    [symbol] = document.symbols
    booked = replace(
        document,
        waiting_trades=(replace(held, memory=replace(held.memory, funding=PAID)),),
        symbols=(
            replace(
                symbol,
                recent_exec_ids=(*symbol.recent_exec_ids, payment(due_ms).exec_id),
                recent_exec_ms=(*symbol.recent_exec_ms, due_ms),
            ),
        ),
    )
    world = started(before, booked).ready()
    world.wait(5_000)
    [trade] = recorded(told(world, payment(due_ms)))
    assert trade.funding == PAID


def test_a_symbol_that_is_not_configured_any_more_keeps_no_trade_waiting() -> None:
    before, document, _ = killed()
    settings = replace(before.engine._ctx.settings, symbols=("ETHUSDT",))
    engine = Engine(settings, document)
    assert recorded(engine.start(before.now)) == list(document.unrecorded_trades)


def test_the_first_question_waits_for_the_market_to_tell_its_time() -> None:
    """Before that, every settlement lies in the future."""
    before, document, due_ms = killed()
    world = started(before, document)
    world.send(ev.InstrumentsFetched(Known((BTC,), world.now), world.now))
    assert not all_of(world.wait(10_000), FetchExecutions)
    world.ready()
    world.wait(5_000)
    assert min(asked.since_ms for asked in all_of(world.log, FetchExecutions)) <= due_ms


def test_a_stop_before_the_market_told_its_time_leaves_it_to_the_next_run() -> None:
    before, document, due_ms = killed()
    world = started(before, document)
    world.send(ev.Command(ev.Order.STOP, "test", world.now))
    world.wait(10_000)
    assert all_of(world.log, Stopped)
    assert not recorded(world.log)
    again = started(world, world.engine.final_document()).ready()
    again.wait(5_000)
    assert [trade.funding for trade in recorded(told(again, payment(due_ms)))] == [PAID]


def test_what_waits_reads_back_from_the_disk(tmp_path: Path) -> None:
    _, document, due_ms = killed()
    StateFile(tmp_path / "live.json").save(document)
    read = StateFile(tmp_path / "live.json").load()
    assert read == document
    assert [waiting.due_ms for waiting in document.waiting_trades] == [due_ms]


def test_a_trade_that_ends_at_a_stop_just_before_a_settlement_is_recorded_once() -> None:
    world = World(TradeSettings(leverage=Decimal(10), on_shutdown=AtEnd.CLOSE)).ready()
    intent = world.enter()
    due_ms, price = world.now + 60_000, world.price
    world.send(
        ev.TickerChanged(
            SYMBOL, price, price, price, price, price, Decimal("0.0001"), due_ms, world.now, world.now
        )
    )
    world.wait(58_000)
    leaving = only(world.send(ev.Command(ev.Order.STOP, "test", world.now)), SubmitOrder).intent
    effects = world.fill(Side.SELL, intent.qty, price, leaving.order_link_id)
    assert len(recorded(effects)) == 1
