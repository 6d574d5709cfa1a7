"""Values that no market has: below zero, nothing at all, odd digits, names that steer a terminal."""

from __future__ import annotations

import json
from decimal import Decimal as D
from typing import Any

import msgspec
import pytest

from whalebot.adapters.bybit.conventions import BadValue, number, price_or_none
from whalebot.adapters.bybit.counters import StreamCounters
from whalebot.adapters.bybit.day_ticker import day_ticker_events
from whalebot.adapters.bybit.decode import FrameDecoder, make_route
from whalebot.adapters.bybit.rest_account import _oldest_first
from whalebot.adapters.bybit.rest_market import BybitMarket, make_instrument
from whalebot.adapters.bybit.rest_wire import InstrumentRow, decode_result, readable
from whalebot.adapters.bybit.rows import make_execution, make_order, make_position
from whalebot.adapters.bybit.session import Reply
from whalebot.adapters.bybit.wire import ExecutionRow, OrderRow, PositionRow
from whalebot.domain.errors import TransportError
from whalebot.domain.orders import Execution, FundingPayment

SYMBOL = "BTCUSDT"
NOW_MS = 1_760_000_000_000
BAR_MS = 300_000


def read(kind: Any, row: dict[str, Any]) -> Any:
    return msgspec.json.decode(json.dumps(row), type=kind, strict=False)


def execution(**changes: str) -> ExecutionRow:
    row = {
        "symbol": SYMBOL,
        "execId": "e-1",
        "execPrice": "60000",
        "execQty": "1",
        "execTime": str(NOW_MS),
        "side": "Buy",
        "execType": "Trade",
    }
    found: ExecutionRow = read(ExecutionRow, row | changes)
    return found


def heard(topic: str, data: Any) -> tuple[list[Any], dict[str, int]]:
    counters = StreamCounters("test")
    frame = json.dumps({"topic": topic, "type": "delta", "ts": NOW_MS, "data": data}, separators=(",", ":"))
    events = FrameDecoder([topic], counters).decode(frame.encode(), NOW_MS)
    assert isinstance(events, list)
    return events, counters.error_counts()


@pytest.mark.parametrize("none", ["", "0", "0.00"])
@pytest.mark.parametrize("side", ["bid", "ask"])
def test_a_side_without_orders_is_told_as_zero(side: str, none: str) -> None:
    (event,), errors = heard(f"tickers.{SYMBOL}", {"lastPrice": "60000", f"{side}1Price": none})
    said = {"bid": event.bid_price, "ask": event.ask_price}
    assert said.pop(side) == 0
    assert list(said.values()) == [None], "the other side is unchanged"
    assert event.last_price == 60_000
    assert errors == {}


@pytest.mark.parametrize("name", ["lastPrice", "markPrice", "indexPrice"])
def test_another_price_that_is_blank_stays_what_it_was(name: str) -> None:
    (event,), _ = heard(f"tickers.{SYMBOL}", {name: "", "bid1Price": "5"})
    assert (event.last_price, event.mark_price, event.index_price) == (None, None, None)
    assert event.bid_price == 5


@pytest.mark.parametrize("price", ["-5", "-1e20", "-0.1"])
@pytest.mark.parametrize("name", ["lastPrice", "markPrice", "indexPrice", "bid1Price", "ask1Price"])
def test_a_ticker_with_a_price_below_zero_is_refused(name: str, price: str) -> None:
    assert heard(f"tickers.{SYMBOL}", {name: price}) == ([], {"unreadable": 1})


def test_a_funding_rate_may_be_below_zero() -> None:
    (event,), errors = heard(f"tickers.{SYMBOL}", {"fundingRate": "-0.001"})
    assert (event.funding_rate, errors) == (D("-0.001"), {})


