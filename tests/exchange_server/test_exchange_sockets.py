"""The three sockets, spoken to frame by frame; and what bad input does to its sender and to nobody else."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import socket as plain_socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
import websocket
from exchange_harness import KEY, SECRET, Running, running, track

pytestmark = pytest.mark.socket
DEADLINE_S = 30


@pytest.fixture(scope="module")
def exchange() -> Iterator[Running]:
    with running([track()]) as alive:
        yield alive


class Peer:
    """A raw websocket client."""

    def __init__(self, exchange: Running, path: str) -> None:
        self.socket = websocket.create_connection(f"{exchange.ws}{path}", timeout=DEADLINE_S)

    def send(self, message: Any) -> None:
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def take(self) -> dict[str, Any]:
        return json.loads(self.socket.recv())

    def ask(self, message: Any) -> dict[str, Any]:
        """Send, and return the first answer that is not a data frame."""
        self.send(message)
        while True:
            answer = self.take()
            if "topic" not in answer:
                return answer

    def auth(self, ahead_ms: int = 10_000) -> dict[str, Any]:
        expires = int(time.time() * 1000) + ahead_ms
        sign = hmac.new(SECRET.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
        return self.ask({"op": "auth", "args": [KEY, expires, sign]})


def has_ended(socket: websocket.WebSocket) -> bool:
    """Read what is left; True when the connection was closed or broke."""
    try:
        while socket.recv_data()[0] != websocket.ABNF.OPCODE_CLOSE:
            pass
    except (websocket.WebSocketConnectionClosedException, OSError):
        return True
    return True


@pytest.fixture
def public(exchange: Running) -> Iterator[Peer]:
    peer = Peer(exchange, "/v5/public/linear")
    yield peer
    peer.socket.close()


@pytest.fixture
def private(exchange: Running) -> Iterator[Peer]:
    peer = Peer(exchange, "/v5/private")
    yield peer
    peer.socket.close()


@pytest.fixture
def trade(exchange: Running) -> Iterator[Peer]:
    peer = Peer(exchange, "/v5/trade")
    yield peer
    peer.socket.close()


def test_the_three_pongs(public: Peer, private: Peer, trade: Peer) -> None:
    pong = public.ask({"op": "ping", "req_id": "p1"})
    assert pong == {
        "success": True,
        "ret_msg": "pong",
        "conn_id": pong["conn_id"],
        "req_id": "p1",
        "op": "ping",
    }
    assert public.ask({"op": "ping"})["req_id"] == ""
    pong = private.ask({"op": "ping", "req_id": "p2"})
    assert (pong["op"], pong["req_id"]) == ("pong", "p2")
    assert abs(int(pong["args"][0]) - time.time() * 1000) < 5000
    assert "req_id" not in private.ask({"op": "ping"})
    pong = trade.ask({"op": "ping"})
    assert (pong["op"], pong["retCode"], pong["retMsg"]) == ("pong", 0, "OK")
    assert abs(int(pong["data"][0]) - time.time() * 1000) < 5000


def test_a_subscription_is_acknowledged_and_starts_with_a_snapshot(public: Peer) -> None:
    ack = public.ask({"op": "subscribe", "req_id": "s1", "args": ["orderbook.50.BTCUSDT"]})
    assert ack == {
        "success": True,
        "ret_msg": "",
        "conn_id": ack["conn_id"],
        "req_id": "s1",
        "op": "subscribe",
    }
    first = public.take()
    assert (first["topic"], first["type"]) == ("orderbook.50.BTCUSDT", "snapshot")
    again = public.ask({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
    assert again["ret_msg"] == "error:already subscribed,topic:orderbook.50.BTCUSDT"
    assert public.ask({"op": "unsubscribe", "args": ["orderbook.50.BTCUSDT"]})["success"] is True
    assert public.ask({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})["success"] is True
    assert public.take()["type"] == "snapshot"


@pytest.mark.parametrize(
    "topic",
    ["liquidations:BTCUSDT", "orderbook.30.BTCUSDT", "kline.7.BTCUSDT", "tickers.NOPEUSDT", "order"],
)
def test_one_bad_topic_fails_the_whole_request(exchange: Running, public: Peer, topic: str) -> None:
    ack = public.ask({"op": "subscribe", "args": ["tickers.BTCUSDT", topic]})
    assert ack["success"] is False
    assert ack["ret_msg"] == f"error:handler not found,topic:{topic}"
    topics = exchange.call(lambda: [c.topics for c in exchange.server._hub.connections])
    assert all("tickers.BTCUSDT" not in names for names in topics)


def test_a_connection_holds_21000_characters_of_topics(public: Peer) -> None:
    long_names = [f"A{number}{'X' * 3000}USDT" for number in range(8)]
    with running([track(name, 310) for name in long_names]) as crowded:
        peer = Peer(crowded, "/v5/public/linear")
        topics = [f"publicTrade.{name}" for name in long_names]
        assert peer.ask({"op": "subscribe", "args": topics[:6]})["success"] is True
        refused = peer.ask({"op": "subscribe", "args": topics[6:]})
        assert refused["success"] is False
        assert "21000" in refused["ret_msg"]
        assert peer.ask({"op": "unsubscribe", "args": topics[:2]})["success"] is True
        assert peer.ask({"op": "subscribe", "args": topics[6:]})["success"] is True
        peer.socket.close()
    assert public.ask({"op": "subscribe", "args": ["tickers.BTCUSDT"] * 2000})["success"] is True


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"op": "nope"}, "error:invalid op"),
        ({}, "error:invalid op"),
        ({"op": "subscribe"}, "error:args must be a list of topics"),
        ({"op": "subscribe", "args": [1]}, "error:args must be a list of topics"),
        ({"op": "subscribe", "args": []}, "error:args must be a list of topics"),
    ],
)
def test_bad_requests_are_answered(public: Peer, message: Any, error: str) -> None:
    ack = public.ask(message)
    assert ack["success"] is False
    assert ack["ret_msg"] == error


@pytest.mark.parametrize("text", ["hello", "[1]", "null", "{", "[" * 5000, '{"op":' + "[" * 5000])
def test_what_is_no_json_object_leaves_the_socket_open(public: Peer, text: str) -> None:
    assert public.ask(text)["ret_msg"].startswith("Failed to decode incoming data:")
    assert public.ask({"op": "ping"})["ret_msg"] == "pong"


def test_the_private_socket_wants_an_auth_in_time(exchange: Running, private: Peer) -> None:
    assert private.ask({"op": "subscribe", "args": ["order"]})["ret_msg"] == "Request not authorized"
    assert private.auth(ahead_ms=-1)["success"] is False
    assert (
        private.ask({"op": "auth", "args": ["nobody", int(time.time() * 1000) + 9000, "00"]})["success"]
        is False
    )
    assert private.ask({"op": "auth", "args": "x"})["success"] is False
    assert private.auth() == {
        "success": True,
        "ret_msg": "",
        "op": "auth",
        "conn_id": private.auth()["conn_id"],
    }
    ack = private.ask({"op": "subscribe", "req_id": "7", "args": ["order", "execution.linear", "wallet"]})
    assert (ack["success"], ack["req_id"]) == (True, "7")
    assert private.ask({"op": "subscribe", "args": ["orders"]})["success"] is False


def test_the_trade_socket_checks_auth_header_window_and_ids(trade: Peer) -> None:
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    now = str(int(time.time() * 1000))
    create = {
        "reqId": "a",
        "op": "order.create",
        "header": {"X-BAPI-TIMESTAMP": now},
        "args": [{**order, "price": "57000"}],
    }
    assert trade.ask(create)["retCode"] == 10003
    assert trade.auth()["retCode"] == 0
    assert trade.ask({**create, "header": {}})["retCode"] == 10001
    assert trade.ask({**create, "header": {"X-BAPI-TIMESTAMP": "1"}})["retCode"] == 10002
    assert trade.ask({**create, "reqId": "b", "args": []})["retCode"] == 10001
    answer = trade.ask(create)
    assert answer["retCode"] == 0
    assert list(answer) == ["reqId", "retCode", "retMsg", "op", "data", "retExtInfo", "header", "connId"]
    assert trade.ask(create)["retCode"] == 20006
    assert trade.ask({"op": "order.explode"})["retCode"] == 10404


def test_a_client_that_is_gone_without_a_word_is_cut_off() -> None:
    with running([track()]) as exchange:
        deaf, alive = Peer(exchange, "/v5/public/linear"), Peer(exchange, "/v5/public/linear")
        for peer in (deaf, alive):
            assert peer.ask({"op": "ping"})["ret_msg"] == "pong"
        sockets, hub = exchange.server._sockets, exchange.server._hub

        def let_time_pass() -> None:
            """Twice as long as a client may say nothing."""
            for connection in hub.connections:
                connection.last_seen_s -= 2 * sockets.half_open_s

        def hasten() -> None:
            sockets.ping_every_s = 0.02
            exchange.server._spawn(sockets.watch())

        exchange.call(let_time_pass)
        assert alive.ask({"op": "ping"})["ret_msg"] == "pong"
        exchange.call(hasten)
        end = time.monotonic() + DEADLINE_S
        while exchange.get("/control/state")["connections"] == 2:
            assert time.monotonic() < end
            alive.ask({"op": "ping"})
        assert alive.ask({"op": "ping"})["ret_msg"] == "pong"
        assert has_ended(deaf.socket)


def test_disconnect_cancel_strikes_when_the_guarded_socket_stays_away() -> None:
    with running([track()]) as exchange:
        order = {
            "category": "linear",
            "symbol": "BTCUSDT",
            "side": "Buy",
            "orderType": "Limit",
            "qty": "0.01",
        }
        body = json.dumps({**order, "price": "58000"})
        assert exchange.signed("POST", "/v5/order/create", body)[1]["retCode"] == 0
        too_short = json.dumps({"timeWindow": 1})
        assert exchange.signed("POST", "/v5/order/disconnected-cancel-all", too_short)[1]["retCode"] == 10001
        window = json.dumps({"timeWindow": 3})
        assert exchange.signed("POST", "/v5/order/disconnected-cancel-all", window)[1]["retMsg"] == "success"
        exchange.call(lambda: setattr(exchange.server._venue, "dcp_window_s", 0))
        private = Peer(exchange, "/v5/private")
        private.auth()
        assert private.ask({"op": "subscribe", "args": ["dcp"]})["success"] is True
        private.socket.close()
        end = time.monotonic() + DEADLINE_S
        query = "category=linear&symbol=BTCUSDT"
        while exchange.signed("GET", "/v5/order/realtime", query)[1]["result"]["list"]:
            assert time.monotonic() < end


def test_a_protocol_ping_is_answered(public: Peer) -> None:
    public.socket.ping(b"are you there")
    code, data = public.socket.recv_data(control_frame=True)
    assert (code, data) == (websocket.ABNF.OPCODE_PONG, b"are you there")


def test_an_oversized_frame_ends_its_own_connection_only(exchange: Running, public: Peer) -> None:
    other = Peer(exchange, "/v5/public/linear")
    other.socket.send("x" * 2_000_000)
    assert has_ended(other.socket)
    assert public.ask({"op": "ping"})["ret_msg"] == "pong"


def test_bad_requests_concern_their_sender_only(exchange: Running) -> None:
    raw = b"POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n"
    with plain_socket.create_connection(("127.0.0.1", exchange.server.port), DEADLINE_S) as peer:
        peer.sendall(raw)
        assert b"400" in peer.recv(100)
    with plain_socket.create_connection(("127.0.0.1", exchange.server.port), DEADLINE_S) as peer:
        peer.setsockopt(plain_socket.SOL_SOCKET, plain_socket.SO_LINGER, struct.pack("ii", 1, 0))
        peer.sendall(b"POST /v5/order/create HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert exchange.get("/v5/market/time")["retCode"] == 0
    status, _, _ = exchange.signed("POST", "/v5/order/create", json.dumps({"x": "y" * 2_000_000}))
    assert status == 413
    assert exchange.signed("POST", "/v5/order/create", "[" * 100_000)[1]["retCode"] == 10001


@pytest.mark.parametrize(
    "change",
    [
        {"category": None},
        {"category": "spot"},
        {"symbol": None},
        {"symbol": ["BTCUSDT"]},
        {"side": "buy"},
        {"orderType": "Stop"},
        {"qty": None},
        {"qty": "NaN"},
        {"qty": {"a": 1}},
        {"price": None},
        {"price": "1e400"},
        {"timeInForce": "GTD"},
        {"positionIdx": 3},
        {"positionIdx": "x"},
        {"orderLinkId": "x" * 37},
        {"orderLinkId": "a b"},
        {"reduceOnly": "maybe"},
        {"triggerBy": "Price"},
        {"stopLoss": "low"},
        {"tpslMode": "None"},
    ],
    ids=str,
)
def test_wrong_parameters_of_an_order_are_10001(exchange: Running, change: dict[str, Any]) -> None:
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    body = {name: value for name, value in {**order, "price": "58000", **change}.items() if value is not None}
    _, answer, _ = exchange.signed("POST", "/v5/order/create", json.dumps(body))
    assert answer["retCode"] == 10001
    assert answer["result"] == {}


def test_an_unknown_symbol_is_refused(exchange: Running) -> None:
    order = {"category": "linear", "symbol": "NOPEUSDT", "side": "Buy", "orderType": "Market", "qty": "1"}
    assert exchange.signed("POST", "/v5/order/create", json.dumps(order))[1]["retCode"] == 10029
    assert exchange.get("/v5/market/tickers", category="linear", symbol="NOPEUSDT")["retCode"] == 10001
    assert exchange.get("/v5/market/kline", symbol="BTCUSDT", interval="7")["retCode"] == 10001
    assert exchange.get("/v5/market/funding/history", symbol="BTCUSDT", startTime=1)["retCode"] == 10001


def test_windows_wider_than_a_week_are_refused(exchange: Running) -> None:
    wide = f"category=linear&startTime=1&endTime={8 * 86_400_000}"
    assert exchange.signed("GET", "/v5/position/closed-pnl", wide)[1]["retCode"] == 10001
    assert exchange.signed("GET", "/v5/execution/list", wide)[1]["retCode"] == 10001
    assert exchange.signed("GET", "/v5/order/history", "category=linear&cursor=forged")[1]["retCode"] == 10001


def test_auth_refusals_over_http(exchange: Running) -> None:
    late = str(int(time.time() * 1000) - 6000)
    early = str(int(time.time() * 1000) + 3000)
    assert exchange.signed("GET", "/v5/account/info", "", stamp=late)[1]["retCode"] == 10002
    assert exchange.signed("GET", "/v5/account/info", "", stamp=late, window="60000")[1]["retCode"] == 0
    assert exchange.signed("GET", "/v5/account/info", "", stamp=early, window="60000")[1]["retCode"] == 10002
    assert exchange.signed("GET", "/v5/account/info", "", **{"X-BAPI-SIGN": "00"})[1]["retCode"] == 10004
    assert (
        exchange.signed("GET", "/v5/account/info", "", **{"X-BAPI-API-KEY": "nobody"})[1]["retCode"] == 10003
    )
    assert exchange.get("/v5/account/info")["retCode"] == 10001


def test_a_get_with_a_body_is_403_and_an_unknown_path_404(exchange: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", exchange.server.port, timeout=DEADLINE_S)
    connection.request("GET", "/v5/market/time", body="{}")
    answer = connection.getresponse()
    assert answer.status == 403
    answer.read()
    connection.request("GET", "/v5/nothing/here")
    answer = connection.getresponse()
    assert answer.status == 404
    assert json.loads(answer.read())["retCode"] == 10017
    connection.close()


def test_a_web_page_cannot_steer_the_exchange(exchange: Running) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", exchange.server.port, timeout=DEADLINE_S)
    connection.request(
        "POST", "/control/faults", body='{"do": "restart"}', headers={"Origin": "https://x.example"}
    )
    answer = connection.getresponse()
    assert answer.status == 403
    answer.read()
    connection.request("GET", "/control/log?since=x")
    answer = connection.getresponse()
    assert answer.status == 400
    answer.read()
    connection.close()
