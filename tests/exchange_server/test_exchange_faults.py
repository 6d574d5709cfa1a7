"""Every kind of fault does what it says, to a client that talks to the exchange over sockets."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import http.client
import json
import time
import urllib.error
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import websocket
from exchange_harness import KEY, MINUTE, SECRET, Running, running, track

pytestmark = pytest.mark.socket
DEADLINE_S = 30
ORDER = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Market", "qty": "0.01"}


@pytest.fixture
def exchange() -> Iterator[Running]:
    with running([track()], speed="60") as alive:
        yield alive


def create(exchange: Running, **changes: Any) -> dict[str, Any]:
    return exchange.signed("POST", "/v5/order/create", json.dumps({**ORDER, **changes}))[1]


def private_socket(exchange: Running, *topics: str) -> websocket.WebSocket:
    socket = websocket.create_connection(f"{exchange.ws}/v5/private", timeout=DEADLINE_S)
    expires = int(time.time() * 1000) + 60_000
    sign = hmac.new(SECRET.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    socket.send(json.dumps({"op": "auth", "args": [KEY, expires, sign]}))
    socket.send(json.dumps({"op": "subscribe", "args": list(topics)}))
    assert [json.loads(socket.recv())["success"] for _ in range(2)] == [True, True]
    return socket


def public_socket(exchange: Running, *topics: str) -> websocket.WebSocket:
    socket = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=DEADLINE_S)
    socket.send(json.dumps({"op": "subscribe", "args": list(topics)}))
    assert json.loads(socket.recv())["success"] is True
    return socket


def has_ended(socket: websocket.WebSocket) -> bool:
    """Read what is left; True when the connection broke, an AssertionError when it goes on."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        try:
            socket.recv()
        except (websocket.WebSocketConnectionClosedException, OSError):
            return True
    raise AssertionError("the connection goes on")