@pytest.mark.parametrize(("said", "told"), [("", 0.0), ("0", 0.0), ("5", 5.0), ("-5", None), ("nan", None)])
def test_a_side_without_orders_is_told_to_the_scanner_too(said: str, told: float | None) -> None:
    frame = {"ts": NOW_MS, "data": {"lastPrice": "6", "bid1Price": said, "markPrice": said}}
    route = make_route(f"tickers.{SYMBOL}", StreamCounters("test"))
    (ticker,) = day_ticker_events(json.dumps(frame).encode(), route, NOW_MS)
    assert (ticker.bid_price, ticker.ask_price, ticker.mark_price) == (told, None, told or None)


@pytest.mark.parametrize("change", [{"v": "0"}, {"v": "-1"}, {"p": "0"}, {"p": "-60000"}])
def test_a_liquidation_of_nothing_or_for_nothing_is_refused(change: dict[str, str]) -> None:
    row = {"T": NOW_MS, "s": SYMBOL, "S": "Sell", "v": "1", "p": "60000"} | change
    assert heard(f"allLiquidation.{SYMBOL}", [row]) == ([], {"unreadable": 1})


@pytest.mark.parametrize("kind", ["Trade", "AdlTrade", "BustTrade", "Settle", "Delivery"])
@pytest.mark.parametrize(
    "change",
    [
        {"execQty": "0"},
        {"execQty": "-1"},
        {"execPrice": "0"},
        {"execPrice": "-60000"},
        {"closedSize": "-1"},
    ],
    ids=str,
)
def test_a_fill_of_nothing_or_for_nothing_is_no_fill(kind: str, change: dict[str, str]) -> None:
    with pytest.raises(BadValue):
        make_execution(execution(execType=kind, **change))


def test_a_row_that_moves_no_position_may_be_of_nothing() -> None:
    found = make_execution(execution(execType="SomethingNew", execQty="0", execPrice="0"))
    assert isinstance(found, Execution)
    assert not found.exec_type.moves_position
    with pytest.raises(BadValue):
        make_execution(execution(execType="SomethingNew", execQty="-1"))


def test_funding_may_be_received_and_names_no_price() -> None:
    found = make_execution(execution(execType="Funding", execFee="-1.5", execPrice="0"))
    assert isinstance(found, FundingPayment)
    assert found.amount == D("-1.5")
    with pytest.raises(BadValue):
        make_execution(execution(execType="Funding", execFee="1", execQty="-1"))


def test_one_senseless_row_makes_the_whole_answer_unknown() -> None:
    with pytest.raises(TransportError, match=r"unreadable result: execution b of BTCUSDT: -1 is not"):
        _oldest_first([execution(execId="a"), execution(execId="b", execQty="-1")])


def test_one_senseless_row_of_a_frame_costs_no_other() -> None:
    rows = [msgspec.to_builtins(execution(execId=name)) for name in "ab"]
    rows[0]["execQty"] = "-1"
    events, errors = heard("execution", rows)
    assert [event.execution.exec_id for event in events] == ["b"]
    assert errors == {"bad row": 1}


@pytest.mark.parametrize("change", [{"size": "-1"}, {"entryPrice": "-5"}, {"stopLoss": "-5"}], ids=str)
def test_a_position_below_zero_is_refused(change: dict[str, str]) -> None:
    row = {"symbol": SYMBOL, "side": "Buy", "size": "1", "entryPrice": "60000"}
    with pytest.raises(BadValue):
        make_position(read(PositionRow, row | change))


def test_a_liquidation_price_below_zero_is_none() -> None:
    row = {"symbol": SYMBOL, "side": "Buy", "size": "1", "entryPrice": "60000", "liqPrice": "-5"}
    assert make_position(read(PositionRow, row)).liq_price is None


@pytest.mark.parametrize("change", [{"qty": "-1"}, {"cumExecQty": "-1"}, {"avgPrice": "-1"}], ids=str)
def test_an_order_below_zero_is_refused(change: dict[str, str]) -> None:
    row = {"symbol": SYMBOL, "orderId": "o", "side": "Buy", "orderStatus": "New", "qty": "0"}
    make_order(read(OrderRow, row))  # a stop for the whole position has no quantity
    with pytest.raises(BadValue):
        make_order(read(OrderRow, row | change))


