"""What each retCode means for us. One table; everything not listed is a plain refusal."""

from __future__ import annotations

from enum import Enum
from typing import Final

from whalebot.domain.errors import AuthError, RateLimited, VenueRefused, WhalebotError
from whalebot.domain.events import Refusal


class Outcome(Enum):
    """What an answer tells about the request."""

    DONE = "done"
    REFUSED = "refused"
    RETRY_LATER = "retry_later"
    RATE_LIMITED = "rate_limited"
    UNKNOWN = "unknown"
    AUTH = "auth"
    FATAL = "fatal"
    MAINTENANCE = "maintenance"


ORDER_GONE: Final = frozenset({110001, 110008, 110010})
"""Cancelling an order that does not exist, is completed or is cancelled: it is gone, as wanted."""
LEVERAGE_NOT_MODIFIED: Final = 110043
STOP_NOT_MODIFIED: Final = 34040
DUPLICATE_LINK_ID: Final = 110072
STAMP_REFUSED: Final = 10002

_OUTCOMES: Final = {
    0: Outcome.DONE,
    LEVERAGE_NOT_MODIFIED: Outcome.DONE,
    STOP_NOT_MODIFIED: Outcome.DONE,
    # The request may have passed before the server failed.
    10000: Outcome.UNKNOWN,
    10014: Outcome.UNKNOWN,
    10016: Outcome.UNKNOWN,
    # The first request with this id arrived; what became of it must be asked.
    DUPLICATE_LINK_ID: Outcome.UNKNOWN,
    STAMP_REFUSED: Outcome.RETRY_LATER,
    110079: Outcome.RETRY_LATER,
    429: Outcome.RATE_LIMITED,
    10006: Outcome.RATE_LIMITED,
    10018: Outcome.RATE_LIMITED,
    10429: Outcome.RATE_LIMITED,
    -2015: Outcome.AUTH,
    10003: Outcome.AUTH,
    10004: Outcome.AUTH,
    10005: Outcome.AUTH,
    10007: Outcome.AUTH,
    10010: Outcome.AUTH,
    33004: Outcome.AUTH,
    10008: Outcome.FATAL,
    10009: Outcome.FATAL,
    10024: Outcome.FATAL,
    10027: Outcome.FATAL,
    10028: Outcome.FATAL,
    100028: Outcome.FATAL,
    110067: Outcome.FATAL,
    110088: Outcome.FATAL,
    10019: Outcome.MAINTENANCE,
    110063: Outcome.MAINTENANCE,
    110066: Outcome.MAINTENANCE,
    110074: Outcome.MAINTENANCE,
}
_INSUFFICIENT: Final = frozenset(
    {110004, 110006, 110007, 110012, 110014, 110044, 110045, 110051, 110052, 110053}
)
_PRECISION: Final = frozenset({110049, 110094})
_PARAMETER: Final = 10001
_MODE_WORDS: Final = "position idx"
_PRECISION_WORDS: Final = (
    "qty",
    "quantity",
    "precision",
    "price invalid",
    "invalid price",
    "stoploss invalid",
    "takeprofit invalid",
    "notional",
)


def outcome_of(ret_code: int) -> Outcome:
    """Return what a retCode means."""
    return _OUTCOMES.get(ret_code, Outcome.REFUSED)


def refusal_of(error: WhalebotError) -> Refusal:
    """Return why a request definitely had no effect, from the exception that a gateway raised.

    Raises the error again when it leaves the outcome open (TransportError and the like).
    """
    if isinstance(error, RateLimited):
        return Refusal.RATE_LIMITED
    if isinstance(error, AuthError):
        return Refusal.AUTH
    if not isinstance(error, VenueRefused):
        raise error
    outcome = outcome_of(error.ret_code)
    if outcome is Outcome.MAINTENANCE:
        return Refusal.MAINTENANCE
    if outcome is Outcome.RETRY_LATER:
        return Refusal.RETRY_LATER
    if error.ret_code in _INSUFFICIENT:
        return Refusal.INSUFFICIENT
    if error.ret_code == _PARAMETER and _MODE_WORDS in error.message.lower():
        return Refusal.POSITION_MODE
    if error.ret_code in _PRECISION or (
        error.ret_code == _PARAMETER and any(word in error.message.lower() for word in _PRECISION_WORDS)
    ):
        return Refusal.PRECISION
    return Refusal.REJECTED
