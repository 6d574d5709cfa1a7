"""One websocket client: what it listens to, and what waits to be written to it."""

from __future__ import annotations

import asyncio
import secrets
from enum import Enum
from typing import Final

from whalebot.adapters.exchange.server.auth import ApiKey
from whalebot.adapters.exchange.server.frames import ping_frame, text_frame

MAX_BUFFER_BYTES: Final = 16 * 1024 * 1024


class Channel(Enum):
    """The three sockets of the venue."""

    PUBLIC = "public"
    PRIVATE = "private"
    TRADE = "trade"


class Connection:
    """Frames are queued by `push` and leave together on `flush`; a reader that lags too far is cut off."""

    __slots__ = (
        "_max_buffer",
        "_pending",
        "_transport",
        "channel",
        "conn_id",
        "has_news",
        "is_frozen",
        "is_slow",
        "key",
        "last_seen_s",
        "last_step",
        "topics",
    )

    def __init__(
        self, transport: asyncio.Transport, channel: Channel, now_s: float, max_buffer: int = MAX_BUFFER_BYTES
    ) -> None:
        self.channel = channel
        self.conn_id = f"{secrets.token_hex(10)}-{secrets.token_hex(2)}"
        self.key: ApiKey | None = None
        self.topics: set[str] = set()
        self.last_seen_s = now_s
        self.is_slow = False
        self.is_frozen = False
        self.has_news = True
        self.last_step = b""
        self._transport = transport
        self._pending: list[bytes] = []
        self._max_buffer = max_buffer

    @property
    def is_closed(self) -> bool:
        """True once the socket is closing or gone."""
        return self._transport.is_closing()

    @property
    def has_nothing_new(self) -> bool:
        """True for a socket of the account on which nothing was sent since the last ping."""
        return not self.has_news and self.channel is not Channel.PUBLIC

    def push(self, frame: bytes) -> None:
        """Queue one frame; a frozen connection (a fault) loses it."""
        if not self.is_frozen:
            self._pending.append(frame)
            self.has_news = True

    def push_text(self, payload: bytes) -> None:
        """Queue one text message."""
        self.push(text_frame(payload))

    def flush(self) -> int:
        """Write what is queued and return how many bytes the client has not taken yet.

        A client that reads too slowly is disconnected.
        """
        if not self._pending:
            return 0 if self._transport.is_closing() else self._transport.get_write_buffer_size()
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending = []
        if self._transport.is_closing():
            return 0
        self._transport.write(data)
        waiting: int = self._transport.get_write_buffer_size()
        if waiting > self._max_buffer:
            self.cut()
            return 0
        return waiting

    def ping(self, payload: bytes) -> None:
        """Send a protocol ping behind everything that is queued."""
        self.push(ping_frame(payload))
        self.flush()

    def cut(self) -> None:
        """Drop the connection at once, without a close frame."""
        self._transport.abort()
