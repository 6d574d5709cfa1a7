"""Exceptions, sorted by who must act on them."""

from __future__ import annotations

from whalebot.domain.intervals import iso_utc


class WhalebotError(Exception):
    """Root of all errors raised on purpose."""


class ConfigError(WhalebotError):
    """The owner must change a file or the command line. Exit code 2."""


class AuthError(WhalebotError):
    """The venue refuses the key. Exit code 3."""


class VenueFatal(WhalebotError):
    """The venue will never serve this set-up (wrong account type, region...). Exit code 4."""


class VenueRefused(WhalebotError):
    """A definite no from the venue; nothing happened there."""

    def __init__(self, ret_code: int, message: str, call: str) -> None:
        super().__init__(f"{call}: retCode {ret_code}: {message}")
        self.ret_code = ret_code
        self.message = message
        self.call = call


class RateLimited(WhalebotError):
    """Too many requests; `retry_at_ms` is local time in ms UTC. Nothing happened at the venue."""

    def __init__(self, call: str, retry_at_ms: int) -> None:
        super().__init__(f"{call}: rate limited until {iso_utc(retry_at_ms)}")
        self.call = call
        self.retry_at_ms = retry_at_ms


class TransportError(WhalebotError):
    """No answer, or none that can be read. Reads may be repeated; a write's outcome is unknown."""


class NotSent(WhalebotError):
    """A write was held back on this side: nothing left, nothing happened at the venue."""


class BugError(WhalebotError):
    """An invariant of the program is broken. Stop opening, keep stops. Exit code 70."""
