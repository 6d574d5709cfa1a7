"""The daemon's end of the control socket: answers from the frozen view, hands commands to the engine."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.control.peer import is_own
from whalebot.adapters.control.protocol import (
    MAX_REQUEST_BYTES,
    ORDERS,
    OWNER,
    STATUS,
    BadRequest,
    encode,
    parse_request,
)
from whalebot.adapters.control.view_json import view_to_json
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import Command
from whalebot.domain.view import View
from whalebot.ports import Clock, EventSink

_log = logging.getLogger(__name__)

MAX_CLIENTS: Final = 16
_CLIENT_LIMIT_S: Final = 5.0
_TICK_S: Final = 0.5
_LEFTOVER_BYTES: Final = 1024 * 1024


class _Client:
    """One connection. It lives until `deadline_s`, however slow or silent the other end is."""

    __slots__ = ("deadline_s", "ends", "inbound", "outbound", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.inbound = bytearray()
        self.outbound = bytearray()
        self.ends = False
        self.deadline_s = time.monotonic() + _CLIENT_LIMIT_S


class ControlServer:
    """Listens on a unix socket (0600) in a thread of its own; a bad peer is answered or dropped, no more."""

    def __init__(
        self,
        path: Path,
        sink: EventSink,
        clock: Clock,
        read_view: Callable[[], View | None],
        health: Callable[[], Mapping[str, Any]] = dict,
        source: str = OWNER,
        mask: Callable[[str], str] = str,
    ) -> None:
        """health: what else a status shows, JSON values only; called on the server's thread.

        mask: takes secrets out of every text of an answer.
        """
        self._path = path
        self._sink = sink
        self._clock = clock
        self._read_view = read_view
        self._health = health
        self._source = source
        self._mask = mask
        self._halt = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._clients: dict[int, _Client] = {}
        self._waker, self._wakened = socket.socketpair()
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen. Raises ConfigError where the socket cannot be made or a daemon answers there."""
        self._listener = _listen(self._path)
        self._wakened.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wakened, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self._serve, name="control", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Close all connections and remove the socket."""
        self._halt.set()
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")
        if self.thread is not None:
            self.thread.join(2.0)
        for client in list(self._clients.values()):
            self._drop(client)
        if self._listener is not None:
            self._listener.close()
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._selector.close()
        self._waker.close()
        self._wakened.close()

    def _serve(self) -> None:
        while not self._halt.is_set():
            for key, ready in self._selector.select(_TICK_S):
                try:
                    self._on_ready(key.fileobj, ready)
                except Exception:  # noqa: BLE001 - the root of a thread: no peer may end the server
                    _log.exception("control socket: a connection broke off")
                    client = self._clients.get(key.fd)
                    if client is not None:
                        self._drop(client)
            now_s = time.monotonic()
            for client in [c for c in self._clients.values() if now_s >= c.deadline_s]:
                self._drop(client)

    def _on_ready(self, target: Any, ready: int) -> None:
        if self._listener is not None and target is self._listener:
            self._accept(self._listener)
            return
        if target is self._wakened:
            return
        client = self._clients.get(target.fileno())
        if client is None:
            return
        try:
            if ready & selectors.EVENT_READ:
                self._receive(client)
            self._send(client)
        except OSError:
            self._drop(client)

    def _accept(self, listener: socket.socket) -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        if len(self._clients) >= MAX_CLIENTS or not is_own(sock):
            sock.close()
            return
        sock.setblocking(False)
        self._clients[sock.fileno()] = _Client(sock)
        self._selector.register(sock, selectors.EVENT_READ)

    def _receive(self, client: _Client) -> None:
        data = client.sock.recv(MAX_REQUEST_BYTES)
        if not data:
            client.ends = True
            self._selector.modify(client.sock, selectors.EVENT_WRITE)
            return
        client.inbound += data
        while not client.ends and b"\n" in client.inbound:
            line, _, rest = client.inbound.partition(b"\n")
            client.inbound = bytearray(rest)
            if line.strip():
                client.outbound += encode(_masked(self._answer(bytes(line)), self._mask))
        if len(client.inbound) >= MAX_REQUEST_BYTES:
            client.ends = True
            client.outbound += encode(_error(f"a request has at most {MAX_REQUEST_BYTES} bytes"))
            # What stays unread when a socket closes makes the other end lose the answer.
            with contextlib.suppress(BlockingIOError):
                client.sock.recv(_LEFTOVER_BYTES)

    def _send(self, client: _Client) -> None:
        if client.outbound:
            with contextlib.suppress(BlockingIOError):
                sent = client.sock.send(client.outbound)
                del client.outbound[:sent]
        if client.ends and not client.outbound:
            self._drop(client)
            return
        # While an answer is on its way nothing more is read: a peer that does not listen cannot hoard.
        wanted = selectors.EVENT_WRITE if client.outbound else selectors.EVENT_READ
        self._selector.modify(client.sock, wanted)

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client.sock.fileno(), None)
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(client.sock)
        client.sock.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            command = parse_request(line)
        except BadRequest as error:
            return _error(str(error))
        if command == STATUS:
            view = self._read_view()
            shown = None if view is None else view_to_json(view)
            return {"ok": True, "command": command, "view": shown, "health": dict(self._health())}
        _log.info("%s: %s", self._source, command)
        self._sink.put(Command(ORDERS[command], self._source, self._clock.now_ms()))
        return {"ok": True, "command": command}


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Mask texts one by one: a mask put into the finished line could break its JSON."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(name): _masked(item, mask) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, mask) for item in value]
    return value


def _error(text: str) -> dict[str, Any]:
    return {"ok": False, "error": text}


def _listen(path: Path) -> socket.socket:
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        # Nobody can connect before listen(), so there is no moment at which others may.
        os.chmod(path, 0o600)
        listener.listen(MAX_CLIENTS)
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"{path}: the control socket cannot be made ({error.strerror or error}); use another --dir"
        ) from error
    listener.setblocking(False)
    return listener


def _remove_stale(path: Path) -> None:
    """Remove the socket of a daemon that is gone; one that answers, or another kind of file, stays."""
    if not path.exists() and not path.is_symlink():
        return
    if not path.is_socket():
        raise ConfigError(f"{path}: not a socket, where the control socket belongs; move it away")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            return
        except OSError as error:
            raise ConfigError(f"{path}: the control socket cannot be used ({error})") from error
    raise ConfigError(f"{path}: another daemon listens here; stop it, or use another --dir")
