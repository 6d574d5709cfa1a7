"""The websocket handshake within bounds: so many bytes, and so many seconds from start to upgrade."""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any, Final

import websocket
from websocket import _http as http
from websocket import _url as addresses

from whalebot.domain.errors import TransportError

MOST_BYTES: Final = 64 * 1024
_NODELAY: Final = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class BoundedSocket:
    """A socket that reads up to `MOST_BYTES` until a moment of the monotonic clock, and no more.

    websocket-client reads the answer to an upgrade byte by byte, with a time limit for each byte and a body
    as long as the answer says.
    """

    def __init__(self, inner: socket.socket, until_s: float) -> None:
        self._inner = inner
        self._until_s = until_s
        self._left = MOST_BYTES

    def recv(self, size: int) -> bytes:
        """Return what came. Raises TransportError beyond the bounds, OSError as a socket does."""
        # Nought would mean that the socket does not wait at all.
        self._inner.settimeout(max(self._until_s - time.monotonic(), 0.001))
        try:
            data = self._inner.recv(size)
        except TimeoutError:
            data = None
        if data is None or time.monotonic() >= self._until_s:
            raise TransportError("the websocket handshake took too long")
        self._left -= len(data)
        if self._left < 0:
            raise TransportError(f"the answer to the websocket handshake is above {MOST_BYTES} bytes")
        return data

    def send(self, data: bytes) -> int:
        """Send as a socket does."""
        return self._inner.send(data)

    def gettimeout(self) -> float | None:
        """Return the time limit of the next call in seconds."""
        return self._inner.gettimeout()

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._inner.fileno()

    def shutdown(self, how: int) -> None:
        """End the connection; from any thread."""
        self._inner.shutdown(how)

    def close(self) -> None:
        """Let go of the descriptor."""
        self._inner.close()


def shake_hands(ws: Any, url: str, timeout_s: float) -> socket.socket:
    """Connect `ws` and return its socket, whose calls wait up to `timeout_s` from now on.

    All of it takes `timeout_s` at most, but for the system's look-up of the host's name. A proxy of the
    environment is used. Raises TransportError, OSError, websocket.WebSocketException.
    """
    until_s = time.monotonic() + timeout_s
    host, port, _, is_secure = addresses.parse_url(url)
    # Typed by halves; what goes in there is a socket as far as they use it.
    open_socket: Any = http._open_socket
    tunnel: Any = http._tunnel
    proxy, proxy_port, proxy_auth = addresses.get_proxy_info(host, is_secure)
    sock: socket.socket = open_socket(
        _found(proxy or host, proxy_port or 80 if proxy else port), [_NODELAY], timeout_s
    )
    # From here on a call of `stop` finds it, and the connection's thread closes it.
    ws.sock = sock
    if proxy:
        tunnel(BoundedSocket(sock, until_s), host, port, proxy_auth)
    if is_secure:
        sock.settimeout(max(until_s - time.monotonic(), 0.001))
        context = ssl.create_default_context()
        ws.sock = sock = context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
        sock.do_handshake()
    # A redirect could lead the key elsewhere.
    ws.connect(url, socket=BoundedSocket(sock, until_s), timeout=timeout_s, redirect_limit=0)
    sock.settimeout(timeout_s)
    ws.sock = sock
    return sock


def _found(host: str, port: int) -> list[Any]:
    try:
        return socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM, socket.SOL_TCP)
    except socket.gaierror as error:
        raise websocket.WebSocketAddressException(error) from error
