"""An HTTP transport whose answers have an end: headers and body together come within so many seconds.

The time limit of a socket is one for each read: an answer that drips a byte now and then would hold its
thread for hours.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any, Final

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

LONGEST_S: Final = 20.0


class _TimedReader(io.RawIOBase):
    """Reads a socket's stream until a moment of the monotonic clock; raises TimeoutError after it."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, until_s: float) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._until_s = until_s
        self._patience_s = sock.gettimeout()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._until_s - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the answer did not end in time")
        self._sock.settimeout(left_s if self._patience_s is None else min(self._patience_s, left_s))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        stream: Any = self.fp
        self.fp = io.BufferedReader(_TimedReader(stream.detach(), sock, time.monotonic() + LONGEST_S))


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class BoundedAdapter(HTTPAdapter):
    """What `requests` sends with, straight or through a proxy; an answer takes `LONGEST_S` at most."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of straight connections."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Return the pools behind a proxy; the answers through one that speaks SOCKS have no bound."""
        manager: Any = super().proxy_manager_for(proxy, **kwargs)
        if not proxy.lower().startswith("socks"):
            manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
