"""Margin figures against a recorded position, available balance, liquidation on paths and over gaps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from core_desk import BTC, ME, D, Desk

from whalebot.adapters.exchange.core import (
    BookChanged,
    CancelOrder,
    CreateOrder,
    Deposit,
    Exchange,
    FeeRates,
    InstrumentListed,
    Liquidated,
    PricePoint,
    SetLeverage,
)
from whalebot.domain.enums import ExecType, OrderStatus, OrderType, Side, TimeInForce

RECORDED = (
    Path(__file__).resolve().parents[2]
    / "../shared/data/bybit_v5/ws/private.position.SOLUSDT-2025-10-02.jsonl"
)


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded data beside the repository")
def test_margins_of_a_recorded_position() -> None:
    """The recorded account paid 18 % tax on its fees, so the rate below is 0.055 % × 1.18."""
    row = json.loads(RECORDED.read_text().splitlines()[0])["data"][0]
    exchange = Exchange()
    sol = replace(BTC, symbol="SOLUSDT", tick_size=D("0.01"), qty_step=D("0.1"), min_qty=D("0.1"))
    exchange.apply(InstrumentListed(sol, 1))
    exchange.open_account("a", D("11.5"), 1, FeeRates(taker=D("0.00055") * D("1.18")))
    entry = D(row["entryPrice"])
    exchange.apply(BookChanged("SOLUSDT", 2, ((entry - 1, D(5)),), ((entry, D(5)),)))
    exchange.apply(PricePoint("SOLUSDT", 2, D("233.02"), mark_price=entry))
    order = CreateOrder("SOLUSDT", Side.BUY, OrderType.LIMIT, D(row["size"]), D("240"), TimeInForce.FOK)
    exchange.submit("a", order, 3)
    position = exchange.read.positions("a")[0]
    assert position.position_value == D(row["positionValue"])
    assert abs(position.position_im - D(row["positionIM"])) < D("1e-7")
    assert abs(position.position_mm - D(row["positionMM"])) < D("1e-7")
    exchange.apply(PricePoint("SOLUSDT", 4, mark_price=D(row["markPrice"])))
    position = exchange.read.positions("a")[0]
    assert abs(position.position_im - D(row["positionIMByMp"])) < D("2e-8")
    assert abs(position.position_mm - D(row["positionMMByMp"])) < D("2e-8")
    assert position.unrealised_pnl == D(row["unrealisedPnl"])
    assert (position.leverage, position.risk_id) == (D(row["leverage"]), 1)


def test_orders_use_margin_until_they_are_gone(desk: Desk) -> None:
    cost = D(95) * (D("0.1") + 2 * D("0.00055"))
    order = desk.buy("1", "95")
    wallet = desk.x.read.wallet(ME)
    assert (wallet.order_im, wallet.available_balance) == (cost, 10000 - cost)
    desk.sell("2", "110")
    assert desk.x.read.wallet(ME).order_im == cost + 2 * D(110) * (D("0.1") + 2 * D("0.00055"))
    desk.send(CancelOrder("BTCUSDT", order.order_id))
    assert desk.x.read.wallet(ME).order_im == 2 * D(110) * (D("0.1") + 2 * D("0.00055"))


def test_orders_that_close_or_wait_use_none(desk: Desk) -> None:
    desk.buy("2")
    desk.sell("2", "110")
    desk.buy("1", trigger_price="105")
    assert desk.x.read.wallet(ME).order_im == 0
    desk.sell("1", "111")
    assert desk.x.read.wallet(ME).order_im == D(111) * (D("0.1") + 2 * D("0.00055"))


def test_the_whole_balance_can_be_used_and_no_more() -> None:
    unit = D(100) * (D("0.1") + 2 * D("0.00055"))
    desk = Desk()
    most = (D(10000) / unit).quantize(D("0.001"), rounding="ROUND_DOWN")
    assert desk.buy(str(most + D("0.001")), "100").ret_code == 110007
    assert desk.buy(str(most), "100").ret_code == 0


def test_leverage_changes_margin_and_is_told(desk: Desk) -> None:
    desk.buy("1")
    before = desk.position().position_im
    assert desk.send(SetLeverage("BTCUSDT", D(20), D(20))).ret_code == 0
    assert desk.position().leverage == 20
    assert desk.position().position_im < before
    assert desk.x.read.leverage(ME, "BTCUSDT") == 20


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_reported_liquidation_price_is_where_it_happens(side: Side) -> None:
    desk = Desk("600", start="100")
    desk.order(side, "50")
    liq = desk.position().liq_price
    assert liq is not None
    assert desk.price(str(liq + side.sign * BTC.tick_size)) == []
    (fill,) = desk.price(str(liq))
    assert (fill.exec_type, fill.qty, fill.side) == (ExecType.BUST_TRADE, D(50), side.opposite)
    assert fill.create_type == "CreateByTakeOver_PassThrough"
    assert desk.position().qty == 0
    assert 0 <= desk.wallet < 50 * BTC.tick_size
    (event,) = [event for event in desk.events if isinstance(event, Liquidated)]
    assert (event.side, event.qty, event.price) == (side, D(50), fill.price)
    assert desk.x.read.transactions(ME)[-1].kind == "LIQUIDATION"
    assert desk.x.read.closed_pnl(ME)[-1].exec_type is ExecType.BUST_TRADE


def test_liquidation_in_the_middle_of_a_path_cancels_every_order() -> None:
    desk = Desk("600")
    desk.buy("50")
    desk.buy("0.1", "90", symbol="ETHUSDT", time_in_force=TimeInForce.GTC)
    desk.buy("0.1", "90")
    desk.price("50")
    assert desk.open() == []
    history = desk.x.read.order_history(ME)
    assert {row.cancel_type for row in history if row.status is OrderStatus.CANCELLED} == {
        "CancelAllBeforeLiq"
    }
    assert desk.wallet >= 0


def test_a_gap_far_beyond_bankruptcy_leaves_no_debt() -> None:
    desk = Desk("600")
    desk.buy("50", stop_loss="95")
    (fill,) = desk.price("20", gap=True)
    assert fill.exec_type is ExecType.BUST_TRADE
    assert fill.price > 80
    assert 0 <= desk.wallet < 50 * BTC.tick_size


def test_a_stop_before_the_liquidation_price_saves_the_account() -> None:
    desk = Desk("600")
    desk.buy("50", stop_loss="95")
    (fill,) = desk.price("20")
    assert (fill.stop_order_type, fill.price) == ("StopLoss", D("94.9"))
    assert desk.wallet > 300


def test_the_mark_price_alone_decides() -> None:
    desk = Desk("600")
    desk.price("100", mark_price="100")
    desk.buy("50")
    assert desk.price("40") == []
    (fill,) = desk.price(None, mark_price="85")
    assert fill.exec_type is ExecType.BUST_TRADE


def test_losses_of_one_symbol_liquidate_the_account() -> None:
    desk = Desk("1000")
    desk.price("100", symbol="ETHUSDT")
    desk.buy("40")
    desk.buy("40", symbol="ETHUSDT")
    for price in ("95", "92", "91", "90"):
        assert desk.price(price) == []
    for price in ("97", "94", "90"):
        assert desk.price(price, symbol="ETHUSDT") == []
    fills = [*desk.price("80", symbol="ETHUSDT")]
    assert {fill.symbol for fill in fills} == {"BTCUSDT", "ETHUSDT"}
    assert all(fill.exec_type is ExecType.BUST_TRADE for fill in fills)
    assert desk.wallet >= 0


def test_small_losses_of_two_symbols_add_up() -> None:
    """Each fall alone would be quiet; together they are not."""
    desk = Desk("1000")
    desk.price("100", symbol="ETHUSDT")
    desk.buy("40")
    desk.buy("40", symbol="ETHUSDT")
    assert desk.price("86") == []
    assert len(desk.price("89", symbol="ETHUSDT")) == 2


def test_gains_of_one_symbol_carry_the_other() -> None:
    desk = Desk("1000")
    desk.price("100", symbol="ETHUSDT")
    desk.buy("40")
    desk.buy("40", symbol="ETHUSDT")
    assert desk.price("120") == []
    assert desk.path("85", "120") == []
    assert desk.price("75", symbol="ETHUSDT") == []
    assert desk.position(symbol="ETHUSDT").qty == 40


def test_a_withdrawal_can_liquidate(desk: Desk) -> None:
    desk.buy("100")
    desk.send(Deposit(D("-9980")))
    assert [fill.exec_type for fill in desk.fills()] == [ExecType.BUST_TRADE]
    assert desk.position().qty == 0


def test_funding_can_liquidate() -> None:
    desk = Desk("600")
    desk.buy("50")
    desk.price("90")
    desk.funding("0.02", "90")
    assert [fill.exec_type for fill in desk.fills()] == [ExecType.FUNDING, ExecType.BUST_TRADE]
