"""Answers without end, in bytes or in time, cost little and end in an error."""

from __future__ import annotations

import gzip
import socket
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from whalebot.adapters.bybit import answer_bounds
from whalebot.adapters.bybit.frames import FrameReader
from whalebot.adapters.bybit.hosts import Endpoints
from whalebot.adapters.bybit.rest import RestClient, RestFactory, RestSettings
from whalebot.domain.errors import RateLimited, TransportError
from whalebot.runtime.clock import SystemClock

MIB = 1024 * 1024
GOOD = b'{"retCode":0,"retMsg":"OK","result":{"timeNano":"1760000000000000000"},"time":1760000000000}'


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[tuple[RestClient, list[int]]]:
    """A client of a server that answers as told; and the ports its connections came from."""
    listener = socket.create_server(("127.0.0.1", 0))
    ports: list[int] = []

    def serve() -> None:
        while True:
            try:
                sock, peer = listener.accept()
            except OSError:
                return
            ports.append(peer[1])
            with sock:
                sock.settimeout(10)
                try:
                    while sock.recv(65536):
                        answer(sock)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = RestSettings(Endpoints(url, "ws://127.0.0.1:1", None), ("BTCUSDT",))
    client = RestFactory(settings, SystemClock(), lambda _: None).client()
    try:
        yield client, ports
    finally:
        client.close()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(30)


def endless(sock: socket.socket) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    while True:
        sock.sendall(chunk)


def bomb(sock: socket.socket) -> None:
    body = gzip.compress(b" " * (100 * MIB))
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    sock.sendall(head + body)


def dripping(head: bytes, drop: bytes) -> Callable[[socket.socket], None]:
    def answer(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(head)
        pause = threading.Event()
        while True:
            sock.sendall(drop)
            pause.wait(0.01)

    return answer


OK = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "a status line": dripping(b"", b"H"),
    "provisional answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "headers": dripping(OK, b"X"),
    "chunks": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body of stated length": dripping(OK + b"Content-Length: 10000000\r\n\r\n", b" "),
    "a body until the end": dripping(OK + b"Connection: close\r\n\r\n", b" "),
}


@pytest.mark.parametrize("answer", [endless, bomb], ids=["endless", "bomb"])
def test_an_answer_without_end_is_cut_off(answer: Callable[[socket.socket], None]) -> None:
    tracemalloc.start()
    try:
        with server(answer) as (client, _), pytest.raises(TransportError, match="an answer of more than"):
            client.market._ask_time_ms()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 120 * MIB


@pytest.mark.parametrize("kind", DRIPS)
def test_an_answer_that_drips_for_ever_is_cut_off(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_bounds, "LONGEST_S", 0.2)
    with server(DRIPS[kind]) as (client, _), pytest.raises(TransportError, match=r"Read timed out|in time"):
        client.market._ask_time_ms()


@pytest.mark.parametrize(
    "header",
    [
        b"X-Bapi-Limit: \xb2",
        b"X-Bapi-Limit: " + b"9" * 5000,
        b"X-Bapi-Limit-Status: -5",
        b"X-Bapi-Limit-Reset-Timestamp: \xb2\xb3",
        b"X-Bapi-Limit: 0",
    ],
)
def test_headers_without_sense_are_as_good_as_absent_and_the_connection_is_kept(header: bytes) -> None:
    def answer(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n" % (header, len(GOOD)) + GOOD)

    with server(answer) as (client, ports):
        for _ in range(5):
            assert client.market.server_time_ms() == 1_760_000_000_000
        assert len(ports) == 1


def test_a_rate_limit_with_a_senseless_reset_is_a_rate_limit() -> None:
    def answer(sock: socket.socket) -> None:
        body = b'{"retCode":10006,"retMsg":"no"}'
        head = b"HTTP/1.1 200 OK\r\nX-Bapi-Limit-Reset-Timestamp: \xb2\r\nContent-Length: %d\r\n\r\n"
        sock.sendall(head % len(body) + body)

    with server(answer) as (client, _), pytest.raises(RateLimited):
        client.market._ask_time_ms()


def test_a_message_of_endless_fragments_is_cut_off() -> None:
    reader = FrameReader()
    with pytest.raises(TransportError, match="fragments"):
        reader.feed(b"\x01\x00" + b"\x00\x00" * 20_000)
