"""One event stamped far in the future must not move the market's clock, nor anything that is told by it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from engine_harness import BAR_MS, DAY_MS, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.effects import AmendStop, FetchExecutions, Notice, RecordTrade, SubmitOrder
from whalebot.domain.enums import ExecType, Side
from whalebot.domain.orders import Execution, FundingPayment
from whalebot.engine.settings import FeedSettings

D = Decimal
YEAR_MS = 365 * DAY_MS


def bounded(world: World | None = None) -> World:
    """A world whose market runs at the venue's real time."""
    world = world or World()
    world.engine._ctx.clock.max_ahead_ms = 300_000
    return world.ready()


def wild_events(world: World) -> list[ev.Event]:
    stamp, price = world.now + YEAR_MS, D("70000")
    candle = world.candle(stamp // BAR_MS * BAR_MS, price)
    return [
        ev.TickerChanged(SYMBOL, price, price, price, price, price, None, None, stamp, world.now),
        ev.TradesPrinted(SYMBOL, price, price, price, 1.0, 1.0, 1, stamp, world.now),
        ev.CandleForming(candle, world.now),
        ev.CandleClosed(candle, world.now),
    ]


@pytest.mark.parametrize("number", range(4))
def test_a_market_event_from_the_future_is_left_out(number: int) -> None:
    world = bounded()
    event = wild_events(world)[number]
    effects = world.send(event)
    assert world.engine.view().now_ms <= world.now
    assert world.engine.view().symbols[0].last_price == world.price
    assert [n.kind for n in all_of(effects, Notice)] == ["future_stamp"]
    assert only(world.close_bar(2.5), SubmitOrder)


def test_it_is_said_once_however_often_it_comes() -> None:
    world = bounded()
    said = [n for _ in range(50) for n in all_of(world.send(wild_events(world)[0]), Notice)]
    assert sum(n.level.value == "warning" for n in said) == 1


def test_the_venues_clock_is_what_counts_and_not_this_machines() -> None:
    world = bounded()
    world.send(ev.ClockSkew(3_600_000, 10, world.now))
    ticker = replace(wild_events(world)[0], ts_ms=world.now + 3_600_000)  # type: ignore[type-var]
    world.send(ticker)
    assert world.engine.view().now_ms == world.now + 3_600_000


def test_a_market_with_a_time_of_its_own_is_not_bounded() -> None:
    world = World(feed=FeedSettings(has_book=False)).ready()
    world.send(wild_events(world)[0])
    assert world.engine.view().now_ms == world.now + YEAR_MS


def test_a_fill_from_the_future_counts_at_the_time_it_came() -> None:
    world = bounded()
    intent = world.enter()
    fill = Execution(
        SYMBOL, "wild", ExecType.TRADE, Side.SELL, D("59850"), intent.qty, D("0.1"), False,
        "o9", "", "StopLoss", "CreateByStopLoss", intent.qty, world.now + YEAR_MS, 99,
    )  # fmt: skip
    trade = only(world.send(ev.Filled(fill, world.now)), RecordTrade).trade
    assert trade.exit_ms == world.now
    world.wallet_now()
    world.close_bar(0.0)
    world.send(ev.StreamDown(ev.Stream.PRIVATE, "test", world.now))
    assert only(world.send(ev.StreamUp(ev.Stream.PRIVATE, world.now)), FetchExecutions).since_ms <= world.now
    assert world.engine._rooms.account.settled


def test_funding_from_the_future_does_not_hide_what_follows() -> None:
    world = bounded()
    intent = world.enter()
    payment = FundingPayment(SYMBOL, "f1", D("0.5"), intent.qty, world.now + YEAR_MS)
    world.send(ev.FundingPaid(payment, world.now))
    assert world.engine.document().symbols[0].last_exec_ms == world.now


def test_reports_from_the_future_do_not_outlive_later_ones() -> None:
    world = bounded()
    intent = world.enter()
    wild = world.position(Side.BUY, intent.qty, D("60000"), intent.stop_loss)
    world.send(ev.PositionReported(replace(wild, updated_ms=world.now + YEAR_MS), world.now))
    wallet = replace(world.wallet_report(), wallet_balance=D("5"), updated_ms=world.now + YEAR_MS)
    world.send(ev.WalletReported(wallet, world.now))
    world.now += 1_000
    world.ticker(world.price)
    world.wallet_now()
    assert world.engine.view().wallet_balance == D("1000")
    effects = world.report(Side.BUY, intent.qty, D("60000"), None) + world.wait(1_500)
    assert all_of(effects, AmendStop)
