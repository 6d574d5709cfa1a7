"""Clients that mean harm, or are broken: each gets an error or is cut off, and nobody else notices."""

from __future__ import annotations

import json
import logging
import socket as sockets
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import websocket
from exchange_harness import KEY, Running, running, track

from whalebot.adapters.exchange.server import server as server_module

pytestmark = pytest.mark.socket
DEADLINE_S = 30
HOST = b"Host: localhost\r\n"
UPGRADE = (
    b"GET /v5/public/linear HTTP/1.1\r\n" + HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Running]:
    with running([track()]) as alive:
        yield alive


def connect(exchange: Running) -> sockets.socket:
    return sockets.create_connection(("127.0.0.1", exchange.server.port), timeout=DEADLINE_S)


def answer_to(exchange: Running, *parts: bytes) -> tuple[int, bytes]:
    """Send raw bytes; returns the status and the body of the answer."""
    with connect(exchange) as client:
        client.sendall(b"".join(parts))
        got = b""
        while b"\r\n\r\n" not in got and (data := client.recv(65_536)):
            got += data
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


NEVER = threading.Event()


def is_served(exchange: Running) -> bool:
    """An honest client gets its answer, and the exchange, in this process, does not toil for it."""
    started = time.process_time()
    answer = exchange.get("/v5/market/time")
    return answer["retCode"] == 0 and time.process_time() - started < 2


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        NEVER.wait(0.005)


def has_ended(client: sockets.socket) -> bool:
    """Read what is left; True when the other end closed or broke off."""
    try:
        while client.recv(65_536):
            pass
    except ConnectionError:
        return True
    return True


def raw_socket(exchange: Running, frame: bytes = b"") -> sockets.socket:
    """Upgrade by hand, so that nothing reads or answers for us."""
    client = connect(exchange)
    client.sendall(UPGRADE)
    got = b""
    while b"\r\n\r\n" not in got:
        got += client.recv(4096)
    client.sendall(frame)
    return client


def framed(payload: bytes, head: int = 0x81) -> bytes:
    if len(payload) < 126:
        length = bytes([0x80 | len(payload)])
    else:
        length = b"\xff" + len(payload).to_bytes(8, "big")
    return bytes([head]) + length + b"\0\0\0\0" + payload


def subscription(*topics: str) -> bytes:
    return framed(json.dumps({"op": "subscribe", "args": list(topics)}).encode())


MALFORMED = {
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20 + b"\r\n\r\n",
    "bytes in the query": b"GET /v5/market/time?a=\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes in the path": b"GET /v5/\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "an endless url": b"GET /v5/market/time?" + b"a" * 20_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "an endless header": b"GET /v5/market/time HTTP/1.1\r\nX: " + b"a" * 20_000 + b"\r\n\r\n",
    "many headers": b"GET /v5/market/time HTTP/1.1\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
    "a negative length": b"POST /v5/order/create HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n{}",
    "two lengths": b"POST /v5/order/create HTTP/1.1\r\n"
    + HOST
    + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "chunks without size": b"POST /v5/order/create HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "another websocket version": UPGRADE.replace(b"13", b"99"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_requests_are_refused_and_fill_no_log(
    exchange: Running, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    with caplog.at_level(logging.DEBUG, "whalebot.exchange.http"):
        assert answer_to(exchange, MALFORMED[name])[0] == 400
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    assert is_served(exchange)


def private_get(sign: bytes = b"a", stamp: bytes = b"", window: bytes = b"5000") -> bytes:
    lines = (
        b"GET /v5/position/list?category=linear HTTP/1.1",
        b"Host: localhost",
        b"X-BAPI-API-KEY: " + KEY.encode(),
        b"X-BAPI-TIMESTAMP: " + (stamp or str(int(time.time() * 1000)).encode()),
        b"X-BAPI-RECV-WINDOW: " + window,
        b"X-BAPI-SIGN: " + sign,
    )
    return b"\r\n".join(lines) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("credentials", "ret_code"),
    [
        ({"sign": b"\xc3\xa9"}, 10004),
        ({"sign": b"\xff\xfe"}, 10004),
        ({"stamp": "²²".encode()}, 10001),
        ({"stamp": b"9" * 5000}, 10001),
        ({"window": "٣".encode()}, 10001),
    ],
    ids=["accent", "bytes", "superscript", "long", "other digits"],
)
def test_credentials_that_are_no_ascii_are_refused(
    exchange: Running, credentials: dict[str, bytes], ret_code: int
) -> None:
    status, body = answer_to(exchange, private_get(**credentials))
    assert (status, json.loads(body)["retCode"]) == (200, ret_code)


def test_a_packed_body_is_not_unpacked(exchange: Running) -> None:
    head = (
        b"POST /v5/order/create HTTP/1.1\r\n" + HOST + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
    )
    status, _ = answer_to(exchange, head, b"\x1f\x8b" + b"z" * 18)
    assert status == 200


def test_a_body_beyond_a_megabyte_is_refused(exchange: Running) -> None:
    head = b"POST /v5/order/create HTTP/1.1\r\n" + HOST + b"Content-Length: 9999999999\r\n\r\n"
    assert answer_to(exchange, head, b"x" * 1_200_000)[0] == 413


