"""A venue that never comes to an end: the handshake and a message are bounded in bytes, time and work."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from scripted_venue import Gone, Peer

from whalebot.adapters.bybit.auth import VenueClock
from whalebot.adapters.bybit.connection import Link, StreamConnection
from whalebot.adapters.bybit.frames import PING, TEXT, FrameReader
from whalebot.adapters.bybit.silence import StreamTimings

PATIENT = StreamTimings(connect_s=30.0, ack_s=60.0, ping_s=60.0, dead_s=60.0, check_s=0.02)


@contextmanager
def venue(script: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The address of a server that plays `script` on one connection and ends when its client is gone."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError, Gone):
            sock, _ = listener.accept()
            with sock:
                script(sock, over)

    thread = threading.Thread(target=serve, name="venue")
    thread.start()
    yield f"ws://127.0.0.1:{listener.getsockname()[1]}/v5/public/linear"
    over.set()
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(30)
    assert not thread.is_alive()


def reason_of_loss(url: str, sink: Any, clock: Any, timings: StreamTimings) -> str:
    """What a connection says of its first loss; it must come by itself."""
    reasons: list[str] = []
    lost = threading.Event()

    def on_state(up: bool, reason: str) -> None:
        reasons.append(reason)
        connection.stop()
        lost.set()

    link = Link("public", url, ["tickers.BTCUSDT"], None, 1.0)
    connection = StreamConnection(link, sink, clock, VenueClock(clock), timings, random.Random(1), on_state)
    thread = threading.Thread(target=connection.run, name="stream")
    thread.start()
    came = lost.wait(30)
    connection.stop()
    thread.join(30)
    assert came, "the connection never gave up"
    return reasons[0]


def _endless_body(sock: socket.socket, over: threading.Event) -> None:
    sock.recv(4096)
    sock.sendall(b"HTTP/1.1 503 no\r\nContent-Length: 999999999999\r\n\r\n")
    while not over.is_set():
        sock.sendall(b"x" * 4096)


def _endless_header(sock: socket.socket, over: threading.Event) -> None:
    sock.recv(4096)
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nX: ")
    while not over.is_set():
        sock.sendall(b"x" * 4096)


def _a_byte_at_a_time(sock: socket.socket, over: threading.Event) -> None:
    sock.recv(4096)
    while not over.wait(0.01):
        sock.sendall(b"H")


@pytest.mark.socket
@pytest.mark.parametrize("script", [_endless_body, _endless_header])
def test_an_endless_answer_to_the_handshake_is_cut_off(script: Any, sink: Any, clock: Any) -> None:
    with venue(script) as url:
        assert "above 65536 bytes" in reason_of_loss(url, sink, clock, PATIENT)


@pytest.mark.socket
def test_a_handshake_that_drips_is_given_up(sink: Any, clock: Any) -> None:
    timings = StreamTimings(connect_s=0.2, check_s=0.02)
    with venue(_a_byte_at_a_time) as url:
        assert "handshake took too long" in reason_of_loss(url, sink, clock, timings)


@pytest.mark.socket
def test_a_proxy_that_drips_is_given_up(sink: Any, clock: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    timings = StreamTimings(connect_s=0.2, check_s=0.02)
    with venue(_a_byte_at_a_time) as url:
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.setenv("https_proxy", url.replace("ws:", "http:"))
        reason = reason_of_loss("wss://venue.invalid/v5/public/linear", sink, clock, timings)
    assert "handshake took too long" in reason


@pytest.mark.socket
@pytest.mark.parametrize("first", [b"\x81\x7f" + (1 << 20).to_bytes(8, "big"), b"\x01\x01x"])
def test_a_message_that_never_ends_is_given_up(first: bytes, sink: Any, clock: Any) -> None:
    def script(sock: socket.socket, over: threading.Event) -> None:
        peer = Peer(sock)
        peer.shake_hands()
        peer.send_raw(first)
        while not over.wait(0.01):
            # Pings between the fragments of a message do not make it any younger.
            peer.send_raw(b"\x89\x00" if first[0] == 1 else b"x")

    timings = StreamTimings(connect_s=30.0, ack_s=60.0, ping_s=60.0, dead_s=1.5, check_s=0.02)
    with venue(script) as url:
        assert "not finished within 1.5 s" in reason_of_loss(url, sink, clock, timings)


class _Block(bytes):
    """What a socket gave; notices who makes a new whole of it and what came before: that copies all of it."""

    def __radd__(self, other: bytes | bytearray) -> bytearray:
        assert isinstance(other, bytearray), "joined block by block"
        other += bytes(self)
        return other


def test_a_large_frame_in_small_blocks_is_joined_once() -> None:
    size = 4 * 1024 * 1024
    stream = bytes([0x81, 127]) + size.to_bytes(8, "big") + b"x" * size + b"\x81\x01y\x89"
    reader = FrameReader()
    received: list[tuple[int, bytes]] = []
    for at in range(0, len(stream), 1400):
        received += reader.feed(_Block(stream[at : at + 1400]))
    assert received == [(TEXT, b"x" * size), (TEXT, b"y")]
    assert reader.is_unfinished
    assert reader.feed(b"\x00") == [(PING, b"")]
    assert not reader.is_unfinished


def test_a_reader_knows_when_the_unfinished_message_began() -> None:
    reader = FrameReader()
    reader.feed(b"\x81\x02a", 1.0)
    assert (reader.is_unfinished, reader.begun_s) == (True, 1.0)
    assert reader.feed(b"b\x81\x02c", 2.0) == [(TEXT, b"ab")]
    assert (reader.is_unfinished, reader.begun_s) == (True, 2.0)
    reader.feed(b"d\x01\x01e", 3.0)
    reader.feed(b"\x89\x00", 4.0)
    reader.feed(b"\x00\x01f\x00", 5.0)
    assert (reader.is_unfinished, reader.begun_s) == (True, 3.0)
    reader.feed(b"\x00", 6.0)
    assert reader.feed(b"\x80\x00", 7.0) == [(TEXT, b"ef")]
    assert not reader.is_unfinished
