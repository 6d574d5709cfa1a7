"""A refusal in the venue's words: a retCode and its message."""

from __future__ import annotations

from typing import Any, Final

OK: Final = 0
SERVER_TIMEOUT: Final = 10000
BAD_PARAMETER: Final = 10001
OUTSIDE_RECV_WINDOW: Final = 10002
BAD_KEY: Final = 10003
BAD_SIGN: Final = 10004
NO_PERMISSION: Final = 10005
TOO_MANY_VISITS: Final = 10006
SERVER_ERROR: Final = 10016
NO_ROUTE: Final = 10017
BAD_SYMBOL: Final = 10029
UNKNOWN_OP: Final = 10404
RESTARTING: Final = 10019
DUPLICATE_REQ_ID: Final = 20006
MODE_NOT_MODIFIED: Final = 110025
NOT_FOR_UNIFIED: Final = 100028
LEVERAGE_NOT_MODIFIED: Final = 110043
STOP_NOT_MODIFIED: Final = 34040
MARGIN_MODE_FAILED: Final = 3400045


class Refused(Exception):
    """The request is answered with `ret_code`, `message` and, mostly empty, `result`; nothing happened."""

    def __init__(self, ret_code: int, message: str, result: dict[str, Any] | None = None) -> None:
        super().__init__(f"retCode {ret_code}: {message}")
        self.ret_code = ret_code
        self.message = message
        self.result = result or {}


def bad_parameter(message: str) -> Refused:
    """Return the refusal of a request whose parameters are wrong."""
    return Refused(BAD_PARAMETER, f"params error: {message}")
