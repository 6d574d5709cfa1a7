"""Connections cost file descriptors that trading needs: few are kept, and none that dawdles."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest
from web_desk import TOKEN, Client, filled, served

from whalebot.adapters.web.connections import BoundedProtocol

HEAD = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


def _connected(stack: ExitStack, client: Client) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", client.port), 10))


def _is_ended(sock: socket.socket) -> bool:
    try:
        return sock.recv(1) == b""
    except ConnectionError:
        return True


def test_above_the_most_those_that_ask_nothing_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "most", 5)
    made = filled()
    with served(made) as client, ExitStack() as stack:
        idle = [_connected(stack, client) for _ in range(30)]
        for sock in idle[::2]:
            try:
                sock.sendall(HEAD)
            except OSError:
                continue
        assert client.post("commands/panic", {"confirm": "PANIC"}).status == 202
        for sock in idle:
            sock.settimeout(0.02)
        kept = 0
        for sock in idle:
            try:
                kept += not _is_ended(sock)
            except TimeoutError:
                kept += 1
        assert kept <= 5


@pytest.mark.parametrize(
    "begin",
    [
        b"",
        HEAD,
        HEAD + b"\r\n" + HEAD,
        b"POST /api/v1/commands/panic HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Authorization: Bearer " + TOKEN.encode() + b"\r\nContent-Length: 20\r\n\r\n{",
    ],
    ids=["nothing", "half a head", "half a second head", "half a body"],
)
def test_what_is_never_asked_to_the_end_is_ended(monkeypatch: pytest.MonkeyPatch, begin: bytes) -> None:
    monkeypatch.setattr(BoundedProtocol, "request_s", 0.2)
    made = filled()
    with served(made) as client, ExitStack() as stack:
        sock = _connected(stack, client)
        sock.sendall(begin)
        while not _is_ended(sock):
            continue
    assert made.commands == []


def test_a_listener_may_stay_as_long_as_it_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    from websockets.sync.client import connect

    monkeypatch.setattr(BoundedProtocol, "request_s", 0.05)
    with served(filled()) as client, ExitStack() as stack:
        address = f"ws://127.0.0.1:{client.port}/api/v1/stream"
        line = stack.enter_context(connect(address, open_timeout=30))
        assert "hello" in str(line.recv(10))
        assert _is_ended(_connected(stack, client))
        line.send('{"op": "ping"}')
        assert "pong" in str(line.recv(10))
