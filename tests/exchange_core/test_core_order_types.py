"""Every order type, from its birth to its end."""

from __future__ import annotations

import pytest
from core_desk import BTC, ME, D, Desk

from whalebot.adapters.exchange.core import (
    AmendOrder,
    BarLiquidity,
    BookChanged,
    CancelAll,
    CancelOrder,
    ClosePosition,
)
from whalebot.domain.enums import OrderStatus, OrderType, Side, TimeInForce, TriggerBy

S = OrderStatus


def test_market_order_pays_half_a_tick_and_a_basis_point_rounded_up(desk: Desk) -> None:
    answer = desk.buy("1")
    order = desk.find(answer)
    # 100 + 0.05 + 0.01 = 100.06, on a grid of 0.1 against the buyer
    assert order.status is S.FILLED
    assert order.avg_price == D("100.1")
    assert order.cum_exec_fee == D("100.1") * D("0.00055")
    assert order.time_in_force is TimeInForce.IOC
    assert order.price == D("105")
    assert desk.position().qty == 1


def test_market_sell_is_rounded_down(desk: Desk) -> None:
    assert desk.find(desk.sell("1")).avg_price == D("99.9")
    assert desk.position().side is Side.SELL


def test_slippage_percent_replaces_the_model() -> None:
    desk = Desk(start="60000", liquidity=BarLiquidity(D("0.1")))
    assert desk.find(desk.buy("0.01")).avg_price == D("60060")
    assert desk.find(desk.sell("0.01")).avg_price == D("59940")


def test_known_spread_replaces_half_a_tick() -> None:
    desk = Desk(start="60000", liquidity=BarLiquidity())
    book = BookChanged("BTCUSDT", desk.tick(), ((D("59998"), D(1)),), ((D("60002"), D(1)),))
    desk.x.apply(book)
    assert desk.find(desk.buy("0.3")).avg_price == D("60008")  # 60000 + 2 + 6


def test_limit_order_rests_and_fills_as_maker_only_when_traded_through(desk: Desk) -> None:
    answer = desk.buy("1", "99")
    assert desk.find(answer).status is S.NEW
    assert desk.price("99") == []
    (fill,) = desk.price("98.9")
    assert (fill.price, fill.is_maker, fill.fee) == (D("99"), True, D("99") * D("0.0002"))
    assert desk.find(answer).status is S.FILLED


def test_resting_sell_that_is_gapped_over_fills_at_its_own_price(desk: Desk) -> None:
    desk.sell("1", "101")
    (fill,) = desk.price("105", gap=True)
    assert fill.price == D("101")


def test_marketable_limit_takes_at_the_model_price_but_never_beyond_its_limit(desk: Desk) -> None:
    assert desk.find(desk.buy("1", "103")).avg_price == D("100.1")
    far = Desk(start="60000")
    assert far.find(far.buy("0.01", "60000.1")).avg_price == D("60000.1")


def test_limit_at_the_last_price_rests(desk: Desk) -> None:
    assert desk.find(desk.buy("1", "100")).status is S.NEW
    assert desk.find(desk.sell("1", "100")).status is S.NEW


@pytest.mark.parametrize(
    ("tif", "price", "status", "reason"),
    [
        (TimeInForce.GTC, "99", S.NEW, "EC_NoError"),
        (TimeInForce.GTC, "101", S.FILLED, "EC_NoError"),
        (TimeInForce.IOC, "99", S.CANCELLED, "EC_NoImmediateQtyToFill"),
        (TimeInForce.IOC, "101", S.FILLED, "EC_NoError"),
        (TimeInForce.FOK, "99", S.CANCELLED, "EC_NoImmediateQtyToFill"),
        (TimeInForce.FOK, "101", S.FILLED, "EC_NoError"),
        (TimeInForce.POST_ONLY, "99", S.NEW, "EC_NoError"),
        (TimeInForce.POST_ONLY, "101", S.CANCELLED, "EC_PostOnlyWillTakeLiquidity"),
    ],
)
def test_time_in_force(desk: Desk, tif: TimeInForce, price: str, status: OrderStatus, reason: str) -> None:
    order = desk.find(desk.buy("1", price, time_in_force=tif))
    assert (order.status, order.reject_reason) == (status, reason)


