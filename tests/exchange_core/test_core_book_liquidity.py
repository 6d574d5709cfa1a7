"""Walking a book, queueing in it, and books that are older than the last price."""

from __future__ import annotations

from decimal import Decimal

import pytest
from core_desk import ME, D, Desk

from whalebot.adapters.exchange.core import (
    AmendOrder,
    BarLiquidity,
    BookChanged,
    BookLiquidity,
    PartialLiquidity,
)
from whalebot.domain.enums import OrderStatus, Side, TimeInForce

S = OrderStatus
Levels = list[tuple[str, str]]


def levels(rows: Levels) -> tuple[tuple[Decimal, Decimal], ...]:
    return tuple((D(price), D(qty)) for price, qty in rows)


class BookDesk(Desk):
    """A desk whose market has a book."""

    def book(self, bids: Levels, asks: Levels, *, delta: bool = False) -> None:
        change = BookChanged("BTCUSDT", self.tick(), levels(bids), levels(asks), is_snapshot=not delta)
        self.events = self.x.apply(change)
        self.sound()


@pytest.fixture
def desk() -> BookDesk:
    found = BookDesk(liquidity=BookLiquidity())
    found.book([("99.9", "1"), ("99.5", "2"), ("99", "5")], [("100.1", "1"), ("100.5", "2"), ("101", "5")])
    return found


def test_market_order_walks_the_levels(desk: BookDesk) -> None:
    order = desk.find(desk.buy("2.5"))
    assert [(fill.price, fill.qty) for fill in desk.fills()] == [(D("100.1"), D(1)), (D("100.5"), D("1.5"))]
    assert order.avg_price == D("100.34")


def test_what_does_not_fit_is_cancelled_with_what_was_executed(desk: BookDesk) -> None:
    order = desk.find(desk.sell("20", stop_loss="110"))
    assert (order.status, order.cum_exec_qty, order.leaves_qty) == (S.CANCELLED, D(8), D(0))
    assert order.reject_reason == "EC_NoImmediateQtyToFill"
    assert desk.position().qty == 8
    assert desk.open("StopLoss")[0].qty == 8


def test_market_order_stops_at_its_protective_price(desk: BookDesk) -> None:
    desk.book([("99", "1")], [("100", "1"), ("106", "9")])
    order = desk.find(desk.buy("5"))
    assert (order.cum_exec_qty, order.price) == (D(1), D("105"))


def test_what_was_taken_is_gone_until_the_book_changes(desk: BookDesk) -> None:
    desk.buy("3")
    assert desk.find(desk.buy("1")).avg_price == D("101")
    desk.book([], [("100.1", "1")], delta=True)
    assert desk.find(desk.buy("1")).avg_price == D("100.1")


def test_delta_deletes_levels(desk: BookDesk) -> None:
    desk.book([], [("100.1", "0"), ("100.5", "0")], delta=True)
    assert desk.find(desk.buy("1")).avg_price == D("101")
    assert desk.x.read.market("BTCUSDT").ask_price == D("101")


def test_fill_or_kill_takes_all_or_nothing(desk: BookDesk) -> None:
    order = desk.find(desk.buy("4", "100.5", time_in_force=TimeInForce.FOK))
    assert (order.status, order.cum_exec_qty, order.reject_reason) == (
        S.CANCELLED,
        0,
        "EC_CancelForNoFullFill",
    )
    assert desk.find(desk.buy("3", "100.5", time_in_force=TimeInForce.FOK)).status is S.FILLED


def test_limit_order_takes_what_is_there_and_rests(desk: BookDesk) -> None:
    order = desk.find(desk.buy("4", "100.5"))
    assert (order.status, order.cum_exec_qty, order.leaves_qty) == (S.PARTIALLY_FILLED, D(3), D(1))
    assert [update.status for update in desk.updates()] == [S.PARTIALLY_FILLED]


def test_immediate_or_cancel_keeps_what_it_got(desk: BookDesk) -> None:
    order = desk.find(desk.buy("4", "100.5", time_in_force=TimeInForce.IOC))
    assert (order.status, order.cum_exec_qty) == (S.CANCELLED, D(3))


def test_an_order_stands_behind_everything_at_its_price(desk: BookDesk) -> None:
    order = desk.buy("2", "99.5")
    sell = {"taker_side": Side.SELL}
    assert desk.price("99.5", volume="1.5", **sell) == []
    (fill,) = desk.price("99.5", volume="1", **sell)
    assert (fill.qty, fill.price, fill.is_maker, fill.leaves_qty) == (D("0.5"), D("99.5"), True, D("1.5"))
    assert desk.find(order).status is S.PARTIALLY_FILLED
    (fill,) = desk.price("99.5", volume="9", **sell)
    assert fill.qty == D("1.5")


