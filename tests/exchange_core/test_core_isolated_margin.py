"""Isolated margin: what a position can lose, where it is liquidated, and that the others live on."""

from __future__ import annotations

import pytest
from core_desk import BTC, ME, D, Desk

from whalebot.adapters.exchange.core import Deposit, Exchange, SetLeverage, SetMarginMode
from whalebot.domain.enums import ExecType, OrderStatus, Side

RATE = D("0.00055")


@pytest.fixture
def isolated() -> Desk:
    desk = Desk("1000")
    desk.price("100", symbol="ETHUSDT")
    assert desk.send(SetMarginMode(True)).ret_code == 0
    return desk


def test_the_margin_of_a_position_is_reckoned_on_its_entry_and_frees_no_gains(isolated: Desk) -> None:
    isolated.buy("10")
    cost = isolated.position().position_value
    margin = cost / 10 + cost * D("0.9") * RATE
    assert isolated.position().position_im == margin
    free = isolated.wallet - margin
    for price in ("104", "98"):
        isolated.price(price)
        assert isolated.position().position_im == margin
        assert isolated.x.read.wallet(ME).available_balance == free


@pytest.mark.parametrize("side", [Side.BUY, Side.SELL])
def test_it_is_liquidated_where_its_own_margin_is_used_up(isolated: Desk, side: Side) -> None:
    isolated.order(side, "10")
    entry = isolated.position().avg_price
    assert entry is not None
    lever, rate = D("0.1") * side.sign, D("0.005") * side.sign
    exact = entry * (1 - lever) / (1 - rate)
    liq = isolated.position().liq_price
    assert liq is not None
    assert 0 <= (exact - liq) * side.sign < BTC.tick_size
    assert isolated.price(str(liq + side.sign * BTC.tick_size)) == []
    before = isolated.wallet
    margin = isolated.position().position_im
    (fill,) = isolated.price(str(liq))
    assert fill.exec_type is ExecType.BUST_TRADE
    assert 0 <= (fill.price - entry * (1 - lever)) * side.sign < BTC.tick_size
    assert 0 <= margin - (before - isolated.wallet) < 10 * BTC.tick_size


def test_only_the_position_concerned_and_its_orders_go(isolated: Desk) -> None:
    isolated.buy("10")
    isolated.buy("5", symbol="ETHUSDT")
    isolated.buy("0.1", "80")
    isolated.buy("0.1", "80", symbol="ETHUSDT")
    fills = isolated.price("60", gap=True)
    assert [(fill.symbol, fill.exec_type) for fill in fills] == [("BTCUSDT", ExecType.BUST_TRADE)]
    assert isolated.position(symbol="ETHUSDT").qty == 5
    assert [order.symbol for order in isolated.open()] == ["ETHUSDT"]
    gone = [row for row in isolated.x.read.order_history(ME) if row.status is OrderStatus.CANCELLED]
    assert {row.cancel_type for row in gone} == {"CancelAllBeforeLiq"}
    assert isolated.wallet > 890


def test_gains_elsewhere_do_not_save_it(isolated: Desk) -> None:
    isolated.buy("10")
    isolated.buy("40", symbol="ETHUSDT")
    isolated.price("120", symbol="ETHUSDT")
    assert [fill.exec_type for fill in isolated.price("88")] == [ExecType.BUST_TRADE]


def test_without_leverage_there_is_no_price_at_which_a_long_is_liquidated(isolated: Desk) -> None:
    isolated.send(SetLeverage("BTCUSDT", D(1), D(1)))
    isolated.buy("9")
    assert isolated.position().liq_price is None
    assert isolated.price("1", gap=True) == []


def test_more_leverage_brings_liquidation_nearer_and_frees_margin(isolated: Desk) -> None:
    isolated.buy("10")
    liq, free = isolated.position().liq_price, isolated.x.read.wallet(ME).available_balance
    assert isolated.send(SetLeverage("BTCUSDT", D(50), D(50))).ret_code == 0
    nearer = isolated.position().liq_price
    assert liq is not None
    assert nearer is not None
    assert nearer > liq
    assert isolated.x.read.wallet(ME).available_balance > free


def test_funding_that_eats_into_the_margin_brings_liquidation_nearer() -> None:
    desk = Desk("1000")
    desk.send(SetMarginMode(True))
    desk.buy("95")
    before = desk.position().liq_price
    desk.funding("0.05")
    after = desk.position().liq_price
    assert before is not None
    assert after is not None
    assert after > before
    desk.price("50", gap=True)
    assert desk.wallet >= 0


def test_the_mode_can_change_while_a_position_is_held_if_its_margin_will_do() -> None:
    desk = Desk("1000")
    desk.buy("10")
    cross = desk.position().liq_price
    assert desk.send(SetMarginMode(True)).ret_code == 0
    alone = desk.position().liq_price
    assert cross is not None
    assert alone is not None
    assert alone > cross
    desk.price("91.5")
    assert desk.send(SetMarginMode(False)).ret_code == 0
    desk.price("85")
    assert desk.send(SetMarginMode(True)).ret_code == 3400045
    assert not desk.x.read.wallet(ME).is_isolated
    assert desk.position().qty == 10


def test_margin_that_is_not_there_keeps_the_mode_as_it_is() -> None:
    desk = Desk("1000")
    desk.buy("95")
    desk.price("100.5")
    desk.send(Deposit(D(-50)))
    assert desk.send(SetMarginMode(True)).ret_code == 3400045


def test_the_mode_is_saved(isolated: Desk) -> None:
    assert Exchange.from_state(isolated.x.export_state()).read.wallet(ME).is_isolated