def test_order_reports_carry_ids_times_and_the_price_at_creation(desk: Desk) -> None:
    answer = desk.buy("1", "99", order_link_id="mine-1")
    (update,) = desk.updates()
    assert update.order_id == answer.order_id
    assert len(update.order_id) == 36
    assert answer.order_link_id == "mine-1"
    assert update.last_price_on_created == D("100")
    assert update.created_ms == update.updated_ms == desk.ts
    assert (update.leaves_qty, update.leaves_value, update.avg_price) == (D(1), D(99), None)


@pytest.mark.parametrize(
    ("side", "trigger", "path", "fill"),
    [
        (Side.BUY, "102", ["101.9", "102.5"], "102.1"),
        (Side.BUY, "98", ["98.1", "97"], "98.1"),
        (Side.SELL, "98", ["98.1", "97"], "97.9"),
        (Side.SELL, "102", ["101.9", "102.5"], "101.9"),
    ],
)
def test_conditional_market_order_fires_at_its_level(
    desk: Desk, side: Side, trigger: str, path: list[str], fill: str
) -> None:
    answer = desk.order(side, "1", trigger_price=trigger)
    order = desk.find(answer)
    assert (order.status, order.stop_order_type, order.create_type) == (
        S.UNTRIGGERED,
        "Stop",
        "CreateByStopOrder",
    )
    fills = desk.path(*path)
    assert [row.price for row in fills] == [D(fill)]
    assert [update.status for update in desk.updates()] == [S.TRIGGERED, S.FILLED]
    assert desk.find(answer).order_id == answer.order_id


def test_conditional_order_jumped_over_fills_at_the_open(desk: Desk) -> None:
    desk.buy("1", trigger_price="102")
    (fill,) = desk.price("110", gap=True)
    assert fill.price == D("110.1")


def test_conditional_limit_order_rests_after_its_trigger(desk: Desk) -> None:
    answer = desk.buy("1", "101.5", trigger_price="102")
    assert desk.price("103") == []
    assert desk.find(answer).status is S.NEW
    (fill,) = desk.price("101")
    assert (fill.price, fill.is_maker) == (D("101.5"), True)


def test_trigger_by_mark_price_ignores_the_last_price(desk: Desk) -> None:
    desk.price("100", mark_price="100")
    desk.buy("1", trigger_price="102", trigger_by=TriggerBy.MARK_PRICE)
    assert desk.price("105") == []
    (fill,) = desk.price(None, mark_price="102")
    assert fill.price == D("105.1")


def test_trigger_by_index_price(desk: Desk) -> None:
    desk.price("100", index_price="100")
    desk.buy("1", trigger_price="102", trigger_by=TriggerBy.INDEX_PRICE)
    assert desk.price("105") == []
    assert len(desk.price(None, index_price="103")) == 1


def test_trigger_by_mark_price_without_a_mark_follows_the_last_price(desk: Desk) -> None:
    desk.buy("1", trigger_price="102", trigger_by=TriggerBy.MARK_PRICE)
    (fill,) = desk.price("105")
    assert fill.price == D("102.1")


def test_conditional_order_that_is_not_affordable_when_it_fires_is_cancelled(desk: Desk) -> None:
    answer = desk.buy("100", trigger_price="98")
    assert desk.buy("500").ret_code == desk.buy("450").ret_code == 0
    desk.price("97")
    order = desk.find(answer)
    assert (order.status, order.cancel_type) == (S.CANCELLED, "CancelByCannotAffordOrderCost")


