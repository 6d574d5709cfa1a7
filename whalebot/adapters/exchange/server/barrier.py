"""Lock-step with the consumers: a numbered ping to every client, and the wait for all the pongs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from whalebot.adapters.exchange.server.connection import Connection

DEFAULT_TIMEOUT_S: Final = 2.0
_PREFIX: Final = b"step-"


class Barrier:
    """A client answers pings in order, so its pong says that it has read everything before.

    An account's socket on which nothing was sent since its last ping is passed over: it knows everything.

    A client that does not answer within the timeout is counted as slow and not waited for again until it
    answers. Runs on the event loop's thread only; one wait at a time.
    """

    def __init__(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        self.timeout_s = timeout_s
        self.slow_clients = 0
        self._number = 0
        self._waiting: set[Connection] = set()
        self._done: asyncio.Future[None] | None = None

    async def wait(self, connections: Iterable[Connection]) -> None:
        """Return when every client that is not slow has answered, or the timeout is over."""
        self._number += 1
        payload = _PREFIX + str(self._number).encode()
        self._waiting = set()
        for connection in tuple(connections):
            if connection.is_closed or connection.has_nothing_new:
                continue
            connection.ping(payload)
            connection.last_step, connection.has_news = payload, False
            if not connection.is_slow:
                self._waiting.add(connection)
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        self._done = loop.create_future()
        timer = loop.call_later(self.timeout_s, self._give_up)
        try:
            await self._done
        finally:
            timer.cancel()
            self._done = None

    def pong(self, connection: Connection, payload: bytes) -> None:
        """Take one pong; a late one makes a slow client a normal one again."""
        if payload == connection.last_step:
            connection.is_slow = False
            self.drop(connection)

    def drop(self, connection: Connection) -> None:
        """Stop waiting for `connection`: it answered or is gone."""
        self._waiting.discard(connection)
        if not self._waiting and self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _give_up(self) -> None:
        for connection in self._waiting:
            connection.is_slow = True
            self.slow_clients += 1
        self._waiting.clear()
        if self._done is not None and not self._done.done():
            self._done.set_result(None)