@pytest.mark.parametrize("text", ["\u0661\u0662", "1_0", "1_000.5", "\uff11", "0x10", "ten"])
def test_a_number_is_written_in_plain_digits(text: str) -> None:
    with pytest.raises(BadValue, match="not a number"):
        number(text)


def test_a_price_is_not_below_zero() -> None:
    assert price_or_none("0.00") is None
    assert price_or_none("1.5") == D("1.5")
    with pytest.raises(BadValue, match="below zero"):
        price_or_none("-1.5")


def instrument(lot: dict[str, str] | None = None, lever: str = "100", **changes: str) -> InstrumentRow:
    row = {
        "symbol": SYMBOL,
        "contractType": "LinearPerpetual",
        "quoteCoin": "USDT",
        "status": "Trading",
        "leverageFilter": {"maxLeverage": lever},
        "priceFilter": {"tickSize": "0.1"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "0.001", "maxOrderQty": "100"} | (lot or {}),
    }
    decoder = msgspec.json.Decoder(InstrumentRow, strict=False)
    return decode_result(decoder, json.dumps(row | changes).encode(), "instruments")


@pytest.mark.parametrize(
    ("lot", "lever"),
    [
        ({}, "-3"),
        ({}, "0"),
        ({"minNotionalValue": "-5"}, "100"),
        ({"maxMktOrderQty": "-1"}, "100"),
        ({"minOrderQty": "1000"}, "100"),
        ({"maxMktOrderQty": "0.0001"}, "100"),
        ({"qtyStep": "0"}, "100"),
    ],
    ids=str,
)
def test_senseless_rules_are_refused_by_the_name_of_the_symbol(lot: dict[str, str], lever: str) -> None:
    row = instrument(lot, lever)
    with pytest.raises(BadValue, match=SYMBOL):
        make_instrument(row)


def test_limits_that_are_not_stated_fall_back() -> None:
    found = make_instrument(instrument({"maxMktOrderQty": "0"}))
    assert (found.max_market_qty, found.min_notional) == (D(100), D(0))


def test_a_value_that_a_type_refuses_is_an_unreadable_answer() -> None:
    with pytest.raises(TransportError, match="instruments: unreadable result"):
        readable(lambda: int("no"), "instruments")


STEERING = ["x\ny", "x\x1b[2J", "x\n", "x\x9b2J", "x\u202ey", "x\u2028y", "\x00"]


@pytest.mark.parametrize("name", STEERING, ids=ascii)
def test_names_that_steer_a_terminal_are_refused(name: str) -> None:
    for field in ("execId", "orderId", "orderLinkId", "symbol"):
        with pytest.raises(msgspec.ValidationError):
            execution(**{field: name})
    with pytest.raises(TransportError):
        instrument(status=name)


def test_symbols_of_other_scripts_spoil_no_answer() -> None:
    assert instrument(symbol="\u5e01\u5b89USDT").symbol == "\u5e01\u5b89USDT"


class Venue:
    """Answers every question for bars with the same newest ones, whatever end was asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def get_kline(self, limit: int, **_: Any) -> Reply:
        self.asked += 1
        assert self.asked < 20, "asked again and again"
        first_ms = NOW_MS // BAR_MS * BAR_MS
        rows = [[str(first_ms - BAR_MS * n), "1", "2", "1", "1.5", "1", "1"] for n in range(limit)]
        return Reply(msgspec.Raw(json.dumps({"list": rows}).encode()), 0)


def test_pages_that_do_not_go_back_end_the_question() -> None:
    venue: Any = Venue()
    nothing: Any = None
    market = BybitMarket(venue, nothing, nothing, lambda _: None)
    with pytest.raises(TransportError, match="does not go back"):
        market.candles(SYMBOL, "5", None, NOW_MS // BAR_MS * BAR_MS, 1500)
    assert venue.asked == 2
