"""The server's thread: uvicorn with a loop of its own, on a socket that was bound before it began."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp

from whalebot.adapters.web.connections import MOST_CONNECTIONS, BoundedProtocol
from whalebot.adapters.web.gate import MOST_HEAD_BYTES
from whalebot.domain.errors import ConfigError

_log = logging.getLogger("whalebot.web")
_STOPPED_S: Final = 3.0
_BACKLOG: Final = 64
MOST_FRAME_BYTES: Final = 4096


class WebServer:
    """Serves an application in one thread named "web". Its end ends nothing else."""

    def __init__(self, make_app: Callable[[], ASGIApp], listener: socket.socket) -> None:
        """make_app: called on the server's thread, since putting the application together takes a while.
        listener: bound already, see `bind`; closed with the server.
        """
        self._make_app = make_app
        self._listener = listener
        self._server: uvicorn.Server | None = None
        self._is_stopped = threading.Event()
        self._failure = ""
        self.thread = threading.Thread(target=self._work, name="web", daemon=True)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port that it listens on."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    @property
    def failure(self) -> str:
        """Why the thread ended by itself, "" while it serves or was stopped."""
        return self._failure

    def start(self) -> None:
        """Begin to serve."""
        self.thread.start()

    def end(self) -> None:
        """Begin to end: no more requests are taken. Returns at once."""
        self._is_stopped.set()
        if self._server is not None:
            self._server.should_exit = True

    def stop(self) -> None:
        """Close all connections and end the thread; waits three seconds at most."""
        self.end()
        if self.thread.ident is not None:
            self.thread.join(_STOPPED_S)
        with contextlib.suppress(OSError):
            self._listener.close()

    def _work(self) -> None:
        try:
            self._server = server = uvicorn.Server(_settings(self._make_app()))
            if not self._is_stopped.is_set():
                asyncio.run(server.serve(sockets=[self._listener]))
            if not self._is_stopped.is_set():
                self._failure = "ended by itself"
        except (Exception, SystemExit) as error:  # noqa: BLE001 - root of the thread: trading goes on without it
            self._failure = f"{type(error).__name__}: {error}"
            _log.exception("the web server broke; trading goes on without it")


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket. Raises ConfigError naming the remedy."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"web.host {host!r}: no address of this machine ({error.strerror})") from None
    # With the protocol named asyncio sends small answers at once (TCP_NODELAY); else each waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        taken = "another program listens there; choose another web.port"
        remedy = taken if error.errno == errno.EADDRINUSE else f"{error.strerror}; choose another address"
        raise ConfigError(f"web: cannot listen on {host} port {port}: {remedy}") from None
    listener.setblocking(False)
    return listener


def _settings(app: ASGIApp) -> uvicorn.Config:
    known: dict[str, Any] = {
        "loop": "asyncio",
        "http": BoundedProtocol,
        "ws": "websockets-sansio",
        "lifespan": "on",
        "log_config": None,
        "access_log": False,
        # What it says is of what strangers send: they could push the daemon's log out of its files.
        "log_level": "critical",
        "server_header": False,
        "proxy_headers": False,
        "ws_max_size": MOST_FRAME_BYTES,
        "ws_per_message_deflate": False,
        # So many at once are accepted before the first of them can be turned away.
        "backlog": _BACKLOG,
        "limit_concurrency": 2 * MOST_CONNECTIONS,
        "timeout_graceful_shutdown": 1,
        "h11_max_incomplete_event_size": 2 * MOST_HEAD_BYTES,
    }
    return uvicorn.Config(app, **known)