def test_a_later_fill_does_not_undo_a_moved_stop(desk: BookDesk) -> None:
    desk.buy("2", "99.5", stop_loss="90")
    desk.price("99.5", volume="3", taker_side=Side.SELL)
    desk.stop(stop_loss="95")
    desk.price("99.5", volume="9", taker_side=Side.SELL)
    assert (desk.position().qty, desk.position().stop_loss) == (D(2), D("95"))


def test_buyers_do_not_eat_the_queue_of_buyers(desk: BookDesk) -> None:
    desk.buy("2", "99.5")
    assert desk.price("99.5", volume="100", taker_side=Side.BUY) == []


def test_one_trade_does_not_fill_two_orders_twice(desk: BookDesk) -> None:
    desk.buy("2", "99.5")
    desk.buy("2", "99.5")
    fills = desk.price("99.5", volume="5", taker_side=Side.SELL)
    assert [fill.qty for fill in fills] == [D(2), D(1)]


def test_the_queue_shrinks_when_others_leave(desk: BookDesk) -> None:
    desk.buy("2", "99.5")
    desk.book([("99.5", "0.5")], [], delta=True)
    (fill,) = desk.price("99.5", volume="1", taker_side=Side.SELL)
    assert fill.qty == D("0.5")


def test_the_queue_does_not_grow_with_those_behind(desk: BookDesk) -> None:
    desk.buy("2", "99.5")
    desk.book([("99.5", "50")], [], delta=True)
    (fill,) = desk.price("99.5", volume="3", taker_side=Side.SELL)
    assert fill.qty == D(1)


def test_trading_through_fills_all(desk: BookDesk) -> None:
    desk.buy("2", "99.5")
    (fill,) = desk.price("99.4", volume="0.001", taker_side=Side.SELL)
    assert fill.qty == 2


def test_a_book_that_crosses_a_resting_order_fills_it(desk: BookDesk) -> None:
    desk.buy("2", "99.5")
    desk.book([("99", "1")], [("99.4", "1")])
    (fill,) = desk.fills()
    assert (fill.price, fill.qty, fill.is_maker) == (D("99.5"), D(2), True)


def test_amending_the_price_goes_to_the_back_of_the_queue(desk: BookDesk) -> None:
    answer = desk.buy("2", "99.9")
    desk.send(AmendOrder("BTCUSDT", answer.order_id, price=D("99.5")))
    assert desk.price("99.5", volume="2", taker_side=Side.SELL) == []
    desk.send(AmendOrder("BTCUSDT", answer.order_id, qty=D(1)))
    (fill,) = desk.price("99.5", volume="1", taker_side=Side.SELL)
    assert fill.qty == 1


def test_a_stop_in_mid_path_meets_the_book_moved_beside_it(desk: BookDesk) -> None:
    desk.buy("1", stop_loss="90")
    (fill,) = desk.price("80")
    # the book (100.1 was bought up) keeps its shape: its best bid lies one tick below the stop
    assert fill.price == D("89.9")


def test_a_target_in_mid_path_meets_the_book_moved_beside_it(desk: BookDesk) -> None:
    desk.buy("1", take_profit="110")
    (fill,) = desk.price("120")
    assert D("109.5") <= fill.price < D("110")


def test_partial_liquidity_is_a_fault_that_fills_a_share(desk: BookDesk) -> None:
    desk.x.use_liquidity("BTCUSDT", PartialLiquidity(BarLiquidity(), D("0.25")))
    order = desk.find(desk.buy("2"))
    assert (order.status, order.cum_exec_qty) == (S.CANCELLED, D("0.5"))
    resting = desk.find(desk.buy("2", "103"))
    assert (resting.status, resting.cum_exec_qty) == (S.CANCELLED, D("0.5"))
    desk.x.use_liquidity("BTCUSDT", None)
    assert desk.find(desk.buy("1")).status is S.FILLED


def test_without_a_book_best_available_uses_bars() -> None:
    plain = BookDesk()
    assert plain.find(plain.buy("3")).avg_price == D("100.1")
    plain.book([("99", "1")], [("100.2", "9")])
    assert plain.find(plain.buy("1")).avg_price == D("100.2")


def test_market_order_without_liquidity_is_cancelled_empty() -> None:
    empty = BookDesk(liquidity=BookLiquidity())
    order = empty.find(empty.buy("1"))
    assert (order.status, order.cum_exec_qty, order.avg_price) == (S.CANCELLED, 0, None)
    assert empty.x.read.executions(ME) == ()
