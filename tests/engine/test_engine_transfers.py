"""Money moved into or out of the account is neither profit nor loss; anything else that is missing is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from engine_harness import BAR_MS, DAY_MS, SYMBOL, World, all_of, only

from whalebot.domain import events as ev
from whalebot.domain.books import Booking
from whalebot.domain.effects import (
    Alert,
    Effect,
    FetchBookings,
    FetchExecutions,
    FetchSnapshot,
    Notice,
    SubmitOrder,
)
from whalebot.domain.enums import Side, Stream
from whalebot.domain.known import Known, Unknown
from whalebot.domain.orders import AccountSnapshot
from whalebot.engine.settings import Timing

D = Decimal


def settled(reconcile_ms: int = DAY_MS) -> World:
    """A day with a base of 1000 and a first look at it."""
    world = World(timing=Timing(view_ms=None, reconcile_ms=reconcile_ms)).ready()
    world.close_bar(0.0)
    world.wallet_now()
    world.close_bar(0.0)
    return world


def booking(world: World, number: int, amount: str, kind: str = "TRANSFER_OUT", symbol: str = "") -> Booking:
    return Booking(f"b{number}", symbol, kind, D(amount), world.now)


def change(world: World, wallet: str) -> FetchBookings:
    """The wallet becomes this much; return the question that follows."""
    world.now += 1_000
    world.ticker(world.price)
    world.wallet = D(wallet)
    world.wallet_now()
    return only(world.wait(600), FetchBookings)


def answer(world: World, asked: FetchBookings, *rows: Booking) -> list[Effect]:
    return world.send(ev.BookingsFetched(asked.request_no, Known(rows, world.now), world.now))


def killed(world: World) -> bool:
    return any(alert.kind == "kill" for alert in all_of(world.log, Alert))


@pytest.mark.parametrize(("left", "amount"), [("500", "-500"), ("100", "-900"), ("3000", "2000")])
def test_a_transfer_leaves_drawdown_and_day_loss_as_they_were(left: str, amount: str) -> None:
    world = settled()
    world.now = (world.now // BAR_MS + 1) * BAR_MS - 2_000
    asked = change(world, left)
    world.close_bar(0.0)
    assert not killed(world)
    effects = answer(world, asked, booking(world, 1, amount))
    assert [n.kind for n in all_of(effects, Notice)] == ["money_moved"]
    world.close_bar(0.0)
    view = world.engine.view()
    assert not killed(world)
    assert (view.equity, view.drawdown, view.day_pnl) == (D(left), 0.0, 0)


def test_the_days_result_and_the_share_lost_stay_true_after_a_withdrawal() -> None:
    world = settled()
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, D("59900"), "", "StopLoss", "CreateByStopLoss")
    lost = 100 * intent.qty + D("0.02")
    world.wallet -= lost
    world.wallet_now()
    world.close_bar(0.0)
    before = world.engine.view()
    answer(world, change(world, str(world.wallet - 500)), booking(world, 1, "-500"))
    world.close_bar(0.0)
    after = world.engine.view()
    assert after.day_pnl == pytest.approx(-lost)
    assert after.drawdown == pytest.approx(before.drawdown)


def test_a_loss_that_no_transfer_explains_stops_trading_within_ten_seconds() -> None:
    world = settled()
    asked = change(world, "900")
    answer(world, asked)
    world.wait(8_000)
    assert not killed(world)
    effects = world.wait(3_000)
    assert any(n.kind == "wallet_unexplained" for n in all_of(effects, Notice))
    world.wait(15_000)
    assert killed(world)


def test_a_log_that_cannot_be_read_does_not_switch_the_breakers_off() -> None:
    world = settled()
    asked = change(world, "900")
    world.send(ev.BookingsFetched(asked.request_no, Unknown("timeout"), world.now))
    world.wait(30_000)
    assert killed(world)


def test_a_log_that_is_late_is_asked_again() -> None:
    world = settled()
    answer(world, change(world, "500"))
    again = only(world.wait(2_000), FetchBookings)
    answer(world, again, booking(world, 1, "-500"))
    world.wait(60_000)
    assert not killed(world)
    assert world.engine.view().drawdown == 0.0


def test_a_transfer_told_before_its_wallet_waits_for_it() -> None:
    """The log is ahead of the wallet: counting it early would double it."""
    world = settled()
    asked = change(world, "990")
    rows = booking(world, 1, "-10"), booking(world, 2, "-500")
    assert not all_of(answer(world, asked, *rows), Notice)
    world.wallet = D("490")
    world.wallet_now()
    answer(world, only(world.wait(2_000), FetchBookings), *rows)
    world.wait(60_000)
    assert not killed(world)
    assert world.engine.view().drawdown == 0.0


def test_a_loss_of_another_symbol_counts_as_a_loss() -> None:
    world = settled()
    answer(world, change(world, "900"), booking(world, 1, "-100", "TRADE", "ETHUSDT"))
    world.close_bar(0.0)
    assert killed(world)


def test_a_fee_paid_in_another_coin_is_explained_by_the_venues_log() -> None:
    """Our fill says 5, the balance did not change."""
    world = settled()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.now += 1_000
    world.fill(Side.BUY, intent.qty, world.price, intent.order_link_id, fee=D(5))
    world.ticker(world.price)
    world.wallet_now()
    asked = only(world.wait(600), FetchBookings)
    answer(world, asked, booking(world, 1, "0", "TRADE", SYMBOL))
    assert not all_of(world.wait(5_000), FetchBookings)


def test_our_own_results_ask_nothing() -> None:
    world = settled()
    intent = world.enter()
    world.wallet -= D("0.01")
    world.wallet_now()
    world.fill(Side.SELL, intent.qty, D("60200"), "", "TakeProfit", "CreateByTakeProfit")
    world.wallet += 200 * intent.qty - D("0.01")
    world.wallet_now()
    assert not all_of(world.wait(60_000), FetchBookings)


def test_a_balance_that_overtakes_its_fill_asks_nothing() -> None:
    world = settled()
    intent = only(world.close_bar(2.5), SubmitOrder).intent
    world.wallet -= 1
    world.wallet_now()
    world.now += 100
    world.fill(Side.BUY, intent.qty, world.price, intent.order_link_id, fee=D(1))
    assert not all_of(world.wait(5_000), FetchBookings)
    asked = change(world, "899")
    assert asked.since_ms == intent.created_ms, "all before that balance is explained"
    answer(world, asked, booking(world, 1, "-100"))
    world.close_bar(0.0)
    assert not killed(world)


def test_a_balance_that_nothing_explains_is_asked_for_before_it_counts() -> None:
    world = settled()
    change(world, "0")
    asked = all_of(world.log, FetchSnapshot)[-1]
    world.wallet = D(1000)
    snapshot = AccountSnapshot((), (), world.wallet_report())
    world.send(ev.SnapshotFetched(asked.request_no, Known(snapshot, world.now), world.now))
    world.wait(30_000)
    world.close_bar(0.0)
    assert not killed(world)
    assert world.engine.view().equity == D(1000)
    assert not [n for n in all_of(world.log, Notice) if n.kind == "wallet_unexplained"]


def test_what_was_moved_while_the_daemon_was_down_is_asked_for_first() -> None:
    world = settled()
    again = world.restart()
    again.wallet = D("400")
    again.ready()
    asked = only(again.log + again.wait(1), FetchBookings)
    assert asked.since_ms <= world.now
    answer(again, asked, booking(again, 1, "-600"))
    again.close_bar(0.0)
    assert not killed(again)
    assert again.engine.view().drawdown == 0.0
    third = again.restart().ready()
    answer(third, only(third.log + third.wait(1), FetchBookings), booking(again, 1, "-600"))
    assert third.engine.view().drawdown == 0.0
    assert not [n for n in all_of(third.log, Notice) if n.kind == "money_moved"]


def test_a_deposit_with_the_very_stamp_of_the_balance_last_known_is_in_that_balance() -> None:
    world = settled()
    world.wallet_now()
    deposit = booking(world, 1, "1000", "TRANSFER_IN")
    world.close_bar(0.0)
    again = world.restart()
    again.now += 1_000
    again.wallet = D("940")
    again.ready()
    fee = booking(again, 2, "-60", "TRADE", SYMBOL)
    effects = answer(again, only(again.log + again.wait(1), FetchBookings), deposit, fee)
    assert not all_of(effects, Notice)
    assert again.engine.view().drawdown == pytest.approx(0.06)
    third = again.restart()
    third.wallet = D("1940")
    third.ready()
    late = booking(again, 3, "1000", "TRANSFER_IN")
    effects = answer(third, only(third.log + third.wait(1), FetchBookings), deposit, fee, late)
    assert [n.kind for n in all_of(effects, Notice)] == ["money_moved"]
    assert third.engine.view().drawdown == pytest.approx(0.06)


def test_what_counted_as_a_result_is_not_moved_once_more_after_a_restart() -> None:
    world = settled()
    asked = change(world, "2000")
    deposit = booking(world, 1, "1000", "TRANSFER_IN")
    answer(world, asked)
    for _ in range(6):
        for again in all_of(world.wait(2_000), FetchBookings):
            answer(world, again)
    assert [n for n in all_of(world.log, Notice) if n.kind == "wallet_unexplained"]
    world.close_bar(0.0)
    second = world.restart()
    second.now += 1_000
    second.ready()
    answer(second, only(second.log + second.wait(1), FetchBookings), deposit)
    second.close_bar(0.0)
    assert not [n for n in all_of(second.log, Notice) if n.kind == "money_moved"]
    assert not killed(second)


def test_a_log_that_is_late_at_a_start_is_asked_again() -> None:
    world = settled().restart()
    world.wallet = D("400")
    world.ready()
    answer(world, only(world.log + world.wait(1), FetchBookings))
    asked = only(world.wait(3_000), FetchBookings)
    answer(world, asked, booking(world, 1, "-600"))
    world.close_bar(0.0)
    assert not killed(world)
    assert world.engine.view().drawdown == 0.0


def test_a_log_that_explains_nothing_at_a_start_is_believed_in_the_end() -> None:
    world = settled().restart()
    world.wallet = D("400")
    world.ready()
    answer(world, only(world.log + world.wait(1), FetchBookings))
    for _ in range(6):
        for again in all_of(world.wait(2_000), FetchBookings):
            answer(world, again)
    world.close_bar(0.0)
    assert killed(world)


def test_an_odd_balance_does_not_end_the_comparisons() -> None:
    world = settled(reconcile_ms=60_000)
    world.send(ev.StreamDown(Stream.PRIVATE, "test", world.now))
    on_its_way = only(world.send(ev.StreamUp(Stream.PRIVATE, world.now)), FetchSnapshot)
    answer(world, change(world, "900"), booking(world, 1, "-100"))
    world.answer_snapshot([on_its_way])
    assert all_of(world.wait(120_000), FetchSnapshot)


def test_entries_wait_until_it_is_known_what_was_moved_while_the_daemon_was_down() -> None:
    world = settled()
    again = world.restart()
    again.now = (again.now // BAR_MS + 1) * BAR_MS - 100_000
    again.wallet = D("400")
    again.ready()
    asked = only(again.log + again.wait(1), FetchBookings)
    again.send(ev.BookingsFetched(asked.request_no, Unknown("timeout"), again.now))
    asked = only(again.wait(60_000), FetchBookings)
    assert not all_of(again.close_bar(2.5), SubmitOrder)
    assert not killed(again)
    answer(again, asked, booking(again, 1, "-600"))
    assert not killed(again)
    assert again.engine.view().drawdown == 0.0
    assert all_of(again.close_bar(0.0) + again.close_bar(2.5), SubmitOrder)


def test_a_log_that_stays_silent_after_a_start_does_not_switch_the_breakers_off() -> None:
    again = settled().restart()
    again.wallet = D("400")
    again.ready()
    again.wait(299_000)
    assert not killed(again)
    again.wait(30_000)
    assert killed(again)


# --- the books of a day -----------------------------------------------------------------------------------


def end_of_day(world: World) -> FetchBookings:
    """Let the day end; return the question about it."""
    world.now = (world.now // DAY_MS + 1) * DAY_MS + 400_000
    effects = world.ticker(world.price) + world.wait(30_000)
    asked = [e for e in all_of(effects, FetchBookings) if e.until_ms is not None]
    assert len(asked) == 1
    return asked[0]


def traded() -> tuple[World, Decimal]:
    world = settled()
    intent = world.enter()
    world.fill(Side.SELL, intent.qty, D("60200"), "", "TakeProfit", "CreateByTakeProfit")
    made = 200 * intent.qty - D("0.02")
    world.wallet += made
    world.wallet_now()
    return world, made


def test_a_day_that_agrees_is_said_and_shown() -> None:
    world, made = traded()
    asked = end_of_day(world)
    day_ms = world.now // DAY_MS * DAY_MS
    assert (asked.since_ms // DAY_MS, asked.until_ms) == (day_ms // DAY_MS - 1, day_ms)
    rows = (
        Booking("t1", SYMBOL, "TRADE", made + 5, day_ms - 3),
        Booking("t2", SYMBOL, "SETTLEMENT", D(-5), day_ms - 2),
        Booking("t3", "", "TRANSFER_IN", D(700), day_ms - 2),
        Booking("t4", "ETHUSDT", "TRADE", D(-33), day_ms - 1),
    )
    effects = answer(world, asked, *rows)
    assert [n.kind for n in all_of(effects, Notice)] == ["books_agree"]
    view = world.engine.view()
    assert (view.books_difference, view.books_checked_ms) == (0, day_ms)
    assert {book.day_ms for book in world.engine.document().day_books} == {day_ms}


def test_a_day_that_differs_is_told_to_the_owner() -> None:
    world, made = traded()
    asked = end_of_day(world)
    row = Booking("t1", SYMBOL, "TRADE", made - 2, world.now - DAY_MS // 2)
    effects = answer(world, asked, row)
    alert = only(effects, Alert)
    assert (alert.kind, SYMBOL in alert.text) == ("books_differ", True)
    assert world.engine.view().books_difference == -2


def test_a_day_nobody_can_be_asked_about_is_asked_about_again() -> None:
    world, _ = traded()
    asked = end_of_day(world)
    world.send(ev.BookingsFetched(asked.request_no, Unknown("timeout"), world.now))
    assert [e for e in all_of(world.wait(90_000), FetchBookings) if e.until_ms == asked.until_ms]


def test_no_day_is_compared_while_fills_are_asked_for() -> None:
    world, made = traded()
    asked = end_of_day(world)
    since_ms = world.now - DAY_MS // 2
    world.engine._rooms.executions.fetch(SYMBOL, since_ms)
    effects = answer(world, asked, Booking("t1", SYMBOL, "TRADE", made + 5, since_ms))
    assert not all_of(effects, Alert)
    assert not all_of(world.wait(90_000), FetchBookings)
    world.send(ev.ExecutionsFetched(SYMBOL, since_ms, Known((), world.now), world.now))
    assert [e for e in all_of(world.wait(90_000), FetchBookings) if e.until_ms == asked.until_ms]


def test_no_day_is_compared_before_the_venue_agrees() -> None:
    world, _ = traded()
    world.send(ev.StreamDown(Stream.PRIVATE, "closed by the venue", world.now))
    world.now += DAY_MS
    assert not all_of(world.ticker(world.price) + world.wait(90_000), FetchBookings)


def test_the_books_of_a_day_survive_a_restart() -> None:
    world, made = traded()
    again = world.restart().ready()
    since_ms = only(again.log, FetchExecutions).since_ms
    again.send(ev.ExecutionsFetched(SYMBOL, since_ms, Known((), again.now), again.now))
    again.answer_snapshot(again.wait(again.engine._ctx.settings.feed.retry_ms))
    asked = end_of_day(again)
    answer(again, asked, Booking("t1", SYMBOL, "TRADE", made, again.now - DAY_MS // 2))
    assert again.engine.view().books_difference == 0


def test_a_fill_that_is_the_first_news_of_a_day_is_in_its_books() -> None:
    world = settled()
    intent = world.enter()
    world.now = (world.now // DAY_MS + 1) * DAY_MS + 5
    world.fill(Side.SELL, intent.qty, D("60200"), "", "TakeProfit", "CreateByTakeProfit")
    nets = {book.day_ms: book.net for book in world.engine.document().day_books}
    assert nets[world.now // DAY_MS * DAY_MS] == 200 * intent.qty - D("0.01")