def test_unknown_parameters_are_passed_over_and_huge_numbers_refused(exchange: Running) -> None:
    assert exchange.get("/v5/market/time", what="ever")["retCode"] == 0
    query = b"GET /v5/market/kline?symbol=BTCUSDT&interval=1&limit=" + b"9" * 5000
    assert json.loads(answer_to(exchange, query, b" HTTP/1.1\r\n", HOST, b"\r\n")[1])["retCode"] == 10001
    for since in (b"99999999999999999999", b"9" * 5000, b"-1"):
        log = b"GET /control/log?since=" + since + b" HTTP/1.1\r\n" + HOST + b"\r\n"
        assert answer_to(exchange, log)[0] == 400


def test_a_body_that_stays_away_is_given_up_and_time_does_not_wait_for_it() -> None:
    with running([track(count=310)], speed="max", wait_for_client=False) as exchange:
        exchange.call(lambda: setattr(exchange.server._rest, "body_timeout_s", 0.2))
        with connect(exchange) as client:
            client.sendall(b"POST /v5/order/create HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\n{")
            until(lambda: exchange.get("/control/state")["ended"])
            assert client.recv(65_536).split()[1] == b"408"


def test_idle_connections_and_headers_without_an_end_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "IDLE_LIMIT_S", 0.3)
    with running([track()]) as exchange, connect(exchange) as idle, connect(exchange) as slow:
        slow.sendall(b"GET /v5/market/time HTTP/1.1\r\nX-A: aaaa")
        assert has_ended(idle)
        assert has_ended(slow)
        assert is_served(exchange)


def test_hundreds_of_idle_connections_hinder_nobody(exchange: Running) -> None:
    crowd = [connect(exchange) for _ in range(300)]
    crowd += [raw_socket(exchange) for _ in range(100)]
    assert exchange.get("/control/state")["connections"] == 100
    assert is_served(exchange)
    for client in crowd:
        client.close()
    until(lambda: exchange.get("/control/state")["connections"] == 0)


@pytest.mark.parametrize(
    "frame",
    [
        framed(b"\xff\xfe"),
        framed(b"x", 0xC1),
        framed(b"x", 0x83),
        framed(b"x" * 126, 0x89),
        framed(b"x" * 1_100_000),
    ],
    ids=["no utf-8", "reserved bit", "unknown opcode", "long ping", "huge"],
)
def test_a_broken_frame_ends_its_own_connection(exchange: Running, frame: bytes) -> None:
    honest = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=DEADLINE_S)
    with raw_socket(exchange, frame) as client:
        assert has_ended(client)
    honest.send('{"op":"ping"}')
    assert json.loads(honest.recv())["ret_msg"] == "pong"
    honest.close()


def test_ten_thousand_topics_are_too_many_for_one_socket(exchange: Running) -> None:
    client = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=DEADLINE_S)
    many = ["publicTrade.BTCUSDT"] * 10_000
    client.send(json.dumps({"op": "subscribe", "args": many}))
    assert json.loads(client.recv())["success"] is True, "one and the same"
    client.send(json.dumps({"op": "subscribe", "args": [f"publicTrade.X{n}USDT" for n in range(10_000)]}))
    assert json.loads(client.recv())["success"] is False
    (connection,) = exchange.server._hub.connections
    assert connection.topics == {"publicTrade.BTCUSDT"}
    client.close()
    until(lambda: not exchange.server._hub.connections)


def test_what_waits_for_all_slow_readers_together_is_bounded() -> None:
    most = 4_000_000
    with running([track()]) as exchange:
        hub = exchange.server._hub
        exchange.call(lambda: setattr(hub, "max_waiting_bytes", most))
        topic, payload = "allLiquidation.BTCUSDT", b'"' + b"x" * 100_000 + b'"'
        slow = [raw_socket(exchange, subscription(topic)) for _ in range(6)]
        honest = websocket.create_connection(f"{exchange.ws}/v5/public/linear", timeout=DEADLINE_S)
        honest.send(json.dumps({"op": "subscribe", "args": [topic]}))
        until(lambda: len(list(hub.subscribers(topic))) == 7)
        assert json.loads(honest.recv())["success"] is True
        for _ in range(100):
            exchange.call(lambda: hub.publish(topic, payload))
            assert len(honest.recv()) >= 100_000
            assert exchange.call(lambda: sum(hub._lagging.values())) <= most
        until(lambda: len(hub.connections) < 7)
        honest.send('{"op":"ping"}')
        assert json.loads(honest.recv())["ret_msg"] == "pong"
        honest.close()
        for client in slow:
            client.close()


def test_clients_that_break_off_leave_nothing_behind(exchange: Running) -> None:
    topics = ("tickers.BTCUSDT", "orderbook.50.BTCUSDT", "kline.1.BTCUSDT")
    for _ in range(50):
        client = raw_socket(exchange, subscription(*topics))
        client.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    until(lambda: exchange.get("/control/state")["connections"] == 0)
    hub = exchange.server._hub
    assert hub._subscribers == {}
    assert not hub.has_public.is_set()
    assert is_served(exchange)
