"""Keeps the lease on the account: a thread that asks for it and renews it, and the fence it stands for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from whalebot.domain.errors import NotSent, TransportError
from whalebot.ports import AccountLease, Clock

_log = logging.getLogger("whalebot.lease")
_RETRY_S: Final = 2.0


class LeaseKeeper:
    """Holds a lease until `stop`. What is lost stays lost: a new right needs a new process.

    The fence does not rely on the thread: time alone closes it. All but `start` and `stop`: any thread.
    """

    def __init__(
        self, lease: AccountLease, clock: Clock, renew_s: float, say: Callable[[str], None] = _log.warning
    ) -> None:
        """say: told why it waits, once for each reason; on the thread of the keeper."""
        self._lease = lease
        self._clock = clock
        self._renew_s = renew_s
        self._say = say
        self._said = ""
        self._trouble = ""
        self._lost = ""
        self._held = threading.Event()
        self._halt = threading.Event()
        self.thread = threading.Thread(target=self._work, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self.thread.start()

    def stop(self, timeout_s: float) -> bool:
        """End the thread and let nothing leave any more; False where it is still at a request."""
        self._lost = self._lost or "this process is ending"
        self._halt.set()
        if self.thread.ident is not None:
            self.thread.join(timeout_s)
        return not self.thread.is_alive()

    @property
    def is_held(self) -> bool:
        """True from the first time it was given, also after it was lost."""
        return self._held.is_set()

    @property
    def valid_ms(self) -> int:
        """For how long requests may still leave; 0 where none may."""
        if self._lost or not self._held.is_set():
            return 0
        return max(0, self._lease.valid_until_ms - self._clock.now_ms())

    def lost(self) -> str:
        """Return why a lease that was held is no more, "" while it is, or was not yet."""
        if not self._lost and self._held.is_set():
            until_ms = self._lease.valid_until_ms
            if self._clock.now_ms() > until_ms:
                self._lost = f"it was not renewed in time ({self._trouble or 'the process stood still'})"
        return self._lost

    def check(self) -> None:
        """Raise NotSent unless a request may leave now."""
        reason = self.lost()
        if reason or not self._held.is_set():
            raise NotSent(f"no lease on the account: {reason or 'it is not held yet'}")

    def step(self) -> float:
        """Ask once for what is needed now; return the seconds until the next time."""
        try:
            if not self._held.is_set():
                return self._ask()
            if not self.lost() and not self._lease.renew():
                holder = self._lease.holder
                self._lost = self._lost or f"it is held by {holder}" if holder else "its record is gone"
        except TransportError as error:
            self._trouble = str(error)
            self._say_once(f"the lease on the account cannot be asked for: {error}")
            return _RETRY_S
        self._trouble = self._said = ""
        return self._renew_s

    def _ask(self) -> float:
        if self._lease.acquire():
            self._held.set()
            _log.info("this process holds the lease on the account")
            self._said = ""
            return self._renew_s
        self._say_once(f"the lease on the account is held by {self._lease.holder or 'nobody known'}: waiting")
        return _RETRY_S

    def _say_once(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._say(text)

    def _work(self) -> None:
        wait_s = 0.0
        try:
            while not self._halt.wait(wait_s):
                wait_s = self.step()
        except Exception as error:  # noqa: BLE001 - the root of a thread: its death is noticed, time closes the fence
            _log.critical("the lease is renewed no more", exc_info=error)
