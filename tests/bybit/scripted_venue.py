"""A websocket server on loopback that follows a script per connection and shares nothing with our code."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
LIMIT_S = 30.0


class Gone(Exception):
    """The client is away."""


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sock.settimeout(LIMIT_S)
        self.requests: list[dict[str, Any]] = []

    def shake_hands(self) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._read(1)
        key = next(
            line.split(b":", 1)[1].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        self.send_raw(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )

    def _read(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            try:
                block = self._sock.recv(count - len(data))
            except OSError as e:
                raise Gone from e
            if not block:
                raise Gone
            data += block
        return data

    def receive(self) -> tuple[int, bytes]:
        first, second = self._read(2)
        length = second & 0x7F
        if length == 126:
            (length,) = struct.unpack("!H", self._read(2))
        assert second & 0x80, "a client's frame must be masked"
        mask = self._read(4)
        return first & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(self._read(length)))

    def receive_request(self) -> dict[str, Any]:
        while True:
            opcode, payload = self.receive()
            if opcode == 8:
                raise Gone
            if opcode == 1:
                request: dict[str, Any] = json.loads(payload)
                self.requests.append(request)
                return request

    def send_raw(self, data: bytes) -> None:
        try:
            self._sock.sendall(data)
        except OSError as e:
            raise Gone from e

    def send_frame(self, opcode: int, payload: bytes) -> None:
        if len(payload) < 126:
            head = struct.pack("!BB", 0x80 | opcode, len(payload))
        elif len(payload) < 65536:
            head = struct.pack("!BBH", 0x80 | opcode, 126, len(payload))
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 127, len(payload))
        self.send_raw(head + payload)

    def send(self, message: dict[str, Any] | bytes) -> None:
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        self.send_frame(1, payload)

    def ack(self, request: dict[str, Any], success: bool = True, text: str = "") -> None:
        self.send(
            {
                "success": success,
                "ret_msg": text,
                "conn_id": "c1",
                "req_id": request.get("req_id", ""),
                "op": request["op"],
            }
        )

    def ack_subscriptions(self, topics: int) -> list[str]:
        """Acknowledge requests until `topics` topics were asked for; return them in order."""
        seen: list[str] = []
        while len(seen) < topics:
            request = self.receive_request()
            assert request["op"] == "subscribe"
            assert len(request["args"]) <= 10
            seen += request["args"]
            self.ack(request)
        return seen

    def wait_until_gone(self) -> None:
        while True:
            self.receive()

    def close(self) -> None:
        self._sock.close()


class ScriptedVenue:
    """Serves connection n with script n (the last one for all that follow)."""

    def __init__(self, *scripts: Callable[[Peer], None]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/v5/public/linear"
        self.failures: list[BaseException] = []
        self.connections = 0
        self._peers: list[Peer] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> ScriptedVenue:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self._peers:
            with contextlib.suppress(OSError):
                peer._sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(LIMIT_S)
        if self.failures:
            raise self.failures[0]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            script = self._scripts[min(self.connections, len(self._scripts) - 1)]
            self.connections += 1
            peer = Peer(sock)
            self._peers.append(peer)
            thread = threading.Thread(target=self._serve, args=(peer, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, peer: Peer, script: Callable[[Peer], None]) -> None:
        try:
            peer.shake_hands()
            script(peer)
        except Gone:
            pass
        except BaseException as e:  # noqa: BLE001  told to the test by __exit__
            self.failures.append(e)
        finally:
            peer.close()
