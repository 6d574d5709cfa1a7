"""How many connections there may be and how long one may dawdle: they use file descriptors of the daemon."""

from __future__ import annotations

import asyncio
import math
import socket
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS: Final = 256
REQUEST_S: Final = 10.0
_STUCK_MS: Final = 20_000


class BoundedProtocol(H11Protocol):
    """HTTP/1.1 with an end to patience.

    A request must be there as a whole ten seconds after its connection, or the answer before it; single bytes
    make that no longer. Above the most connections the one that has waited longest for a request gives way.
    """

    most: int = MOST_CONNECTIONS
    request_s: float = REQUEST_S
    _patience: asyncio.TimerHandle | None = None

    @property
    def ends_s(self) -> float:
        """When it is ended, on the clock of its loop; never while a request is worked on."""
        return math.inf if self._patience is None else self._patience.when()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or end it or another at once."""
        super().connection_made(transport)
        _end_when_stuck(transport)
        self._look()
        if len(self.connections) > self.most:
            waiting = (c for c in self.connections if isinstance(c, BoundedProtocol))
            min(waiting, key=lambda c: c.ends_s).end()

    def end(self) -> None:
        """End the connection at once, whatever is under way."""
        self._calm()
        self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._calm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a part of a request, or of several."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Go on to the next request of the connection."""
        super().on_response_complete()
        self._look()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Hand the connection to the stream, which has limits of its own."""
        self._calm()
        super().handle_websocket_upgrade(event)

    def _look(self) -> None:
        cycle = self.cycle
        works = cycle is not None and not cycle.response_complete and not cycle.more_body
        if works or self.transport.get_protocol() is not self:
            self._calm()
        elif self._patience is None and not self.transport.is_closing():
            self._patience = self.loop.call_later(self.request_s, self.end)

    def _calm(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def _end_when_stuck(transport: asyncio.Transport) -> None:
    """Let the system end a connection whose other side takes no answer; not every system can."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    known = transport.get_extra_info("socket")
    if option is not None and known is not None:
        known.setsockopt(socket.IPPROTO_TCP, option, _STUCK_MS)
