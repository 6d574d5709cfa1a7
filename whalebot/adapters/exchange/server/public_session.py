"""The public stream's conversation: ping, subscribe, unsubscribe."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from typing import Any, Final

from whalebot.adapters.exchange.server.connection import Connection
from whalebot.adapters.exchange.server.control_frames import public_ack, public_pong, req_id_of
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.topics import BadTopic, PublicTopic, parse_public_topic

MAX_TOPIC_CHARS: Final = 21_000
# On a real network the ack comes milliseconds after the request. Clients that register their callback after
# sending (pybit) would otherwise lose a race that they never meet at the venue.
ACK_DELAY_S: Final = 0.01


class PublicSession:
    """Serves `/v5/public/linear`. `first_frames` returns what a new subscriber of a topic gets at once."""

    def __init__(
        self,
        hub: Hub,
        symbols: Container[str],
        serves: Callable[[PublicTopic], bool],
        first_frames: Callable[[PublicTopic], Iterable[bytes]],
    ) -> None:
        self._hub = hub
        self._symbols = symbols
        self._serves = serves
        self._first_frames = first_frames
        self._turn = asyncio.Lock()

    async def handle(self, connection: Connection, message: dict[str, Any]) -> None:
        """Act on one message."""
        op = message.get("op")
        req_id = req_id_of(message, "req_id")
        if op == "ping":
            self._hub.send(connection, public_pong(connection, req_id))
        elif op == "subscribe":
            await asyncio.sleep(ACK_DELAY_S)
            await self._subscribe(connection, message.get("args"), req_id)
        elif op == "unsubscribe":
            await asyncio.sleep(ACK_DELAY_S)
            self._unsubscribe(connection, message.get("args"), req_id)
        else:
            self._hub.send(connection, public_ack(connection, str(op)[:40], req_id, "error:invalid op"))

    def malformed(self, connection: Connection, reason: str) -> None:
        """Answer a message that is not a JSON object."""
        self._hub.send(connection, public_ack(connection, "", "", reason))

    async def _subscribe(self, connection: Connection, args: Any, req_id: str) -> None:
        try:
            topics = self._parse(connection, args)
        except BadTopic as error:
            self._hub.send(connection, public_ack(connection, "subscribe", req_id, str(error)))
            return
        self._hub.send(connection, public_ack(connection, "subscribe", req_id))
        # Snapshots are costly: one at a time, and everybody else gets a turn in between.
        async with self._turn:
            for topic in topics:
                if connection.is_closed:
                    return
                self._hub.subscribe(connection, topic.name)
                for payload in self._first_frames(topic):
                    self._hub.send(connection, payload)
                await asyncio.sleep(0)

    def _parse(self, connection: Connection, args: Any) -> list[PublicTopic]:
        names = _names(args)
        topics = [parse_public_topic(name, self._symbols) for name in names]
        for topic in topics:
            if topic.name in connection.topics:
                raise BadTopic.already(topic.name)
            if not self._serves(topic):
                raise BadTopic(topic.name)
        if sum(map(len, connection.topics)) + sum(map(len, names)) > MAX_TOPIC_CHARS:
            raise BadTopic.because(f"error:args of one connection exceed {MAX_TOPIC_CHARS} characters")
        return topics

    def _unsubscribe(self, connection: Connection, args: Any, req_id: str) -> None:
        try:
            names = _names(args)
        except BadTopic as error:
            self._hub.send(connection, public_ack(connection, "unsubscribe", req_id, str(error)))
            return
        for name in names:
            self._hub.unsubscribe(connection, name)
        self._hub.send(connection, public_ack(connection, "unsubscribe", req_id))


def _names(args: Any) -> list[str]:
    if not isinstance(args, list) or not args or not all(isinstance(name, str) for name in args):
        raise BadTopic.because("error:args must be a list of topics")
    return list(dict.fromkeys(args))
