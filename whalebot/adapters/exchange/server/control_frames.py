"""Acks, pongs and errors of the three sockets, each in its own dialect."""

from __future__ import annotations

from typing import Any, Final

from whalebot.adapters.exchange.server.connection import Connection
from whalebot.adapters.exchange.server.envelope import encode

MAX_ID_CHARS: Final = 128


def req_id_of(message: dict[str, Any], name: str) -> str:
    """Return the client's request id as text, "" when there is none."""
    value = message.get(name)
    return str(value)[:MAX_ID_CHARS] if isinstance(value, str | int) else ""


def public_ack(connection: Connection, op: str, req_id: str, error: str = "") -> bytes:
    """Return the answer of the public socket; `error` makes it a failure."""
    return encode(
        {
            "success": not error,
            "ret_msg": error,
            "conn_id": connection.conn_id,
            "req_id": req_id,
            "op": op,
        }
    )


def public_pong(connection: Connection, req_id: str) -> bytes:
    """Return the public socket's answer to a ping."""
    return encode(
        {"success": True, "ret_msg": "pong", "conn_id": connection.conn_id, "req_id": req_id, "op": "ping"}
    )


def private_ack(connection: Connection, op: str, req_id: str, error: str = "") -> bytes:
    """Return the answer of the private socket; without a request id it has none."""
    ack: dict[str, Any] = {"success": not error, "ret_msg": error, "op": op, "conn_id": connection.conn_id}
    if req_id:
        ack["req_id"] = req_id
    return encode(ack)


def private_pong(connection: Connection, req_id: str, now_ms: int) -> bytes:
    """Return the private socket's answer to a ping."""
    pong: dict[str, Any] = {"op": "pong", "args": [str(now_ms)], "conn_id": connection.conn_id}
    return encode({"req_id": req_id, **pong} if req_id else pong)


def trade_ack(connection: Connection, op: str, req_id: str, ret_code: int = 0, message: str = "OK") -> bytes:
    """Return the answer of the trade socket to an auth or a refused command."""
    ack: dict[str, Any] = {"retCode": ret_code, "retMsg": message, "op": op, "connId": connection.conn_id}
    return encode({"reqId": req_id, **ack} if req_id else ack)


def trade_pong(connection: Connection, req_id: str, now_ms: int) -> bytes:
    """Return the trade socket's answer to a ping."""
    pong: dict[str, Any] = {
        "retCode": 0,
        "retMsg": "OK",
        "op": "pong",
        "data": [str(now_ms)],
        "connId": connection.conn_id,
    }
    return encode({"reqId": req_id, **pong} if req_id else pong)