def eventually(check: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not check():
        assert time.monotonic() < end, "did not happen"


def fault(exchange: Running, do: str, **params: Any) -> None:
    assert exchange.post("/control/faults", {"do": do, **params}) == {"accepted": [do]}


def refused(exchange: Running, document: Any) -> str:
    with pytest.raises(urllib.error.HTTPError) as caught:
        exchange.post("/control/faults", document)
    with caught.value as answer:
        assert answer.code == 400
        return json.loads(answer.read())["error"]


@pytest.mark.parametrize(
    "document",
    [
        {"do": "explode"},
        {},
        [1],
        "x",
        {"do": "restart", "at": "soon"},
        {"do": "restart", "for": "10"},
        {"do": "restart", "after": {"moons": 1}},
        {"do": "restart", "after": {"orders": 0}},
    ],
    ids=str,
)
def test_a_fault_that_makes_no_sense_is_refused_with_the_reason(exchange: Running, document: Any) -> None:
    assert len(refused(exchange, document)) > 10


def test_dropped_streams_end_and_may_be_refused_for_a_while(exchange: Running) -> None:
    public, private = public_socket(exchange, "publicTrade.BTCUSDT"), private_socket(exchange, "order")
    fault(exchange, "drop_streams", channel="public", count=1)
    assert has_ended(public)
    with pytest.raises(websocket.WebSocketBadStatusException):
        public_socket(exchange, "tickers.BTCUSDT")
    public_socket(exchange, "tickers.BTCUSDT").close()
    create(exchange)
    assert json.loads(private.recv())["topic"] == "order"
    private.close()


def test_frozen_streams_stay_open_and_silent(exchange: Running) -> None:
    socket = public_socket(exchange, "tickers.BTCUSDT")
    stamps = [json.loads(socket.recv())["ts"]]
    fault(exchange, "freeze_streams", channel="public", **{"for": "PT1.5S"})
    assert exchange.call(lambda: [c.is_frozen for c in exchange.server._hub.connections]) == [True]
    socket.send(json.dumps({"op": "ping"}))
    # A minute and a half of market time in which nothing was told; a ticker comes every few seconds.
    for _ in range(300):
        message = json.loads(socket.recv())
        if message.get("topic") == "tickers.BTCUSDT":
            stamps.append(message["ts"])
            if stamps[-1] - stamps[-2] >= 80_000:
                break
    assert stamps[-1] - stamps[-2] >= 80_000
    assert stamps[-2] - stamps[0] < 80_000
    socket.close()


def test_private_messages_are_lost_doubled_reordered_and_delayed(exchange: Running) -> None:
    socket = private_socket(exchange, "order", "execution", "wallet")

    def topics(count: int) -> list[str]:
        return [json.loads(socket.recv())["topic"] for _ in range(count)]

    fault(exchange, "lose_private", topic="order", count=1)
    fault(exchange, "duplicate_private", topic="wallet", count=1)
    create(exchange, orderLinkId="lost")
    assert topics(3) == ["execution", "wallet", "wallet"]
    fault(exchange, "reorder_private", topic="order", count=1)
    create(exchange, orderLinkId="late")
    assert topics(3) == ["execution", "order", "wallet"]
    fault(exchange, "delay_private", delay="PT0.05S", topic="order", count=1)
    create(exchange, orderLinkId="later")
    assert topics(3) == ["execution", "wallet", "order"]
    socket.close()


def test_a_skipped_book_update_leaves_a_gap(exchange: Running) -> None:
    socket = public_socket(exchange, "orderbook.50.BTCUSDT")
    last = json.loads(socket.recv())["data"]["u"]
    fault(exchange, "skip_book_update")
    while (now := json.loads(socket.recv())["data"]["u"]) == last + 1:
        last = now
    assert now == last + 2
    socket.close()


@pytest.mark.parametrize("frame", ["garbage", "unknown", "null", "missing", "array", "huge"])
def test_odd_frames_are_sent(exchange: Running, frame: str) -> None:
    socket = public_socket(exchange, "allLiquidation.BTCUSDT")
    fault(exchange, "send_frame", channel="public", frame=frame)
    text = socket.recv()
    if frame == "garbage":
        with pytest.raises(json.JSONDecodeError):
            json.loads(text)
    else:
        assert {"huge": len(text) > 1_000_000, "array": text == "[1,2,3]"}.get(frame, "ts" in text)
    socket.close()


def test_rest_fails_before_and_after_the_order_was_accepted(exchange: Running) -> None:
    fault(exchange, "rest_error", path="order/create", status=502)
    assert exchange.signed("POST", "/v5/order/create", json.dumps(ORDER))[0] == 502
    assert exchange.signed("GET", "/v5/order/history", "category=linear")[1]["result"]["list"] == []
    for kind, arrives in (("timeout_before", False), ("timeout_after", True)):
        fault(exchange, kind, path="order/create")
        connection = http.client.HTTPConnection("127.0.0.1", exchange.server.port, timeout=DEADLINE_S)
        stamp = str(int(time.time() * 1000))
        body = json.dumps({**ORDER, "orderLinkId": kind})
        sign = hmac.new(SECRET.encode(), f"{stamp}{KEY}5000{body}".encode(), hashlib.sha256).hexdigest()
        headers = {"X-BAPI-API-KEY": KEY, "X-BAPI-TIMESTAMP": stamp, "X-BAPI-RECV-WINDOW": "5000"}
        connection.request("POST", "/v5/order/create", body, {**headers, "X-BAPI-SIGN": sign})
        connection.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        query = f"category=linear&orderLinkId={kind}"

        def count(query: str = query) -> int:
            return len(exchange.signed("GET", "/v5/order/realtime", query)[1]["result"]["list"])

        if arrives:
            eventually(lambda: count() == 1)
        assert count() == arrives


def test_rest_fails_after_the_order_was_accepted(exchange: Running) -> None:
    fault(exchange, "rest_error_after", path="order/create", status=502)
    body = json.dumps({**ORDER, "orderLinkId": "answered-with-an-error"})
    assert exchange.signed("POST", "/v5/order/create", body)[0] == 502
    found = exchange.signed("GET", "/v5/order/realtime", "category=linear&orderLinkId=answered-with-an-error")
    assert len(found[1]["result"]["list"]) == 1
    body = json.dumps({**ORDER, "orderLinkId": "the-next"})
    assert exchange.signed("POST", "/v5/order/create", body)[1]["retCode"] == 0


def test_rate_limit_burst_and_rejected_order(exchange: Running) -> None:
    fault(exchange, "rate_limit_burst", count=2)
    answers = [exchange.signed("GET", "/v5/account/info", "") for _ in range(3)]
    assert [answer[1]["retCode"] for answer in answers] == [10006, 10006, 0]
    assert int(answers[0][2]["X-Bapi-Limit-Reset-Timestamp"]) > int(answers[0][1]["time"])
    fault(exchange, "reject_order")
    assert create(exchange)["retCode"] == 110007
    fault(exchange, "reject_order", ret_code=110094, ret_msg="too small")
    assert create(exchange)["retMsg"] == "too small"
    assert create(exchange)["retCode"] == 0


def test_a_stop_that_is_dropped_is_not_attached_and_can_be_set_afterwards(exchange: Running) -> None:
    def stop() -> Decimal:
        query = "category=linear&symbol=BTCUSDT"
        row = exchange.signed("GET", "/v5/position/list", query)[1]["result"]["list"][0]
        return Decimal(row["stopLoss"] or 0)

    fault(exchange, "drop_stop", symbol="ETHUSDT")
    fault(exchange, "drop_stop", symbol="BTCUSDT")
    create(exchange)
    create(exchange, stopLoss="30000")
    assert stop() == 0
    wanted = {"category": "linear", "symbol": "BTCUSDT", "tpslMode": "Full", "positionIdx": 0}
    set_by_hand = json.dumps({**wanted, "stopLoss": "31000"})
    assert exchange.signed("POST", "/v5/position/trading-stop", set_by_hand)[1]["retCode"] == 0
    assert stop() == 31_000
    create(exchange, stopLoss="32000")
    assert stop() == 32_000


def test_clock_skew_moves_the_venues_clock_and_not_the_markets(exchange: Running) -> None:
    fault(exchange, "clock_skew", ms=30_000, **{"for": "PT60S"})
    assert int(exchange.get("/v5/market/time")["time"]) - time.time() * 1000 > 20_000
    assert exchange.signed("GET", "/v5/account/info", "")[1]["retCode"] == 10002
    fault(exchange, "clock_skew", ms=30_000, **{"for": "PT0.2S"})
    eventually(lambda: exchange.signed("GET", "/v5/account/info", "")[1]["retCode"] == 0)


def test_partial_fills_and_a_position_closed_from_outside(exchange: Running) -> None:
    fault(exchange, "partial_fills", symbol="BTCUSDT", share="0.5")
    create(exchange, orderLinkId="half")
    order = exchange.signed("GET", "/v5/order/realtime", "category=linear&orderLinkId=half")[1]["result"][
        "list"
    ][0]
    assert order["orderStatus"] == "Cancelled"
    assert Decimal(order["cumExecQty"]) == Decimal("0.005")
    fault(exchange, "partial_fills", share="1")
    create(exchange, orderLinkId="whole")
    fault(exchange, "close_position", symbol="BTCUSDT")
    listed = exchange.signed("GET", "/v5/position/list", "category=linear&symbol=BTCUSDT")[1]["result"][
        "list"
    ]
    assert listed[0]["size"] == "0"
    fill = exchange.signed("GET", "/v5/execution/list", "category=linear")[1]["result"]["list"][0]
    assert fill["createType"] != "CreateByUser" or fill["orderLinkId"] == ""


def test_a_changed_tick_size_counts_at_once(exchange: Running) -> None:
    fault(exchange, "change_tick", symbol="BTCUSDT", tickSize="0.5")
    row = exchange.get("/v5/market/instruments-info", category="linear")["result"]["list"][0]
    assert row["priceFilter"]["tickSize"] == "0.5"
    assert create(exchange, orderType="Limit", price="58000.1")["retCode"] != 0
    assert create(exchange, orderType="Limit", price="58000.5")["retCode"] == 0


def test_maintenance_is_announced_and_ends(exchange: Running) -> None:
    socket = public_socket(exchange, "tickers.BTCUSDT")
    fault(exchange, "maintenance", **{"for": "PT60S"})
    assert has_ended(socket)
    with pytest.raises(urllib.error.HTTPError) as caught:
        exchange.get("/v5/market/time")
    caught.value.close()
    fault(exchange, "maintenance", **{"for": "PT0.2S"})

    def is_back() -> bool:
        try:
            return exchange.get("/v5/system/status")["result"]["list"] == []
        except urllib.error.HTTPError as error:
            error.close()
            return False

    eventually(is_back)


def test_a_restart_forgets_closed_orders_by_id_and_books_begin_again(exchange: Running) -> None:
    create(exchange, orderLinkId="before")
    query = "category=linear&orderLinkId=before"
    assert len(exchange.signed("GET", "/v5/order/realtime", query)[1]["result"]["list"]) == 1
    socket = public_socket(exchange, "orderbook.50.BTCUSDT")
    socket.recv()
    fault(exchange, "restart")
    assert has_ended(socket)
    assert exchange.signed("GET", "/v5/order/realtime", query)[1]["result"]["list"] == []
    assert len(exchange.signed("GET", "/v5/order/history", query)[1]["result"]["list"]) == 1
    again = public_socket(exchange, "orderbook.50.BTCUSDT")
    assert json.loads(again.recv())["data"]["u"] < 5
    again.close()


def test_a_scenario_strikes_at_its_moment_of_the_market_and_equal_runs_strike_equally(tmp_path: Path) -> None:
    scenario = tmp_path / "scenario.json"
    scenario.write_text(
        json.dumps(
            [
                {"at": "PT10M", "do": "close_position", "symbol": "BTCUSDT"},
                {"after": {"orders": 2}, "do": "reject_order"},
            ]
        )
    )

    def run() -> list[dict[str, Any]]:
        with running([track(count=330)], speed="max", scenario=scenario, wait_for_client=True) as alive:
            codes = [create(alive)["retCode"] for _ in range(4)]
            assert codes == [0, 0, 110007, 0]
            socket = public_socket(alive, "kline.1.BTCUSDT")
            eventually(lambda: alive.get("/control/state")["ended"] or socket_read(socket))
            log = alive.get("/control/log")
            socket.close()
            return [
                {k: v for k, v in line.items() if k != "real_ms"} for line in log if line["kind"] != "request"
            ]

    def socket_read(socket: websocket.WebSocket) -> bool:
        socket.settimeout(0.2)
        with contextlib.suppress(websocket.WebSocketTimeoutException):
            socket.recv()
        return False

    first, second = run(), run()
    assert first == second
    struck = next(line for line in first if line["kind"] == "fault" and line["do"] == "close_position")
    assert struck["sim_ms"] - first[0]["sim_ms"] == 10 * MINUTE
