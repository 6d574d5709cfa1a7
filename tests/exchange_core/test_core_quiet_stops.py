"""An exchange that keeps its stops to itself does all that another does."""

from __future__ import annotations

from core_desk import D, Desk

from whalebot.adapters.exchange.core import OrderUpdated, Settings


def test_untold_stops_fire_all_the_same() -> None:
    told, untold = Desk(), Desk(settings=Settings(tells_stops=False))
    for desk in (told, untold):
        desk.buy("2", stop_loss="95", take_profit="110", order_link_id="mine")
        desk.stop(stop_loss="96", take_profit="120")
        reported = [e.order.order_link_id for e in desk.events if isinstance(e, OrderUpdated)]
        assert reported == (["", ""] if desk is told else [])
        assert (desk.position().stop_loss, desk.position().take_profit) == (D("96"), D("120"))
    assert [fill.price for fill in told.price("90")] == [D("95.9")]
    assert untold.price("90") == told.fills()
    assert untold.position() == told.position()
    assert untold.x.read.wallet("me") == told.x.read.wallet("me")
    assert not untold.x.read.open_orders("me")


def test_orders_with_a_name_are_reported_and_remembered() -> None:
    desk = Desk(settings=Settings(tells_stops=False))
    desk.buy("2", stop_loss="95", order_link_id="mine")
    assert [e.order.order_link_id for e in desk.events if isinstance(e, OrderUpdated)] == ["mine"]
    desk.price("90")
    assert [record.order_link_id for record in desk.x.read.order_history("me")] == ["mine"]
