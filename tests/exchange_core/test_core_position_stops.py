"""Stops of positions: placing, resizing, firing on running paths and over gaps, trailing, pairs."""

from __future__ import annotations

import pytest
from core_desk import D, Desk

from whalebot.adapters.exchange.core import CancelOrder, SwitchMode
from whalebot.domain.enums import OrderStatus, OrderType, Side, TriggerBy

S = OrderStatus


def test_stops_in_the_entry_become_waiting_orders_of_their_own(desk: Desk) -> None:
    desk.buy("2", stop_loss="95", take_profit="110")
    stop, target = desk.open("StopLoss")[0], desk.open("TakeProfit")[0]
    assert (stop.status, stop.qty, stop.side, stop.trigger_price) == (S.UNTRIGGERED, D(2), Side.SELL, D("95"))
    assert (stop.create_type, stop.tpsl_mode, stop.trigger_direction) == ("CreateByStopLoss", "Full", 2)
    assert (stop.reduce_only, stop.close_on_trigger, stop.order_type) == (True, True, OrderType.MARKET)
    assert (target.create_type, target.trigger_direction) == ("CreateByTakeProfit", 1)
    assert (desk.position().stop_loss, desk.position().take_profit) == (D("95"), D("110"))


def test_stops_of_a_short_lie_the_other_way_round(desk: Desk) -> None:
    desk.sell("2", stop_loss="105", take_profit="90")
    assert desk.open("StopLoss")[0].trigger_direction == 1
    assert desk.open("TakeProfit")[0].trigger_direction == 2


@pytest.mark.parametrize(
    ("side", "path", "prices", "kind"),
    [
        # a running path fills at the level, slippage against
        (Side.BUY, [("99", False), ("90", False)], ["94.9"], "StopLoss"),
        (Side.BUY, [("109.9", False), ("120", False)], ["109.9"], "TakeProfit"),
        (Side.SELL, [("110", False)], ["105.1"], "StopLoss"),
        (Side.SELL, [("80", False)], ["90.1"], "TakeProfit"),
        # a gap beyond the level fills at the open
        (Side.BUY, [("90", True)], ["89.9"], "StopLoss"),
        (Side.BUY, [("120", True)], ["119.9"], "TakeProfit"),
        (Side.SELL, [("120", True)], ["120.1"], "StopLoss"),
        (Side.SELL, [("80", True)], ["80.1"], "TakeProfit"),
        # a touch is enough
        (Side.BUY, [("95", False)], ["94.9"], "StopLoss"),
        (Side.BUY, [("110", False)], ["109.9"], "TakeProfit"),
        # the nearer extreme comes first
        (Side.BUY, [("111", False), ("80", False)], ["109.9"], "TakeProfit"),
        (Side.BUY, [("94", False), ("120", False)], ["94.9"], "StopLoss"),
        (Side.BUY, [("95.1", False), ("109.9", False)], [], ""),
    ],
)
def test_the_path_decides_between_stop_and_target(
    desk: Desk, side: Side, path: list[tuple[str, bool]], prices: list[str], kind: str
) -> None:
    stop, target = ("95", "110") if side is Side.BUY else ("105", "90")
    desk.order(side, "1", stop_loss=stop, take_profit=target)
    fills = [fill for price, gap in path for fill in desk.price(price, gap=gap)]
    assert [fill.price for fill in fills] == [D(price) for price in prices]
    if prices:
        assert fills[0].stop_order_type == kind
        assert desk.position().qty == 0
        assert desk.open() == []
        assert desk.x.read.order_history("me")[-1].cancel_type == "CancelByTpSlTsClear"


def test_stops_are_resized_with_the_position(desk: Desk) -> None:
    desk.buy("1", stop_loss="95", take_profit="110")
    desk.buy("2")
    assert [order.qty for order in desk.open()] == [D(3), D(3)]
    desk.sell("0.5")
    assert [order.qty for order in desk.open()] == [D("2.5"), D("2.5")]


def test_stop_of_a_later_entry_replaces_that_of_the_position(desk: Desk) -> None:
    desk.buy("1", stop_loss="95")
    (first,) = desk.open()
    desk.buy("1", stop_loss="97")
    (second,) = desk.open()
    assert (second.order_id, second.trigger_price, second.qty) == (first.order_id, D("97"), D(2))


