"""The websocket endpoints: one reader per connection, which hands every message to its channel's session."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from aiohttp import WSMsgType, web

from whalebot.adapters.exchange.server.barrier import Barrier
from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.connection import Channel, Connection
from whalebot.adapters.exchange.server.frames import pong_frame
from whalebot.adapters.exchange.server.hub import Hub

MAX_MESSAGE_BYTES: Final = 1_048_576
# A client hears nothing for this long only when it is gone: it answers the pings in between.
HALF_OPEN_S: Final = 60.0
# How long a client that broke the protocol may take to close its end.
CLOSE_S: Final = 1.0
PING_EVERY_S: Final = 20.0


class Session(Protocol):
    """Understands the messages of one channel."""

    async def handle(self, connection: Connection, message: dict[str, Any]) -> None:
        """Act on one decoded message."""

    def malformed(self, connection: Connection, reason: str) -> None:
        """Answer a message that is not a JSON object."""


class Gate(Protocol):
    """Whether new connections are let in (a fault may say no)."""

    def refuses_sockets(self, channel: Channel) -> bool:
        """Return True when a new socket of `channel` must be refused."""

    def is_frozen(self, channel: Channel) -> bool:
        """Return True when a socket of `channel` stays open and silent."""


class Sockets:
    """Accepts websocket clients and reads them until they go."""

    def __init__(
        self,
        hub: Hub,
        barrier: Barrier,
        clock: VenueClock,
        gate: Gate,
        on_leave: Callable[[Connection], None],
    ) -> None:
        self.ping_every_s = PING_EVERY_S
        self.half_open_s = HALF_OPEN_S
        self._on_leave = on_leave
        self._hub = hub
        self._barrier = barrier
        self._clock = clock
        self._gate = gate
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request, channel: Channel, session: Session) -> web.StreamResponse:
        """Serve one client until it closes or is cut off."""
        if self._gate.refuses_sockets(channel):
            return web.Response(status=503)
        socket = web.WebSocketResponse(
            timeout=CLOSE_S, autoping=False, compress=False, max_msg_size=MAX_MESSAGE_BYTES
        )
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        connection = Connection(transport, channel, self._clock.monotonic())
        connection.is_frozen = self._gate.is_frozen(channel)
        self._hub.join(connection)
        self._open.add(socket)
        try:
            await self._read(socket, connection, session)
        finally:
            self._open.discard(socket)
            self._on_leave(connection)
            self._hub.leave(connection)
            self._barrier.drop(connection)
        return socket

    async def _read(self, socket: web.WebSocketResponse, connection: Connection, session: Session) -> None:
        async for message in socket:
            connection.last_seen_s = self._clock.monotonic()
            if message.type is WSMsgType.TEXT or message.type is WSMsgType.BINARY:
                await self._handle(connection, session, message.data)
            elif message.type is WSMsgType.PONG:
                self._barrier.pong(connection, bytes(message.data))
            elif message.type is WSMsgType.PING:
                connection.push(pong_frame(bytes(message.data)))
                connection.flush()

    async def _handle(self, connection: Connection, session: Session, data: str | bytes) -> None:
        try:
            message = msgspec.json.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            session.malformed(connection, f"Failed to decode incoming data:{error}")
            return
        if not isinstance(message, dict):
            session.malformed(connection, "Failed to decode incoming data:expect a JSON object")
            return
        await session.handle(connection, message)

    async def watch(self) -> None:
        """Ping quiet clients and cut off those that have been silent for too long; runs until cancelled."""
        while True:
            await asyncio.sleep(self.ping_every_s)
            now_s = self._clock.monotonic()
            for connection in tuple(self._hub.connections):
                silent_s = now_s - connection.last_seen_s
                if silent_s > self.half_open_s:
                    connection.cut()
                elif silent_s > self.ping_every_s:
                    connection.ping(b"alive?")

    async def close(self) -> None:
        """Close every socket with a going-away frame."""
        for socket in tuple(self._open):
            await socket.close(code=1001, message=b"server shutdown")
