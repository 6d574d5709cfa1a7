"""What the threads of a running daemon could not deal with themselves."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import AuthError, VenueFatal
from whalebot.ports import Clock

_log = logging.getLogger("whalebot")
# Whoever is refused is refused at every question, and those come every few seconds.
_SAY_AGAIN_MS: Final = 600_000
_OVER_MS: Final = 300_000


class Troubles:
    """Takes exceptions from any thread: bugs go to the log, a refusal by the venue to the owner as well.

    The daemon goes on: its stops are at the venue, and a key may be mended there. `fatal` is the refusal that
    names the exit code when the daemon ends; one that did not come again for five minutes is over.
    """

    def __init__(
        self, clock: Clock, notice: Callable[[Notice], None], alert: Callable[[Level, str, str], None]
    ) -> None:
        """notice, alert (level, title, text): any thread, return at once."""
        self._clock = clock
        self._notice = notice
        self._alert = alert
        self._quiet_until_ms = 0
        self._refusal: AuthError | VenueFatal | None = None
        self._refused_ms = 0

    @property
    def fatal(self) -> AuthError | VenueFatal | None:
        """The last refusal by the venue, None where there was none of late."""
        return self._refusal if self._clock.now_ms() - self._refused_ms <= _OVER_MS else None

    def hear(self, thread: str, error: BaseException) -> None:
        """Take what came up on a thread."""
        if not isinstance(error, AuthError | VenueFatal):
            _log.error("thread %s: unexpected error", thread, exc_info=error)
            return
        # Without the traceback, which would keep alive all that the question held.
        self._refusal = error.with_traceback(None)
        now_ms = self._refused_ms = self._clock.now_ms()
        if now_ms < self._quiet_until_ms:
            return
        self._quiet_until_ms = now_ms + _SAY_AGAIN_MS
        key = isinstance(error, AuthError)
        title = "the venue refuses the key" if key else "the venue will not serve this account"
        self._notice(Notice(Level.CRITICAL, "fatal", f"{title}: {thread}: {error}"))
        self._alert(Level.CRITICAL, title, str(error))
