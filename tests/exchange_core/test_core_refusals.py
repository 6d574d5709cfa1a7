"""Every refusal with the venue's number; none of them changes anything."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from core_desk import BTC, ME, D, Desk

from whalebot.adapters.exchange.core import (
    AmendOrder,
    BookChanged,
    BookLiquidity,
    CancelAll,
    CancelOrder,
    ClosePosition,
    CreateOrder,
    Exchange,
    InstrumentListed,
    PricePoint,
    Rejected,
    SetLeverage,
    Settings,
    SetTradingStop,
    SwitchMode,
    SymbolRules,
)
from whalebot.adapters.exchange.core.commands import Command
from whalebot.domain.enums import OrderType, Side, TriggerBy

BUY, SELL, LIMIT, MARKET = Side.BUY, Side.SELL, OrderType.LIMIT, OrderType.MARKET


def limit(qty: str = "1", price: str | None = "99", **more: object) -> CreateOrder:
    order = CreateOrder("BTCUSDT", BUY, LIMIT, D(qty), None if price is None else D(price))
    return replace(order, **more)


def market(qty: str = "1", side: Side = BUY, **more: object) -> CreateOrder:
    return replace(CreateOrder("BTCUSDT", side, MARKET, D(qty)), **more)


def stop(**more: object) -> SetTradingStop:
    return SetTradingStop("BTCUSDT", **more)


FLAT: list[tuple[str, Command, int, str]] = [
    ("unknown symbol", replace(limit(), symbol="XXXUSDT"), 10029, "symbol is invalid"),
    ("link id too long", limit(order_link_id="x" * 37), 10001, "OrderLinkId invalid"),
    ("link id with a space", limit(order_link_id="a b"), 10001, "OrderLinkId invalid"),
    ("position idx", limit(position_idx=1), 10001, "position idx not match position mode"),
    ("qty off step", limit("1.0005"), 10001, "Qty invalid"),
    ("qty zero", limit("0"), 10001, "Qty invalid"),
    ("qty negative", limit("-1"), 10001, "Qty invalid"),
    ("qty not a number", limit("NaN"), 10001, "Qty invalid"),
    ("limit qty too large", limit("1191"), 10001, "exceeds maximum limit allowed"),
    (
        "market qty too large",
        market("501"),
        10001,
        "too large, order_qty:50100000000 > max_qty:50000000000",
    ),
    ("no price", limit(price=None), 10001, "Price invalid"),
    ("price off tick", limit(price="99.05"), 10001, "Price invalid"),
    ("price zero", limit(price="0"), 10001, "Price invalid"),
    ("price beyond the highest", limit(price="2000000"), 10001, "Price invalid"),
    ("price out of range", limit(price="110.1"), 110003, "allowable range"),
    ("sell price out of range", limit(price="89.9", side=SELL), 110003, "allowable range"),
    ("notional", limit("0.05"), 110094, "minimum order value 5USDT"),
    ("balance", limit("1190"), 110007, "ab not enough for new order"),
    ("reduce-only when flat", market(reduce_only=True), 110017, "current position is zero"),
    (
        "close all when flat",
        market("0", reduce_only=True, close_on_trigger=True),
        110017,
        "current position is zero",
    ),
    (
        "stop on the wrong side of a buy",
        market(stop_loss=D("100")),
        10001,
        "StopLoss:1000000 set for Buy position should be lower than base_price:1000000??LastPrice",
    ),
    (
        "stop on the wrong side of a sell",
        market(side=SELL, stop_loss=D("99")),
        10001,
        "StopLoss:990000 set for Sell position should be higher than base_price:1000000??LastPrice",
    ),
    (
        "target on the wrong side of a buy",
        market(take_profit=D("99")),
        10001,
        "TakeProfit:990000 set for Buy position should be higher than base_price:1000000??LastPrice",
    ),
    ("stop off tick", market(stop_loss=D("90.05")), 10001, "StopLoss invalid"),
    (
        "stop above a resting entry",
        limit(stop_loss=D("99.5")),
        10001,
        "should be lower than base_price:990000",
    ),
    ("stops on reduce-only", market(reduce_only=True, stop_loss=D("90")), 10001, "reduce-only"),
    ("unknown stop mode", market(tpsl_mode="full", stop_loss=D("90")), 10001, "TpslMode invalid"),
    (
        "limit stop in full mode",
        market(stop_loss=D("90"), sl_order_type=LIMIT, sl_limit_price=D("89")),
        10001,
        "slOrderType only support Market when tpSlMode is Full",
    ),
    (
        "limit stop without a price",
        market(stop_loss=D("90"), sl_order_type=LIMIT, tpsl_mode="Partial"),
        10001,
        "slLimitPrice invalid",
    ),
    (
        "trigger not above",
        market(trigger_price=D("100"), trigger_direction=1),
        110092,
        "expect Rising, but trigger_price[1000000] <= current[1000000]??LastPrice",
    ),
    (
        "trigger not below",
        market(trigger_price=D("101"), trigger_direction=2),
        110093,
        "expect Falling, but trigger_price[1010000] >= current[1000000]??LastPrice",
    ),
    ("trigger direction", market(trigger_price=D("101"), trigger_direction=3), 10001, "TriggerDirection"),
    ("trigger off tick", market(trigger_price=D("101.05")), 10001, "TriggerPrice invalid"),
    (
        "slippage in ticks",
        market(slippage_tolerance_type="TickSize", slippage_tolerance=D("1.5")),
        110108,
        "1 to 10000",
    ),
    (
        "slippage in percent",
        market(slippage_tolerance_type="Percent", slippage_tolerance=D(11)),
        110109,
        "0.01% to 10%",
    ),
    ("cancel nothing", CancelOrder("BTCUSDT"), 10001, "required"),
    ("cancel unknown", CancelOrder("BTCUSDT", "nope"), 110001, "order not exists or too late to cancel"),
    ("amend unknown", AmendOrder("BTCUSDT", "nope", qty=D(2)), 110001, "too late to replace"),
    ("cancel-all filter", CancelAll("BTCUSDT", "Everything"), 10001, "OrderFilter"),
    ("leverage unchanged", SetLeverage("BTCUSDT", D(10), D(10)), 110043, "leverage not modified"),
    ("leverage uneven", SetLeverage("BTCUSDT", D(10), D(20)), 10001, "buy leverage"),
    ("leverage below one", SetLeverage("BTCUSDT", D("0.5"), D("0.5")), 10001, "Leverage invalid"),
    ("leverage too high", SetLeverage("BTCUSDT", D(101), D(101)), 110013, "[10100] gt maxLeverage [10000]"),
    ("mode unchanged", SwitchMode(False, "BTCUSDT"), 110025, "not modified"),
    ("stops when flat", stop(stop_loss=D("90")), 10001, "zero position"),
    ("close when flat", ClosePosition("BTCUSDT"), 110017, "current position is zero"),
]

LONG: list[tuple[str, Command, int, str]] = [
    ("reduce-only on the same side", market(reduce_only=True), 110017, "Reduce-only rule not satisfied"),
    ("mode with a position", SwitchMode(True, "BTCUSDT"), 110024, "existing position"),
    ("stop beyond the price", stop(stop_loss=D("100")), 10001, "StopLoss:1000000 set for Buy position"),
    ("target behind the price", stop(take_profit=D("100")), 10001, "TakeProfit:1000000 set for Buy"),
    ("stop off tick", stop(stop_loss=D("90.01")), 10001, "StopLoss invalid"),
    ("same stop again", stop(stop_loss=D("90")), 34040, "not modified"),
    ("nothing to cancel", stop(take_profit=D(0)), 34040, "not modified"),
    ("nothing asked", stop(), 34040, "not modified"),
    ("trailing off tick", stop(trailing_stop=D("0.05")), 10001, "TrailingStop invalid"),
    ("trailing as far as the price", stop(trailing_stop=D("100")), 10001, "TrailingStop invalid"),
    (
        "activation not beyond the entry",
        stop(trailing_stop=D(1), active_price=D("100.1")),
        10001,
        "ActivePrice:1001000 set for Buy position should be higher than base_price:1001000??LastPrice",
    ),
    ("stop mode", stop(stop_loss=D("91"), tpsl_mode="full"), 10001, "TpslMode invalid"),
    ("stop idx", stop(stop_loss=D("91"), position_idx=2), 10001, "position idx not match"),
    (
        "partial without a size",
        stop(stop_loss=D("91"), tpsl_mode="Partial"),
        10001,
        "tpSize or slSize is required",
    ),
    (
        "partial of uneven sizes",
        stop(stop_loss=D("91"), sl_size=D(1), take_profit=D("110"), tp_size=D(2), tpsl_mode="Partial"),
        10001,
        "must be equal",
    ),
    (
        "partial larger than the position",
        stop(stop_loss=D("91"), sl_size=D(6), tpsl_mode="Partial"),
        110058,
        "insufficient size of remaining position",
    ),
]


def _state(desk: Desk) -> dict[str, object]:
    state = desk.x.export_state()
    return {name: state[name] for name in ("accounts", "markets", "held", "mint")}


@pytest.mark.parametrize(("command", "code", "text"), [row[1:] for row in FLAT], ids=[row[0] for row in FLAT])
def test_refused_while_flat(desk: Desk, command: Command, code: int, text: str) -> None:
    _expect_refusal(desk, command, code, text)


@pytest.mark.parametrize(("command", "code", "text"), [row[1:] for row in LONG], ids=[row[0] for row in LONG])
def test_refused_while_long(desk: Desk, command: Command, code: int, text: str) -> None:
    desk.buy("5", stop_loss="90")
    _expect_refusal(desk, command, code, text)


def _expect_refusal(desk: Desk, command: Command, code: int, text: str) -> None:
    before = _state(desk)
    answer = desk.send(command)
    assert (answer.ret_code, text in answer.ret_msg) == (code, True), answer.ret_msg
    assert answer.events == (Rejected(ME, command, code, answer.ret_msg, desk.ts),)
    assert _state(desk) == before


def test_duplicate_link_id_of_an_open_and_of_a_closed_order(desk: Desk) -> None:
    desk.buy("1", "99", order_link_id="a")
    assert desk.buy("1", "99", order_link_id="a").ret_code == 110072
    desk.buy("1", order_link_id="b")
    again = desk.buy("1", order_link_id="b")
    assert (again.ret_code, again.ret_msg) == (110072, "OrderLinkedID is duplicate")
    assert desk.position().qty == 1


def test_link_id_is_free_again_once_its_order_is_forgotten() -> None:
    desk = Desk(settings=Settings(history_limit=2))
    for link in ("a", "b", "c"):
        assert desk.buy("1", order_link_id=link).ret_code == 0
    assert desk.buy("1", order_link_id="c").ret_code == 110072
    assert desk.buy("1", order_link_id="a").ret_code == 0


def test_cancel_of_an_order_that_has_ended(desk: Desk) -> None:
    answer = desk.buy("1")
    assert desk.send(CancelOrder("BTCUSDT", answer.order_id)).ret_code == 110001
    resting = desk.buy("1", "95")
    assert desk.send(CancelOrder("ETHUSDT", resting.order_id)).ret_code == 110001


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"qty": D(2)}, 10001, "order remains unchanged"),
        ({}, 10001, "order remains unchanged"),
        ({"price": D("95.05")}, 10001, "Price invalid"),
        ({"price": D("150")}, 110003, "allowable range"),
        ({"qty": D("0.01")}, 110094, "minimum order value"),
        ({"qty": D("0.0001")}, 10001, "Qty invalid"),
        ({"stop_loss": D("96")}, 10001, "StopLoss:960000 set for Buy position"),
        ({"take_profit": D("94")}, 10001, "TakeProfit:940000 set for Buy position"),
    ],
)
def test_amend_refused(desk: Desk, change: dict[str, Decimal], code: int, text: str) -> None:
    answer = desk.buy("2", "95")
    _expect_refusal(desk, AmendOrder("BTCUSDT", answer.order_id, **change), code, text)


def test_amend_of_a_partly_filled_order() -> None:
    desk = Desk(liquidity=BookLiquidity())
    desk.x.apply(BookChanged("BTCUSDT", desk.tick(), ((D(99), D(1)),), ((D(101), D(1)),)))
    answer = desk.buy("2", "101", stop_loss="90")
    assert desk.find(answer).cum_exec_qty == 1
    _expect_refusal(desk, AmendOrder("BTCUSDT", answer.order_id, qty=D(1)), 110064, "filled quantity")
    moved = AmendOrder("BTCUSDT", answer.order_id, stop_loss=D("91"))
    _expect_refusal(desk, moved, 110059, "partially filled")


def test_amend_of_a_full_stop(desk: Desk) -> None:
    desk.buy("2", stop_loss="90")
    (stop_order,) = desk.open("StopLoss")
    _expect_refusal(desk, AmendOrder("BTCUSDT", stop_order.order_id, qty=D(1)), 110060, "full TP/SL mode")
    wrong = AmendOrder("BTCUSDT", stop_order.order_id, trigger_price=D("101"))
    _expect_refusal(desk, wrong, 110093, "expect Falling")


def test_reduce_only_when_older_orders_cover_the_position(desk: Desk) -> None:
    desk.buy("1")
    order = desk.sell("1", "110", reduce_only=True)
    more = limit("1", "111", side=SELL, reduce_only=True)
    _expect_refusal(desk, more, 110017, "orderQty will be truncated to zero")
    _expect_refusal(desk, AmendOrder("BTCUSDT", order.order_id, qty=D(2)), 110017, "Reduce-only rule")


def test_mode_switch_with_open_orders(desk: Desk) -> None:
    desk.buy("1", "95")
    _expect_refusal(desk, SwitchMode(True, "BTCUSDT"), 110028, "existing open orders")


def test_risk_limit(desk: Desk) -> None:
    desk.rules(risk_limit_value=D(1000))
    _expect_refusal(desk, limit("11", "99"), 110090, "max limit 1000")
    desk.buy("6")
    _expect_refusal(desk, limit("5", "99"), 110090, "max limit 1000")
    desk.buy("3", "99")
    _expect_refusal(desk, limit("2", "99"), 110090, "max limit 1000")
    assert desk.sell("6").ret_code == 0


def test_counts_of_orders() -> None:
    desk = Desk(settings=Settings(max_active_orders=2, max_conditional_orders=1, max_partial_stops=2))
    desk.buy("1", "95")
    desk.buy("1", "95")
    _expect_refusal(desk, limit("1", "95"), 110020, "more than 2 active orders")
    desk.buy("1", trigger_price="110")
    _expect_refusal(desk, market(trigger_price=D("111")), 110009, "number of stop orders")
    desk.send(CancelAll())
    desk.buy("1")
    pair = {"stop_loss": D("90"), "sl_size": D(1), "take_profit": D("120"), "tp_size": D(1)}
    desk.stop(tpsl_mode="Partial", **pair)
    _expect_refusal(desk, stop(tpsl_mode="Partial", **pair), 110061, "more than 2 TP/SLs")


def test_halted_contract(desk: Desk) -> None:
    desk.x.apply(InstrumentListed(replace(BTC, status="Closed"), desk.tick()))
    _expect_refusal(desk, limit(), 110074, "not live")


def test_quantity_below_the_minimum(desk: Desk) -> None:
    desk.x.apply(InstrumentListed(replace(BTC, min_qty=D("0.5")), desk.tick()))
    _expect_refusal(desk, limit("0.4"), 10001, "too small, order_qty:40000000 < min_qty:50000000")


def test_dust_below_the_minimum_can_be_closed(desk: Desk) -> None:
    desk.buy("0.3")
    desk.x.apply(InstrumentListed(replace(BTC, min_qty=D("0.5"), qty_step=D("0.5")), desk.tick()))
    assert desk.sell("0.3", reduce_only=True).ret_code == 0
    assert desk.position().qty == 0


def test_lower_leverage_that_is_not_affordable(desk: Desk) -> None:
    desk.buy("500")
    _expect_refusal(desk, SetLeverage("BTCUSDT", D(2), D(2)), 110012, "Insufficient available balance")


def test_market_order_without_any_price() -> None:
    desk = Desk(start=None)
    _expect_refusal(desk, market(), 110118, "low liquidity")
    _expect_refusal(desk, market(trigger_price=D(1)), 110118, "low liquidity")


def test_trigger_is_judged_on_its_own_price(desk: Desk) -> None:
    desk.price("100", mark_price="103")
    by_mark = market(trigger_price=D("102"), trigger_direction=1, trigger_by=TriggerBy.MARK_PRICE)
    _expect_refusal(desk, by_mark, 110092, "current[1030000]??MarkPrice")


def test_calls_that_make_no_sense_raise() -> None:
    exchange = Exchange()
    with pytest.raises(ValueError, match="feed InstrumentListed first"):
        exchange.apply(PricePoint("BTCUSDT", 1, D(1)))
    with pytest.raises(ValueError, match="call open_account first"):
        exchange.submit("nobody", CancelAll(), 1)
    with pytest.raises(ValueError, match="call open_account first"):
        exchange.read.wallet("nobody")
    with pytest.raises(ValueError, match="not listed"):
        exchange.read.market("BTCUSDT")
    exchange.apply(InstrumentListed(BTC, 1, SymbolRules()))
    exchange.open_account("a", D(1), 1)
    with pytest.raises(ValueError, match="choose another id"):
        exchange.open_account("a", D(1), 1)


@pytest.mark.parametrize("bad", ["0", "-1", "Infinity"])
@pytest.mark.parametrize("name", ["last_price", "mark_price", "index_price"])
def test_prices_that_cannot_be(desk: Desk, name: str, bad: str) -> None:
    good = {"last_price": D(100), "mark_price": D(100), "index_price": D(100)}
    desk.x.apply(PricePoint("BTCUSDT", desk.tick(), **good))
    with pytest.raises(ValueError, match="must be above 0; mend the data"):
        desk.x.apply(PricePoint("BTCUSDT", desk.tick(), **{**good, name: D(bad)}))