def test_stops_of_a_flipped_position_are_dropped_and_the_new_ones_set(desk: Desk) -> None:
    desk.buy("1", stop_loss="95", take_profit="110")
    desk.sell("3", stop_loss="104")
    (stop,) = desk.open()
    assert (stop.side, stop.qty, stop.trigger_price) == (Side.BUY, D(2), D("104"))


def test_stop_in_a_resting_entry_is_set_at_its_fill(desk: Desk) -> None:
    desk.buy("1", "98", stop_loss="95")
    assert desk.open("StopLoss") == []
    desk.price("97")
    assert desk.position().stop_loss == D("95")


def test_stop_behind_the_fill_fires_at_once(desk: Desk) -> None:
    """The entry is gapped over, and so is its stop: the position lives for an instant."""
    desk.buy("1", "98", stop_loss="95")
    fills = desk.price("94", gap=True)
    assert [(fill.side, fill.price) for fill in fills] == [(Side.BUY, D("98")), (Side.SELL, D("93.9"))]


def test_entry_and_its_stop_on_one_leg_of_the_path(desk: Desk) -> None:
    desk.buy("1", "98", stop_loss="95")
    fills = desk.price("90")
    assert [fill.price for fill in fills] == [D("98"), D("94.9")]


def test_trading_stop_sets_moves_and_cancels(desk: Desk) -> None:
    desk.buy("1")
    desk.stop(stop_loss="95", take_profit="110")
    (stop,) = desk.open("StopLoss")
    desk.stop(stop_loss="96")
    (moved,) = desk.open("StopLoss")
    assert (moved.order_id, moved.trigger_price) == (stop.order_id, D("96"))
    assert desk.position().take_profit == D("110")
    desk.stop(stop_loss="0")
    assert desk.position().stop_loss is None
    assert desk.find_ended(stop.order_id).cancel_type == "CancelByUser"
    assert desk.position().take_profit == D("110")


def test_trading_stop_changes_what_differs_and_leaves_the_rest(desk: Desk) -> None:
    desk.buy("1", stop_loss="95")
    assert desk.stop(stop_loss="95", take_profit="110").ret_code == 0
    assert [update.stop_order_type for update in desk.updates()] == ["TakeProfit"]


def test_stop_by_mark_price(desk: Desk) -> None:
    desk.price("100", mark_price="100")
    desk.buy("1")
    desk.stop(stop_loss="95", sl_trigger_by=TriggerBy.MARK_PRICE)
    assert desk.price("90") == []
    (fill,) = desk.price(None, mark_price="94")
    assert fill.price == D("89.9")


def test_the_first_mark_price_takes_over_the_stops_that_wait_for_it(desk: Desk) -> None:
    desk.buy("1")
    desk.stop(stop_loss="95", sl_trigger_by=TriggerBy.MARK_PRICE)
    (fill,) = desk.price(None, mark_price="94")
    assert (fill.stop_order_type, fill.price) == ("StopLoss", D("99.9"))


def test_cancelling_one_whole_stop_leaves_the_other(desk: Desk) -> None:
    desk.buy("1", stop_loss="95", take_profit="110")
    desk.send(CancelOrder("BTCUSDT", desk.open("TakeProfit")[0].order_id))
    assert desk.position().take_profit is None
    assert desk.position().stop_loss == D("95")


def test_partial_pair_one_leg_takes_the_other_along(desk: Desk) -> None:
    desk.buy("3")
    desk.stop(tpsl_mode="Partial", stop_loss="95", sl_size="1", take_profit="110", tp_size="1")
    kinds = sorted(order.stop_order_type for order in desk.open())
    assert kinds == ["PartialStopLoss", "PartialTakeProfit"]
    (fill,) = desk.price("94")
    assert (fill.qty, fill.stop_order_type, fill.create_type) == (
        D(1),
        "PartialStopLoss",
        "CreateByPartialStopLoss",
    )
    assert desk.position().qty == 2
    assert desk.x.read.order_history("me")[-2].cancel_type == "CancelByOCOTpCanceledBySlTriggered"


def test_partial_limit_target_rests_as_a_reduce_only_order(desk: Desk) -> None:
    desk.buy("3")
    desk.stop(
        tpsl_mode="Partial",
        take_profit="110",
        tp_size="2",
        tp_order_type=OrderType.LIMIT,
        tp_limit_price="112",
    )
    assert desk.price("111") == []
    (resting,) = desk.open()
    assert (resting.status, resting.price, resting.reduce_only) == (S.NEW, D("112"), True)
    (fill,) = desk.price("113")
    assert (fill.price, fill.is_maker, fill.qty) == (D("112"), True, D(2))


