"""Latency models: commands on their way, and what came first."""

from __future__ import annotations

from core_desk import ME, D, Desk

from whalebot.adapters.exchange.core import CancelAll, ConstantLatency, Deposit, NextPoint, Rejected
from whalebot.domain.enums import Side


def test_constant_latency_works_at_its_own_time() -> None:
    desk = Desk(latency=ConstantLatency(50))
    answer = desk.buy("1")
    assert (answer.is_pending, answer.ret_code, answer.events) == (True, 0, ())
    sent = desk.ts
    desk.ts = sent + 48
    assert desk.price("101") == []
    desk.ts = sent + 99
    (fill,) = desk.price("102")
    assert (fill.price, fill.ts_ms) == (D("101.1"), sent + 50)


def test_an_input_at_the_very_moment_comes_first() -> None:
    desk = Desk(latency=ConstantLatency(50))
    desk.buy("1")
    desk.ts += 49
    assert desk.price("110") == []
    (fill,) = [event.execution for event in desk.x.advance(desk.ts) if hasattr(event, "execution")]
    assert fill.price == D("110.1")


def test_a_refusal_arrives_with_its_command() -> None:
    desk = Desk(latency=ConstantLatency(50))
    desk.buy("1.0005")
    desk.ts += 100
    desk.price("100")
    (event,) = desk.events
    assert isinstance(event, Rejected)
    assert event.ret_code == 10001


def test_commands_keep_their_order() -> None:
    desk = Desk(latency=ConstantLatency(10))
    desk.buy("1", "95")
    desk.send(CancelAll())
    desk.buy("2", "95")
    desk.x.advance(desk.ts + 1000)
    assert [order.qty for order in desk.open()] == [D(2)]


def test_next_point_fills_a_decision_at_the_next_open_after_the_stops() -> None:
    desk = Desk(latency=NextPoint())
    desk.buy("1", stop_loss="95")
    (entry,) = desk.price("101", gap=True)
    assert entry.price == D("101.1")
    desk.sell("1", reduce_only=True)
    (exit_fill,) = desk.price("94", gap=True)
    assert exit_fill.stop_order_type == "StopLoss"
    assert [event.ret_code for event in desk.events if isinstance(event, Rejected)] == [110017]


def test_next_point_waits_for_its_own_symbol() -> None:
    desk = Desk(latency=NextPoint())
    desk.buy("1")
    assert desk.price("50", symbol="ETHUSDT") == []
    assert desk.price(None, mark_price="100") == []
    assert [fill.side for fill in desk.price("100")] == [Side.BUY]


def test_the_operator_does_not_wait() -> None:
    desk = Desk(latency=NextPoint())
    assert desk.send(Deposit(D(5))).is_pending is False
    assert desk.wallet == 10005
    assert desk.x.read.transactions(ME)[-1].cash_flow == 5
