"""One listener of the stream: a bounded queue between the hub and a socket that may be slow."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from starlette.websockets import WebSocket

COALESCED_FROM: Final = 64
MOST_WAITING: Final = 256
STUCK_S: Final = 20.0
TOO_SLOW: Final = 1013


class StreamClient:
    """Takes messages at once and sends them as the socket allows.

    From 64 waiting ones on, those of a topic give way to its whole present state. At 256, or when the socket
    took nothing for twenty seconds, the listener is given up.
    """

    def __init__(self, socket: WebSocket, snapshot_of: Callable[[str], str]) -> None:
        """snapshot_of: returns the message with a topic's whole state."""
        self.topics: set[str] = set()
        self._socket = socket
        self._snapshot_of = snapshot_of
        self._waiting: deque[tuple[str, str]] = deque()
        self._is_wanted = asyncio.Event()
        self._sending_since_s: float | None = None
        self.is_given_up = asyncio.Event()

    def put(self, topic: str, message: str) -> None:
        """Leave a message of a topic; "" for those of none."""
        if topic and len(self._waiting) >= COALESCED_FROM:
            self._waiting = deque(pair for pair in self._waiting if pair[0] != topic)
            message = self._snapshot_of(topic)
        if len(self._waiting) >= MOST_WAITING:
            self.is_given_up.set()
            return
        self._waiting.append((topic, message))
        self._is_wanted.set()

    def forget(self, topic: str) -> None:
        """Drop what waits of a topic."""
        self._waiting = deque(pair for pair in self._waiting if pair[0] != topic)

    def look(self) -> None:
        """Give the listener up where its socket has taken nothing for too long."""
        since_s = self._sending_since_s
        if since_s is not None and time.monotonic() - since_s > STUCK_S:
            self.is_given_up.set()

    async def send_all(self) -> None:
        """Send what comes, until cancelled."""
        while True:
            await self._is_wanted.wait()
            self._is_wanted.clear()
            while self._waiting:
                _, message = self._waiting.popleft()
                self._sending_since_s = time.monotonic()
                await self._socket.send_text(message)
                self._sending_since_s = None