def test_partial_stops_of_an_entry_have_its_filled_quantity(desk: Desk) -> None:
    desk.buy("1")
    desk.buy("2", tpsl_mode="Partial", stop_loss="95", take_profit="110")
    assert [order.qty for order in desk.open()] == [D(2), D(2)]
    (fill,) = desk.price("111")
    assert fill.qty == 2
    assert desk.position().qty == 1
    assert desk.open() == []


def test_partial_stop_larger_than_what_is_left_closes_what_is_left(desk: Desk) -> None:
    desk.buy("3")
    desk.stop(tpsl_mode="Partial", stop_loss="95", sl_size="2")
    desk.sell("2")
    (fill,) = desk.price("94")
    assert fill.qty == 1
    assert desk.position().qty == 0


def test_cancelling_one_leg_of_a_pair_cancels_both(desk: Desk) -> None:
    desk.buy("3")
    desk.stop(tpsl_mode="Partial", stop_loss="95", sl_size="1", take_profit="110", tp_size="1")
    desk.send(CancelOrder("BTCUSDT", desk.open()[0].order_id))
    assert desk.open() == []


def test_trailing_stop_follows_and_never_goes_back(desk: Desk) -> None:
    desk.buy("1")
    desk.stop(trailing_stop="3")
    levels = []
    for price in ("101", "100", "104", "102", "103.9"):
        desk.price(price)
        levels.append(desk.open("TrailingStop")[0].trigger_price)
    assert levels == [D("98"), D("98"), D("101"), D("101"), D("101")]
    (fill,) = desk.price("99")
    assert (fill.price, fill.stop_order_type, fill.create_type) == (
        D("100.9"),
        "TrailingStop",
        "CreateByTrailingStop",
    )


def test_trailing_stop_of_a_short(desk: Desk) -> None:
    desk.sell("1")
    desk.stop(trailing_stop="3")
    (fill,) = desk.path("95", "97.9", "99")
    assert fill.price == D("98.1")


def test_trailing_stop_waits_for_its_activation(desk: Desk) -> None:
    desk.buy("1")
    desk.stop(trailing_stop="3", active_price="105")
    assert desk.position().active_price == D("105")
    assert desk.path("104.9", "96", "100") == []
    assert desk.price("105") == []
    assert desk.open("TrailingStop")[0].trigger_price == D("102")
    (fill,) = desk.price("101")
    assert fill.price == D("101.9")


def test_trailing_stop_that_is_gapped_over_fills_at_the_open(desk: Desk) -> None:
    desk.buy("1")
    desk.stop(trailing_stop="3")
    desk.price("110", gap=True)
    (fill,) = desk.price("100", gap=True)
    assert fill.price == D("99.9")


def test_trailing_and_fixed_stop_stand_side_by_side_the_nearer_one_fires(desk: Desk) -> None:
    desk.buy("1", stop_loss="95")
    desk.stop(trailing_stop="3")
    assert (desk.position().stop_loss, desk.position().trailing_stop) == (D("95"), D("3"))
    (fill,) = desk.price("90")
    assert fill.stop_order_type == "TrailingStop"
    assert desk.open() == []


def test_trailing_stop_is_changed_and_cancelled(desk: Desk) -> None:
    desk.buy("1")
    desk.stop(trailing_stop="3")
    desk.price("110")
    assert desk.stop(trailing_stop="3").ret_code == 34040
    desk.stop(trailing_stop="1")
    assert desk.open("TrailingStop")[0].trigger_price == D("109")
    desk.stop(trailing_stop="0")
    assert desk.open() == []
    assert desk.position().trailing_stop is None


def test_stops_of_the_same_point_come_before_targets() -> None:
    """In hedge mode the stop of one side and the target of the other lie on one level."""
    desk = Desk()
    desk.send(SwitchMode(True))
    desk.buy("1", position_idx=1, take_profit="105")
    desk.sell("1", position_idx=2, stop_loss="105")
    assert [fill.stop_order_type for fill in desk.price("106")] == ["StopLoss", "TakeProfit"]
