"""The trade socket's conversation: ping, auth, and orders as commands."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from whalebot.adapters.exchange.server.auth import KeyRing, check_window
from whalebot.adapters.exchange.server.clock import VenueClock
from whalebot.adapters.exchange.server.connection import Connection
from whalebot.adapters.exchange.server.control_frames import req_id_of, trade_ack, trade_pong
from whalebot.adapters.exchange.server.envelope import Envelopes, encode
from whalebot.adapters.exchange.server.hub import Hub
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.private_session import auth_args
from whalebot.adapters.exchange.server.rate_limits import RateLimits, Verdict
from whalebot.adapters.exchange.server.refusal import (
    BAD_KEY,
    BAD_PARAMETER,
    DUPLICATE_REQ_ID,
    TOO_MANY_VISITS,
    UNKNOWN_OP,
    Refused,
)
from whalebot.adapters.exchange.server.rest import Route
from whalebot.adapters.exchange.server.venue import Venue

_REMEMBERED_IDS: Final = 10_000
# As with subscriptions, clients register their callback after sending.
ANSWER_DELAY_S: Final = 0.002


class TradeSession:
    """Serves `/v5/trade`: the handlers of the REST order endpoints behind another envelope."""

    def __init__(
        self,
        hub: Hub,
        venue: Venue,
        commands: Mapping[str, Route],
        keys: KeyRing,
        limits: RateLimits,
        envelopes: Envelopes,
        clock: VenueClock,
    ) -> None:
        self._hub = hub
        self._venue = venue
        self._commands = commands
        self._keys = keys
        self._limits = limits
        self._envelopes = envelopes
        self._clock = clock
        self._seen: set[tuple[str, str]] = set()
        self._seen_order: deque[tuple[str, str]] = deque()

    async def handle(self, connection: Connection, message: dict[str, Any]) -> None:
        """Act on one message."""
        op = message.get("op")
        req_id = req_id_of(message, "reqId") or req_id_of(message, "req_id")
        if op == "ping":
            self._hub.send(connection, trade_pong(connection, req_id, self._clock.now_ms()))
        elif op == "auth":
            self._auth(connection, message.get("args"), req_id)
        elif isinstance(op, str) and op in self._commands:
            answer = self._command(connection, self._commands[op], op, message, req_id)
            asyncio.get_running_loop().call_later(ANSWER_DELAY_S, self._hub.send, connection, answer)
        else:
            refusal = trade_ack(connection, str(op)[:40], req_id, UNKNOWN_OP, "op type is not found")
            self._hub.send(connection, refusal)

    def malformed(self, connection: Connection, reason: str) -> None:
        """Answer a message that is not a JSON object."""
        self._hub.send(connection, trade_ack(connection, "", "", BAD_PARAMETER, reason))

    def _auth(self, connection: Connection, args: Any, req_id: str) -> None:
        code, text = 0, "OK"
        try:
            connection.key = self._keys.check_socket(*auth_args(args), self._clock.now_ms())
        except Refused as refusal:
            code, text = refusal.ret_code, refusal.message
        self._hub.send(connection, trade_ack(connection, "auth", req_id, code, text))

    def _command(
        self, connection: Connection, route: Route, op: str, message: dict[str, Any], req_id: str
    ) -> bytes:
        code, text = 0, "OK"
        result: dict[str, Any] = {}
        ext: dict[str, Any] | None = None
        verdict: Verdict | None = None
        try:
            params = self._admit(connection, message, req_id)
            verdict = self._take(connection, route, params)
            outcome = route.handler(self._venue, params)
            self._venue.calls[op] += 1
            result, ext = outcome if isinstance(outcome, tuple) else (outcome, None)
        except Refused as refusal:
            code, text = refusal.ret_code, refusal.message
        self._venue.log.write("request", method="WS", path=op, ret_code=code)
        answer: dict[str, Any] = {
            "retCode": code,
            "retMsg": text,
            "op": op,
            "data": result,
            "retExtInfo": self._envelopes.ext(ext),
            "header": {
                **(verdict.headers() if verdict is not None else {}),
                "Traceid": secrets.token_hex(16),
                "Timenow": str(self._clock.now_ms()),
            },
            "connId": connection.conn_id,
        }
        return encode({"reqId": req_id, **answer} if req_id else answer)

    def _admit(self, connection: Connection, message: dict[str, Any], req_id: str) -> Params:
        if connection.key is None:
            raise Refused(BAD_KEY, "Request not authorized")
        connection.key.require_trading()
        header = message.get("header")
        if not isinstance(header, dict):
            raise Refused(BAD_PARAMETER, "header is required")
        window = str(header.get("X-BAPI-RECV-WINDOW", ""))
        check_window(str(header.get("X-BAPI-TIMESTAMP", "")), window, self._clock.now_ms())
        if req_id:
            self._remember(connection, req_id)
        args = message.get("args")
        if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
            raise Refused(BAD_PARAMETER, "args must be a list of one object")
        return Params(args[0])

    def _take(self, connection: Connection, route: Route, params: Params) -> Verdict:
        key = connection.key.key if connection.key is not None else ""
        entries = params.raw(route.batch) if route.batch else None
        count = max(1, len(entries)) if isinstance(entries, list) else 1
        verdict = self._limits.take(key, route.path, route.limit, count)
        if not verdict.is_allowed:
            raise Refused(TOO_MANY_VISITS, "Too many visits. Exceeded the API Rate Limit.")
        return verdict

    def _remember(self, connection: Connection, req_id: str) -> None:
        seen = (connection.conn_id, req_id)
        if seen in self._seen:
            raise Refused(DUPLICATE_REQ_ID, "reqId is duplicated")
        self._seen.add(seen)
        self._seen_order.append(seen)
        if len(self._seen_order) > _REMEMBERED_IDS:
            self._seen.discard(self._seen_order.popleft())
