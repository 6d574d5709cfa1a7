"""Exit codes, and which error ends in which: the one place that decides."""

from __future__ import annotations

from typing import Final

from whalebot.domain.errors import (
    AuthError,
    ConfigError,
    RateLimited,
    TransportError,
    VenueFatal,
    VenueRefused,
)

CLEAN: Final = 0
DIFFERENCE: Final = 1
LEASE_LOST: Final = 1
CONFIGURATION: Final = 2
AUTH: Final = 3
EXCHANGE: Final = 4
BUG: Final = 70
INTERRUPTED: Final = 130

_AUTH_REMEDY: Final = (
    "check BYBIT_API_KEY and BYBIT_API_SECRET in .env, the mode they belong to, the key's permissions and "
    "its IP binding; whalebot doctor tells more"
)

_BY_ERROR: Final[tuple[tuple[type[BaseException], int], ...]] = (
    (ConfigError, CONFIGURATION),
    (AuthError, AUTH),
    (VenueFatal, EXCHANGE),
    (VenueRefused, EXCHANGE),
    (RateLimited, EXCHANGE),
    (TransportError, EXCHANGE),
    (KeyboardInterrupt, INTERRUPTED),
)


def exit_code(error: BaseException) -> int:
    """Return the exit code of an error. What was not raised on purpose is a bug.

    A file that cannot be read or written is the owner's to mend, like a wrong key.
    """
    for kind, code in _BY_ERROR:
        if isinstance(error, kind):
            return code
    if isinstance(error, OSError) and error.filename is not None:
        return CONFIGURATION
    return BUG


def explanation(error: BaseException) -> str:
    """Return what a person is told about an error."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, AuthError):
        return f"{error}\n{_AUTH_REMEDY}"
    return str(error) or type(error).__name__
