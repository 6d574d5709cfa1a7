"""The lease of a running daemon: what was configured, the wait for it, and what its loss means."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final

from whalebot.adapters.lease.api import ACCOUNT_FOLDER, LeaseApi, cluster_of
from whalebot.adapters.lease.kubernetes import KubernetesLease, LeaseTerms
from whalebot.app.config.checks import lease_margin_ms
from whalebot.app.setup import Setup
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.errors import BugError, TransportError
from whalebot.ports import AccountLease, Clock, OrderGateway
from whalebot.runtime.fence import FencedGateway
from whalebot.runtime.lease import LeaseKeeper

_LOOK_S: Final = 0.1
_END_S: Final = 1.0


class LeaseRoom:
    """Does nothing where the configuration does not ask for a lease. Main thread where nothing else is said.

    `senders` returns the threads that send orders: while one of them is at work, the lease is not given back.
    """

    def __init__(self, setup: Setup, clock: Clock, notice: Callable[[Notice], None]) -> None:
        """notice: any thread. Raises ConfigError where the lease cannot be had here."""
        self._notice = notice
        self._keeper: LeaseKeeper | None = None
        self._lease: AccountLease | None = None
        self._is_told = False
        self.senders: Callable[[], Iterable[threading.Thread]] = tuple
        if setup.config.lease.kind != "off":
            self._lease = _kubernetes_lease(setup, clock)
            self._keeper = LeaseKeeper(self._lease, clock, setup.config.lease.renew_s, self._say)

    def wait(self, halted: threading.Event, status: Callable[[str], None]) -> None:
        """Return when the lease is held or `halted` is set. `status` shows what is waited for."""
        if self._keeper is None:
            return
        status("starting: waiting for the lease on the account")
        self._keeper.start()
        while not self._keeper.is_held and not halted.wait(_LOOK_S):
            if not self._keeper.thread.is_alive():
                raise BugError("the thread that asks for the lease has ended; see the log")
        status("starting: waiting for the venue")

    def fenced(self, make_gateway: Callable[[], OrderGateway]) -> Callable[[], OrderGateway]:
        """Return a factory of gateways that send nothing without the lease."""
        if self._keeper is None:
            return make_gateway
        return lambda: FencedGateway(make_gateway(), self.check)

    def check(self) -> None:
        """Raise NotSent unless an order may leave now. Any thread."""
        if self._keeper is not None:
            self._keeper.check()

    def lost(self) -> str:
        """Return why the daemon has no lease any more, "" while it has, or needs none. Any thread."""
        return "" if self._keeper is None else self._keeper.lost()

    def watching(
        self,
        look: Callable[[], None],
        halt: Callable[[str], None],
        alert: Callable[[Level, str, str, str], None],
    ) -> Callable[[], None]:
        """Return `look`, the lease looked at before: its loss is told once, and ends the loop."""

        def look_at_both() -> None:
            reason = self.lost()
            if reason and not self._is_told:
                self._is_told = True
                text = f"{reason}; no order leaves any more and this process ends; stops at the venue stay"
                self._notice(
                    Notice(Level.CRITICAL, "lease_lost", f"the lease on the account is lost: {text}")
                )
                alert(Level.CRITICAL, "the lease on the account is lost", text, "lease_lost")
                halt("the lease on the account is lost")
            look()

        return look_at_both

    def threads(self) -> tuple[threading.Thread, ...]:
        """Return the thread that must live as long as the daemon."""
        return () if self._keeper is None else (self._keeper.thread,)

    def valid_s(self) -> float | None:
        """Return for how long orders may leave, None where no lease is asked for. Any thread."""
        return None if self._keeper is None else self._keeper.valid_ms / 1000

    def vitals(self) -> dict[str, Any]:
        """Return what a status tells of the lease, JSON values; {} where none is asked for. Any thread."""
        if self._keeper is None:
            return {}
        lost = self._keeper.lost()
        return {"valid_s": round(self._keeper.valid_ms / 1000), **({"lost": lost} if lost else {})}

    def stop(self) -> None:
        """Let nothing leave any more, and give the lease back where nothing can be on its way."""
        if self._keeper is None or self._lease is None:
            return
        was_lost = self._keeper.lost()
        is_idle = self._keeper.stop(_END_S)
        if was_lost or not self._keeper.is_held or not is_idle or any(t.is_alive() for t in self.senders()):
            return
        try:
            self._lease.release()
        except TransportError as error:
            self._say(
                f"the lease on the account was not given back, the next daemon waits for its end: {error}"
            )

    def _say(self, text: str) -> None:
        self._notice(Notice(Level.WARNING, "lease", text))


def _kubernetes_lease(setup: Setup, clock: Clock) -> KubernetesLease:
    table = setup.config.lease
    cluster = cluster_of(setup.environment.process, ACCOUNT_FOLDER)
    # A name of this process, not of the pod: what a pod of the same name left behind is another's.
    identity = f"{socket.gethostname()}_{secrets.token_hex(6)}"
    terms = LeaseTerms(identity, table.duration_s, lease_margin_ms(setup.config))
    return KubernetesLease(LeaseApi(cluster, table.name), clock, terms)