def test_path_takes_levels_in_their_order(desk: Desk) -> None:
    desk.buy("1", trigger_price="103")
    desk.buy("2", trigger_price="101")
    desk.sell("0.5", "102")
    assert [fill.qty for fill in desk.price("105")] == [D(2), D("0.5"), D(1)]


def test_reduce_only_is_cut_to_the_position(desk: Desk) -> None:
    desk.buy("1")
    order = desk.find(desk.sell("5", reduce_only=True))
    assert (order.qty, order.status) == (D(1), S.FILLED)
    assert desk.position().qty == 0


def test_reduce_only_limits_share_the_position_and_shrink_with_it(desk: Desk) -> None:
    desk.buy("3")
    first = desk.sell("2", "110", reduce_only=True)
    second = desk.sell("2", "111", reduce_only=True)
    assert desk.find(second).qty == 1
    desk.sell("1.5")
    assert desk.find(first).qty == D("1.5")
    assert desk.find(second).cancel_type == "CancelByReduceOnly"
    desk.sell("1.5")
    assert desk.find(first).cancel_type == "CancelByReduceOnly"
    assert desk.open() == []


def test_reduce_only_orders_go_when_the_position_flips(desk: Desk) -> None:
    desk.buy("1")
    order = desk.sell("1", "110", reduce_only=True)
    desk.sell("3")
    assert desk.find(order).status is S.CANCELLED
    assert desk.position().side is Side.SELL


def test_conditional_reduce_only_without_a_position_dies_when_it_fires(desk: Desk) -> None:
    answer = desk.sell("1", reduce_only=True, trigger_price="98")
    desk.price("97")
    order = desk.find(answer)
    assert (order.status, order.cancel_type) == (S.CANCELLED, "CancelByReduceOnly")


def test_close_on_trigger_closes_no_more_than_the_position(desk: Desk) -> None:
    desk.buy("1")
    desk.sell("4", trigger_price="98", close_on_trigger=True)
    (fill,) = desk.price("97")
    assert (fill.qty, fill.closed_size) == (D(1), D(1))


def test_quantity_zero_closes_everything(desk: Desk) -> None:
    desk.buy("3.3")
    order = desk.find(desk.sell("0", reduce_only=True, close_on_trigger=True))
    assert order.cum_exec_qty == D("3.3")


def test_cancel_by_link_id(desk: Desk) -> None:
    answer = desk.buy("1", "99", order_link_id="x")
    desk.send(CancelOrder("BTCUSDT", order_link_id="x"))
    order = desk.find(answer)
    assert (order.status, order.cancel_type, order.leaves_qty) == (S.CANCELLED, "CancelByUser", 0)
    assert order.reject_reason == "EC_PerCancelRequest"


@pytest.mark.parametrize(
    ("order_filter", "stop_order_type", "left"),
    [
        ("", "", []),
        ("Order", "", ["Stop", "StopLoss"]),
        ("StopOrder", "", [""]),
        ("StopOrder", "Stop", ["", "StopLoss"]),
        ("OpenOrder", "", ["Stop", "StopLoss"]),
    ],
)
def test_cancel_all_filters(desk: Desk, order_filter: str, stop_order_type: str, left: list[str]) -> None:
    desk.buy("1", stop_loss="90")
    desk.buy("1", "95")
    desk.buy("1", trigger_price="105")
    answer = desk.send(CancelAll("BTCUSDT", order_filter, stop_order_type))
    assert sorted(order.stop_order_type for order in desk.open()) == left
    assert len(answer.cancelled) == 3 - len(left)


def test_cancel_all_of_another_symbol_touches_nothing(desk: Desk) -> None:
    desk.buy("1", "95")
    assert desk.send(CancelAll("ETHUSDT")).cancelled == ()
    assert desk.send(CancelAll()).cancelled != ()


