"""Which faults are in force right now: switches and counters, asked by gateway, sockets, streams and pump."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from whalebot.adapters.exchange.server.connection import Channel
from whalebot.adapters.exchange.server.rest import Route


def _never() -> float:
    return 0.0


def _untold(do: str, target: str) -> None:
    return


@dataclass(slots=True)
class Budget:
    """A fault in force until `clock` reaches `until`, or for `count` more strikes."""

    clock: Callable[[], float] = _never
    until: float = 0.0
    count: int = 0

    def is_on(self) -> bool:
        """Return whether it is in force, without using it up."""
        return self.count > 0 or self.clock() < self.until

    def use(self) -> bool:
        """Return whether it strikes now; a counted one is used up."""
        if self.count > 0:
            self.count -= 1
            return True
        return self.clock() < self.until


@dataclass(slots=True)
class RequestFault:
    """Strikes requests whose path holds `path` ("" all). `status` 0 is silence: no answer ever."""

    budget: Budget
    path: str = ""
    status: int = 503
    is_after: bool = False

    def strikes(self, route: Route, is_after: bool) -> bool:
        """Return whether this request is struck at this stage."""
        return self.is_after is is_after and self.path in route.path and self.budget.use()


@dataclass(slots=True)
class PrivateFault:
    """Strikes private messages of `topic` ("" all): lose, duplicate, delay or reorder."""

    budget: Budget
    action: str
    topic: str = ""
    delay_s: float = 0.0

    def strikes(self, topic: str) -> bool:
        """Return whether this message is struck."""
        return self.topic in ("", topic) and self.budget.use()


@dataclass(slots=True)
class FaultState:
    """The switches. `deliver` sends a private message to its subscribers; False when there is none.

    `is_wanted` says whether a private topic has any. `tell` hears of every single strike: what was done
    (lose, duplicate, delay, reorder, error, silence, drop_stop), and to which topic, path or symbol.
    `dropped_stops` counts by symbol, "" any, the entries that are still to lose their stop-loss.
    """

    deliver: Callable[[str, bytes], bool]
    is_wanted: Callable[[str], bool]
    tell: Callable[[str, str], None] = _untold
    refused: dict[Channel, Budget] = field(default_factory=dict)
    frozen: dict[Channel, Budget] = field(default_factory=dict)
    requests: list[RequestFault] = field(default_factory=list)
    private: list[PrivateFault] = field(default_factory=list)
    rejects: deque[tuple[int, str]] = field(default_factory=deque)
    dropped_stops: Counter[str] = field(default_factory=Counter)
    maintenance: Budget = field(default_factory=Budget)
    rate_burst: Budget = field(default_factory=Budget)
    skipped_books: Budget = field(default_factory=Budget)
    held: list[tuple[str, bytes]] = field(default_factory=list)

    def refuses_sockets(self, channel: Channel) -> bool:
        """Return True when a new socket of `channel` must be refused."""
        budget = self.refused.get(channel)
        return self.maintenance.is_on() or (budget is not None and budget.use())

    def is_frozen(self, channel: Channel) -> bool:
        """Return True when sockets of `channel` stay open and silent."""
        budget = self.frozen.get(channel)
        return budget is not None and budget.is_on()

    def before(self, route: Route) -> int | None:
        """Strike a request before it is looked at: an HTTP status, 0 for silence, None to let it pass."""
        if self.maintenance.is_on():
            return 503
        return self._strike(route, is_after=False)

    def after(self, route: Route) -> int | None:
        """Strike a request that was carried out: its answer is replaced by a status, or by silence (0)."""
        return self._strike(route, is_after=True)

    def take_reject(self) -> tuple[int, str] | None:
        """Return the retCode and message with which the next order is refused, None when it is not."""
        return self.rejects.popleft() if self.rejects else None

    def takes_stop(self, symbol: str) -> bool:
        """Return whether the next order of a symbol is taken without its stop-loss; each is counted."""
        for name in (symbol, ""):
            if self.dropped_stops[name] > 0:
                self.dropped_stops[name] -= 1
                self.tell("drop_stop", symbol)
                return True
        return False

    def send_private(self, topic: str, payload: bytes) -> None:
        """Send a private message, unless a fault loses, delays, doubles or holds it back."""
        for fault in self.private:
            if fault.strikes(topic):
                self.tell(fault.action, topic)
                self._strike_private(fault, topic, payload)
                return
        if self.deliver(topic, payload):
            while self.held:
                self.deliver(*self.held.pop(0))

    def _strike_private(self, fault: PrivateFault, topic: str, payload: bytes) -> None:
        if fault.action == "duplicate":
            self.deliver(topic, payload)
            self.deliver(topic, payload)
        elif fault.action == "delay":
            asyncio.get_running_loop().call_later(fault.delay_s, self.deliver, topic, payload)
        elif fault.action == "reorder":
            self.held.append((topic, payload))

    def _strike(self, route: Route, is_after: bool) -> int | None:
        for fault in self.requests:
            if fault.strikes(route, is_after):
                self.tell("error" if fault.status else "silence", route.path)
                return fault.status
        return None
