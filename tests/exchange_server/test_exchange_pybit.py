"""Unmodified pybit against the local exchange: every call and stream a trading daemon needs."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pybit._websocket_trading as pybit_trading
import pybit.unified_trading as pybit
import pytest
from exchange_harness import KEY, MINUTE, SECRET, START_MS, Running, running, track
from pybit.exceptions import InvalidRequestError

pytestmark = pytest.mark.socket
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
DEADLINE_S = 30


@pytest.fixture
def exchange() -> Iterator[Running]:
    with running([track(), track("ETHUSDT", 600, 3000)]) as alive:
        yield alive


def client(exchange: Running, key: str = KEY, secret: str = SECRET) -> Any:
    http = pybit.HTTP(testnet=False, api_key=key, api_secret=secret)
    http.endpoint = exchange.url
    return http


def code_of(call) -> int:
    with pytest.raises(InvalidRequestError) as caught:
        call()
    return caught.value.status_code


def test_market_data(exchange: Running) -> None:
    http = client(exchange)
    assert abs(int(http.get_server_time()["result"]["timeSecond"]) - time.time()) < 5
    listed = http.get_instruments_info(category="linear")["result"]["list"]
    assert [row["symbol"] for row in listed] == ["BTCUSDT", "ETHUSDT"]
    assert listed[0]["priceFilter"]["tickSize"] == "0.1"
    assert listed[0]["fundingInterval"] == 480
    rows = http.get_kline(**LINEAR, interval=1, limit=3)["result"]["list"]
    opens = [int(row[0]) for row in rows]
    assert opens == [START_MS + (300 - n) * MINUTE for n in range(3)]
    assert all(len(row) == 7 for row in rows)
    older = http.get_kline(**LINEAR, interval=5, start=START_MS, end=START_MS + 10 * MINUTE)["result"]["list"]
    assert [int(row[0]) for row in older] == [START_MS + 10 * MINUTE, START_MS + 5 * MINUTE, START_MS]
    for call in (http.get_mark_price_kline, http.get_index_price_kline, http.get_premium_index_price_kline):
        assert all(len(row) == 5 for row in call(**LINEAR, interval=5, limit=4)["result"]["list"])
    ticker = http.get_tickers(**LINEAR)["result"]["list"][0]
    assert ticker["lastPrice"] == "60000"
    assert "tickDirection" not in ticker
    book = http.get_orderbook(**LINEAR, limit=50)["result"]
    assert len(book["b"]) == len(book["a"]) == 50
    assert Decimal(book["b"][0][0]) < Decimal(book["a"][0][0])
    assert http.get_public_trade_history(**LINEAR, limit=5)["result"]["list"]
    assert http.get_risk_limit(**LINEAR)["result"]["list"][0]["isLowestRisk"] == 1
    http.get_funding_rate_history(**LINEAR)
    http.get_open_interest(**LINEAR, intervalTime="1h")
    http.get_long_short_ratio(**LINEAR, period="1h")
    assert http.get_system_status()["result"]["list"] == []


def test_an_entry_with_its_stops_is_seen_everywhere_and_closed(exchange: Running) -> None:
    http = client(exchange)
    http.set_leverage(**LINEAR, buyLeverage="5", sellLeverage="5")
    assert code_of(lambda: http.set_leverage(**LINEAR, buyLeverage="5", sellLeverage="5")) == 110043
    placed = http.place_order(
        **LINEAR, side="Buy", orderType="Market", qty="0.01", orderLinkId="in-1", stopLoss="59000",
        takeProfit="62000", tpslMode="Full",
    )["result"]  # fmt: skip
    order = http.get_open_orders(**LINEAR, orderLinkId="in-1")["result"]["list"][0]
    assert order["orderId"] == placed["orderId"]
    assert order["orderStatus"] == "Filled"
    stops = http.get_open_orders(**LINEAR)["result"]["list"]
    assert {row["stopOrderType"] for row in stops} == {"StopLoss", "TakeProfit"}
    assert {row["orderStatus"] for row in stops} == {"Untriggered"}
    position = http.get_positions(**LINEAR)["result"]["list"][0]
    assert (position["side"], position["size"], position["stopLoss"]) == ("Buy", "0.01", "59000")
    http.set_trading_stop(**LINEAR, stopLoss="59500", positionIdx=0, tpslMode="Full")
    assert http.get_positions(**LINEAR)["result"]["list"][0]["stopLoss"] == "59500"
    assert code_of(lambda: http.set_trading_stop(**LINEAR, stopLoss="59500", positionIdx=0)) == 34040
    assert code_of(
        lambda: http.place_order(**LINEAR, side="Buy", orderType="Market", qty="0.01", orderLinkId="in-1")
    ) == 110072  # fmt: skip
    http.place_order(**LINEAR, side="Sell", orderType="Market", qty="0.01", reduceOnly=True)
    assert http.get_positions(category="linear", settleCoin="USDT")["result"]["list"] == []
    fills = http.get_executions(**LINEAR)["result"]["list"]
    assert [fill["side"] for fill in fills] == ["Sell", "Buy"]
    closed = http.get_closed_pnl(**LINEAR)["result"]["list"]
    assert [row["side"] for row in closed] == ["Sell"]
    wallet = http.get_wallet_balance(accountType="UNIFIED", coin="USDT")["result"]["list"][0]["coin"][0]
    paid = sum(Decimal(fill["execFee"]) for fill in fills)
    bought, sold = (Decimal(fill["execValue"]) for fill in reversed(fills))
    assert Decimal(wallet["walletBalance"]) == 1000 + sold - bought - paid
    ledger = http.get_transaction_log(accountType="UNIFIED")["result"]["list"]
    assert sum(Decimal(row["change"]) for row in ledger) == Decimal(wallet["walletBalance"])
    ended = {row["orderId"]: row["orderStatus"] for row in http.get_order_history(**LINEAR)["result"]["list"]}
    assert ended[placed["orderId"]] == "Filled"
    assert len(ended) == 4


def test_resting_orders_are_amended_cancelled_and_batched(exchange: Running) -> None:
    http = client(exchange)
    order = http.place_order(
        **LINEAR, side="Buy", orderType="Limit", qty="0.01", price="58000", timeInForce="PostOnly"
    )["result"]
    http.amend_order(**LINEAR, orderId=order["orderId"], price="58100", qty="0.02")
    row = http.get_open_orders(**LINEAR)["result"]["list"][0]
    assert (row["price"], row["qty"], row["timeInForce"]) == ("58100", "0.02", "PostOnly")
    http.cancel_order(**LINEAR, orderId=order["orderId"])
    assert code_of(lambda: http.cancel_order(**LINEAR, orderId=order["orderId"])) == 110001
    entry = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "57000"}
    batch = http.place_batch_order(category="linear", request=[entry, {**entry, "qty": "0.0001"}])
    codes = [verdict["code"] for verdict in batch["retExtInfo"]["list"]]
    assert codes[0] == 0
    assert codes[1] != 0
    assert batch["retExtInfo"]["synthetic"] is True
    first = batch["result"]["list"][0]["orderId"]
    amended = http.amend_batch_order(
        category="linear", request=[{"symbol": "BTCUSDT", "orderId": first, "price": "57100"}]
    )
    assert amended["retExtInfo"]["list"][0]["code"] == 0
    http.cancel_batch_order(category="linear", request=[{"symbol": "BTCUSDT", "orderId": first}])
    http.place_order(**LINEAR, side="Buy", orderType="Limit", qty="0.01", price="57000")
    assert len(http.cancel_all_orders(**LINEAR)["result"]["list"]) == 1
    assert http.get_open_orders(**LINEAR)["result"]["list"] == []


def test_account_and_modes(exchange: Running) -> None:
    http = client(exchange)
    assert http.get_account_info()["result"]["marginMode"] == "REGULAR_MARGIN"
    assert http.get_fee_rates(**LINEAR)["result"]["list"][0]["takerFeeRate"] == "0.00055"
    info = http.get_api_key_information()["result"]
    assert info["readOnly"] == 0
    assert info["permissions"]["Wallet"] == []
    http.switch_position_mode(**LINEAR, mode=3)
    rows = http.get_positions(**LINEAR)["result"]["list"]
    assert [row["positionIdx"] for row in rows] == [1, 2]
    assert code_of(lambda: http.switch_position_mode(**LINEAR, mode=3)) == 110025
    assert code_of(
        lambda: http.place_order(**LINEAR, side="Buy", orderType="Market", qty="0.01", positionIdx=0)
    ) == 10001  # fmt: skip
    http.place_order(**LINEAR, side="Sell", orderType="Market", qty="0.01", positionIdx=2)
    http.switch_position_mode(category="linear", symbol="ETHUSDT", mode=3)
    http.set_dcp(timeWindow=40)


def test_pages_are_walked_with_the_cursor_as_it_came(exchange: Running) -> None:
    http = client(exchange)
    for number in range(25):
        http.place_order(**LINEAR, side="Buy", orderType="Limit", qty="0.001", price=str(50_000 + number))
    first = http.get_open_orders(**LINEAR)["result"]
    assert len(first["list"]) == 20
    assert "%" in first["nextPageCursor"]
    second = http.get_open_orders(**LINEAR, cursor=first["nextPageCursor"])["result"]
    assert len(second["list"]) == 5
    assert second["nextPageCursor"] == ""
    prices = {row["price"] for row in first["list"] + second["list"]}
    assert len(prices) == 25
    pages = http.get_instruments_info(category="linear", limit=1)["result"]
    rest = http.get_instruments_info(category="linear", limit=1, cursor=pages["nextPageCursor"])["result"]
    assert [pages["list"][0]["symbol"], rest["list"][0]["symbol"]] == ["BTCUSDT", "ETHUSDT"]


def test_a_wrong_secret_and_an_unknown_key_are_refused(exchange: Running) -> None:
    assert code_of(lambda: client(exchange, secret="wrong").get_account_info()) == 10004
    assert code_of(lambda: client(exchange, key="nobody").get_account_info()) == 10003


class Inbox:
    """Messages of a stream, by the order in which they came."""

    def __init__(self) -> None:
        self.messages: queue.Queue[dict[str, Any]] = queue.Queue()

    def take(self) -> dict[str, Any]:
        return self.messages.get(timeout=DEADLINE_S)

    def until(self, wanted) -> dict[str, Any]:
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            message = self.messages.get(timeout=DEADLINE_S)
            if wanted(message):
                return message
        raise AssertionError("the message did not come")


@pytest.fixture
def sockets(exchange: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(pybit, "PUBLIC_WSS", exchange.ws + "/v5/public/{CHANNEL_TYPE}")
    monkeypatch.setattr(pybit, "PRIVATE_WSS", exchange.ws + "/v5/private")
    monkeypatch.setattr(pybit_trading, "TRADE_WSS", exchange.ws + "/v5/trade")
    opened: list[Any] = []

    def open_socket(channel: str) -> Any:
        keys = {} if channel == "linear" else {"api_key": KEY, "api_secret": SECRET}
        socket = (
            pybit.WebSocketTrading(testnet=False, **keys)
            if channel == "trade"
            else pybit.WebSocket(testnet=False, channel_type=channel, **keys)
        )
        opened.append(socket)
        return socket

    yield open_socket
    for socket in opened:
        socket.exit()


def test_public_streams_of_pybit(sockets) -> None:
    boxes = {name: Inbox() for name in ("ticker", "book", "kline")}
    public = sockets("linear")
    public.ticker_stream("BTCUSDT", boxes["ticker"].messages.put)
    public.orderbook_stream(50, "BTCUSDT", boxes["book"].messages.put)
    public.kline_stream(1, "BTCUSDT", boxes["kline"].messages.put)
    assert boxes["ticker"].take()["data"]["lastPrice"] == "60000"
    book = boxes["book"].take()
    assert len(book["data"]["b"]) == 50
    bar = boxes["kline"].take()["data"][0]
    assert bar["end"] == bar["start"] + MINUTE - 1
    assert bar["confirm"] is False


def test_private_streams_of_pybit_tell_what_an_order_does(exchange: Running, sockets) -> None:
    boxes = {name: Inbox() for name in ("order", "execution", "fast", "position", "wallet")}
    private = sockets("private")
    private.order_stream(boxes["order"].messages.put)
    private.execution_stream(boxes["execution"].messages.put)
    private.fast_execution_stream(boxes["fast"].messages.put)
    private.position_stream(boxes["position"].messages.put)
    private.wallet_stream(boxes["wallet"].messages.put)
    http = client(exchange)
    wanted = {"order", "execution", "execution.fast", "position", "wallet"}
    # Each question is a round trip to the server's thread, so this does not spin; the test's limit ends it.
    while exchange.call(lambda: max((c.topics for c in exchange.server._hub.connections), key=len)) != wanted:
        continue
    http.place_order(**LINEAR, side="Buy", orderType="Market", qty="0.01", stopLoss="59000", orderLinkId="x")
    order = boxes["order"].until(lambda message: message["data"][0]["orderLinkId"] == "x")["data"][0]
    assert order["orderStatus"] == "Filled"
    fill = boxes["execution"].take()["data"][0]
    assert (fill["execType"], fill["execQty"], fill["orderLinkId"]) == ("Trade", "0.01", "x")
    assert boxes["fast"].take()["data"][0]["execId"] == fill["execId"]
    position = boxes["position"].take()["data"][0]
    assert (position["entryPrice"], position["stopLoss"]) == (fill["execPrice"], "59000")
    wallet = boxes["wallet"].take()["data"][0]
    assert Decimal(wallet["totalWalletBalance"]) == 1000 - Decimal(fill["execFee"])


def test_the_trade_socket_of_pybit(sockets) -> None:
    answers, errors = Inbox(), Inbox()
    trade = sockets("trade")
    order = {**LINEAR, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "58000"}
    trade.place_order(answers.messages.put, errors.messages.put, **order)
    placed = answers.take()
    assert placed["op"] == "order.create"
    assert placed["retExtInfo"]["synthetic"] is True
    assert placed["header"]["X-Bapi-Limit"] == "10"
    name = {**LINEAR, "orderId": placed["data"]["orderId"]}
    trade.amend_order(answers.messages.put, errors.messages.put, **name, price="58100")
    assert answers.take()["retCode"] == 0
    trade.cancel_order(answers.messages.put, errors.messages.put, **name)
    assert answers.take()["retCode"] == 0
    trade.cancel_order(answers.messages.put, errors.messages.put, **name)
    assert errors.take()["retCode"] == 110001
