"""What may be said on the control socket, and how it is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from whalebot.domain.events import Order

MAX_REQUEST_BYTES: Final = 4096
MAX_ANSWER_BYTES: Final = 16 * 1024 * 1024
STATUS: Final = "status"
ORDERS: Final[Mapping[str, Order]] = {
    "pause": Order.PAUSE,
    "resume": Order.RESUME,
    "flatten": Order.FLATTEN,
    "panic": Order.PANIC,
}
OWNER: Final = "the owner's command"
"""Who speaks there, for log and audit trail: only the owner may write to the socket."""
COMMANDS: Final = (STATUS, *ORDERS)


class BadRequest(ValueError):
    """A line that is no request; the text is for whoever sent it."""


def encode(message: Mapping[str, Any]) -> bytes:
    """Return one line."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def parse_request(line: bytes) -> str:
    """Return the command of a request line. Raises BadRequest."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        raise BadRequest('not JSON; expected a line like {"command": "status"}') from None
    if not isinstance(message, dict) or set(message) != {"command"}:
        raise BadRequest('expected an object with the one key "command"')
    command = message["command"]
    if not isinstance(command, str) or command not in COMMANDS:
        raise BadRequest(f"unknown command; allowed: {', '.join(COMMANDS)}")
    return command