def test_amend_price_and_quantity(desk: Desk) -> None:
    answer = desk.buy("1", "95")
    desk.send(AmendOrder("BTCUSDT", answer.order_id, qty=D(2), price=D("96")))
    order = desk.find(answer)
    assert (order.qty, order.price, order.status) == (D(2), D("96"), S.NEW)
    assert desk.price("95.5")[0].qty == 2


def test_amending_the_price_gives_up_the_place_in_time(desk: Desk) -> None:
    first, second = desk.buy("1", "95"), desk.buy("2", "95")
    desk.send(AmendOrder("BTCUSDT", first.order_id, price=D("96")))
    desk.send(AmendOrder("BTCUSDT", first.order_id, price=D("95")))
    assert [fill.order_id for fill in desk.price("94")] == [second.order_id, first.order_id]


def test_amend_through_the_market_takes(desk: Desk) -> None:
    answer = desk.buy("1", "95")
    desk.send(AmendOrder("BTCUSDT", answer.order_id, price=D("101")))
    assert desk.find(answer).status is S.FILLED
    assert desk.fills()[0].is_maker is False


def test_amend_post_only_through_the_market_cancels(desk: Desk) -> None:
    answer = desk.buy("1", "95", time_in_force=TimeInForce.POST_ONLY)
    desk.send(AmendOrder("BTCUSDT", answer.order_id, price=D("101")))
    assert desk.find(answer).reject_reason == "EC_PostOnlyWillTakeLiquidity"


def test_amend_trigger_of_a_stop_moves_the_stop_of_the_position(desk: Desk) -> None:
    desk.buy("1", stop_loss="90")
    (stop,) = desk.open("StopLoss")
    desk.send(AmendOrder("BTCUSDT", stop.order_id, trigger_price=D("92")))
    assert desk.position().stop_loss == D("92")


def test_amend_attached_stops(desk: Desk) -> None:
    answer = desk.buy("1", "95", stop_loss="90")
    desk.send(AmendOrder("BTCUSDT", answer.order_id, stop_loss=D(0), take_profit=D("99")))
    order = desk.find(answer)
    assert (order.stop_loss, order.take_profit) == (None, D("99"))


def test_amend_that_is_not_affordable_changes_nothing(desk: Desk) -> None:
    answer = desk.buy("1", "95")
    refused = desk.send(AmendOrder("BTCUSDT", answer.order_id, qty=D(1100)))
    assert refused.ret_code == 110007
    assert desk.find(answer).qty == 1


def test_operator_closes_a_position_from_outside(desk: Desk) -> None:
    desk.buy("2", stop_loss="90")
    desk.send(ClosePosition("BTCUSDT", qty=D("0.5")))
    assert desk.fills()[0].create_type == "CreateByClosing"
    assert desk.position().qty == D("1.5")
    desk.send(ClosePosition("BTCUSDT"))
    assert desk.position().qty == 0
    assert desk.open() == []


def test_slippage_tolerance_is_the_limit_of_a_market_order() -> None:
    desk = Desk(start="60000")
    by_ticks = desk.buy("0.01", slippage_tolerance_type="TickSize", slippage_tolerance=D(3))
    assert desk.find(by_ticks).price == D("60000.1") + 3 * BTC.tick_size
    assert desk.find(by_ticks).avg_price == D("60000.4")
    by_percent = desk.sell("0.01", slippage_tolerance_type="Percent", slippage_tolerance=D("0.01"))
    assert desk.find(by_percent).price == D("59994")  # 59999.9 less 0.01 %, up to the grid


def test_market_order_is_reported_to_the_position_and_the_wallet(desk: Desk) -> None:
    answer = desk.buy("1")
    assert [type(event).__name__ for event in answer.events] == [
        "Executed",
        "OrderUpdated",
        "PositionUpdated",
        "WalletUpdated",
    ]
    (fill,) = desk.fills()
    assert (fill.order_type, fill.account) == (OrderType.MARKET, ME)
    assert fill.seq == desk.position().seq
