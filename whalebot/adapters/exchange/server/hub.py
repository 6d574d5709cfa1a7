"""Who listens to what: every message is serialised once and queued for all its subscribers."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from whalebot.adapters.exchange.server.connection import Channel, Connection
from whalebot.adapters.exchange.server.frames import text_frame

MAX_WAITING_BYTES: Final = 128 * 1024 * 1024
_LAGGING_BYTES: Final = 64 * 1024


class Hub:
    """Subscriptions of all connections. Runs on the event loop's thread only.

    `has_public` is set while anyone listens to a public topic; `asked` counts the subscriptions of each topic
    since the start.
    """

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.messages_out = 0
        self.asked: Counter[str] = Counter()
        self.has_public = asyncio.Event()
        self._public_topics = 0
        self._subscribers: dict[str, set[Connection]] = {}
        self._touched: set[Connection] = set()
        self._lagging: dict[Connection, int] = {}
        self.max_waiting_bytes = MAX_WAITING_BYTES
        self._is_scheduled = False
        self._on_first: list[Callable[[str], None]] = []
        self._on_last: list[Callable[[str], None]] = []

    def watch(self, on_first: Callable[[str], None], on_last: Callable[[str], None]) -> None:
        """Be told when a topic gets its first subscriber and when it loses its last."""
        self._on_first.append(on_first)
        self._on_last.append(on_last)

    def join(self, connection: Connection) -> None:
        """Add a connection."""
        self.connections.add(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection and all its subscriptions."""
        for topic in tuple(connection.topics):
            self.unsubscribe(connection, topic)
        self.connections.discard(connection)
        self._touched.discard(connection)
        self._lagging.pop(connection, None)

    def subscribe(self, connection: Connection, topic: str) -> None:
        """Let `connection` receive `topic`."""
        self.asked[topic] += 1
        subscribers = self._subscribers.setdefault(topic, set())
        if not subscribers:
            for notify in self._on_first:
                notify(topic)
        subscribers.add(connection)
        if connection.channel is Channel.PUBLIC and topic not in connection.topics:
            self._public_topics += 1
            self.has_public.set()
        connection.topics.add(topic)

    def unsubscribe(self, connection: Connection, topic: str) -> None:
        """Stop sending `topic` to `connection`; unknown topics are ignored."""
        if connection.channel is Channel.PUBLIC and topic in connection.topics:
            self._public_topics -= 1
            if not self._public_topics:
                self.has_public.clear()
        connection.topics.discard(topic)
        subscribers = self._subscribers.get(topic)
        if subscribers is None:
            return
        subscribers.discard(connection)
        if not subscribers:
            del self._subscribers[topic]
            for notify in self._on_last:
                notify(topic)

    def has_subscribers(self, topic: str) -> bool:
        """Return whether anyone listens to `topic`."""
        return topic in self._subscribers

    def subscribers(self, topic: str) -> Iterable[Connection]:
        """Return who listens to `topic`."""
        return self._subscribers.get(topic, ())

    def publish(self, topic: str, payload: bytes) -> bool:
        """Queue one message for every subscriber of `topic`; False when there is none."""
        subscribers = self._subscribers.get(topic)
        if not subscribers:
            return False
        frame = text_frame(payload)
        for connection in subscribers:
            connection.push(frame)
        self.messages_out += len(subscribers)
        self._touched |= subscribers
        self._schedule()
        return True

    def send(self, connection: Connection, payload: bytes) -> None:
        """Queue one message for one connection."""
        connection.push_text(payload)
        self.messages_out += 1
        self._touched.add(connection)
        self._schedule()

    def flush(self) -> None:
        """Write everything that is queued."""
        self._is_scheduled = False
        touched, self._touched = self._touched, set()
        for connection in touched:
            waiting = connection.flush()
            if waiting > _LAGGING_BYTES:
                self._lagging[connection] = waiting
            elif self._lagging:
                self._lagging.pop(connection, None)
        if self._lagging:
            self._cut_laggards()

    def _cut_laggards(self) -> None:
        """Cut the slowest readers off until what waits for all of them together is bounded."""
        total = sum(self._lagging.values())
        while total > self.max_waiting_bytes:
            slowest = max(self._lagging, key=lambda connection: self._lagging[connection])
            total -= self._lagging.pop(slowest)
            slowest.cut()

    def _schedule(self) -> None:
        if not self._is_scheduled:
            self._is_scheduled = True
            asyncio.get_running_loop().call_soon(self.flush)
