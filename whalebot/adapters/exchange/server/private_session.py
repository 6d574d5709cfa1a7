"""The private stream's conversation: ping, auth, subscribe, unsubscribe."""

from __future__ import annotations

import asyncio
from typing import Any

from whalebot.adapters.exchange.server.auth import KeyRing
from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.connection import Connection
from whalebot.adapters.exchange.server.control_frames import private_ack, private_pong, req_id_of
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.public_session import ACK_DELAY_S
from whalebot.adapters.exchange.server.refusal import BAD_PARAMETER, Refused
from whalebot.adapters.exchange.server.topics import BadTopic, parse_private_topic


class PrivateSession:
    """Serves `/v5/private`: topics of the account, after an auth that counts from now on."""

    def __init__(self, hub: Hub, keys: KeyRing, clock: VenueClock) -> None:
        self._hub = hub
        self._keys = keys
        self._clock = clock

    async def handle(self, connection: Connection, message: dict[str, Any]) -> None:
        """Act on one message."""
        op = message.get("op")
        req_id = req_id_of(message, "req_id")
        if op == "ping":
            self._hub.send(connection, private_pong(connection, req_id, self._clock.now_ms()))
        elif op == "auth":
            self._ack(connection, "auth", req_id, self._auth(connection, message.get("args")))
        elif op in ("subscribe", "unsubscribe"):
            await asyncio.sleep(ACK_DELAY_S)
            self._ack(connection, op, req_id, self._change(connection, op, message.get("args")))
        else:
            self._ack(connection, str(op)[:40], req_id, "error:invalid op")

    def malformed(self, connection: Connection, reason: str) -> None:
        """Answer a message that is not a JSON object."""
        self._ack(connection, "", "", reason)

    def _ack(self, connection: Connection, op: str, req_id: str, error: str) -> None:
        self._hub.send(connection, private_ack(connection, op, req_id, error))

    def _auth(self, connection: Connection, args: Any) -> str:
        try:
            connection.key = self._keys.check_socket(*auth_args(args), self._clock.now_ms())
        except Refused as refusal:
            return refusal.message
        return ""

    def _change(self, connection: Connection, op: str, args: Any) -> str:
        if connection.key is None:
            return "Request not authorized"
        if not isinstance(args, list) or not args or not all(isinstance(name, str) for name in args):
            return "error:args must be a list of topics"
        try:
            topics = [parse_private_topic(name) for name in args]
        except BadTopic as error:
            return str(error)
        change = self._hub.subscribe if op == "subscribe" else self._hub.unsubscribe
        for topic in topics:
            change(connection, topic)
        return ""


def auth_args(args: Any) -> tuple[str, str, str]:
    """Return key, expires and signature of an auth request; Refused when they are not there."""
    if not isinstance(args, list) or len(args) != 3 or isinstance(args[1], bool):
        raise Refused(BAD_PARAMETER, "Params Error")
    key, expires, sign = args
    if not isinstance(key, str) or not isinstance(sign, str) or not isinstance(expires, str | int | float):
        raise Refused(BAD_PARAMETER, "Params Error")
    return key, str(int(expires)) if isinstance(expires, float) else str(expires), sign
