"""What the server is given: facts that stay, and questions it may ask. No object of the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Protocol

from whalebot.adapters.web.chronicle import Chronicle
from whalebot.adapters.web.feed import Feed
from whalebot.domain.alerts import AlertRecord
from whalebot.domain.events import Order
from whalebot.domain.scan_table import ScanTable
from whalebot.domain.trade import ClosedTrade

ACTOR: Final = "web"
"""Who speaks, in the audit trail and to the engine, when the server hands something on."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What does not change while the server serves. `kind`: "daemon", "backtest" or "folder".

    `bars_from`: where the bars come from, in words.
    """

    kind: str
    mode: str
    version: str
    interval: str
    symbols: tuple[str, ...]
    timezone: str
    folder: str
    bars_from: str
    simulated_prices: bool = False
    reads_need_token: bool = False
    started_ms: int | None = None

    @property
    def is_read_only(self) -> bool:
        """True where no daemon could take a command."""
        return self.kind != "daemon"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that must be well."""

    name: str
    healthy: bool
    required: bool
    detail: str
    ms: float = 0.0


class Reports(Protocol):
    """Figures of trades; plain values with money as text."""

    def performance(
        self, mode: str, trades: Sequence[ClosedTrade], before: Decimal, whole: bool
    ) -> Mapping[str, Any]:
        """Return report, equity, groups and notes of the trades of one mode.

        before: net result of the trades before these. whole: these are all trades of the mode.
        """
        ...


class ConfigDesk(Protocol):
    """Shows the configuration and takes edits of it."""

    def shown(self) -> Mapping[str, Any]:
        """Return the configuration in force, secrets hidden, with its fields."""
        ...

    def limits(self) -> Mapping[str, float]:
        """Return the guardrails in force that a figure can be held against."""
        ...

    def change(self, changes: Mapping[str, Any], only_check: bool) -> Mapping[str, Any]:
        """Check, write and apply an edit; return what became of it. Raises ApiProblem."""
        ...


class AuditDesk(Protocol):
    """The audit trail: what is written to it and what it says."""

    def record(self, kind: str, actor: str, fields: Mapping[str, str]) -> None:
        """Note what somebody did. Returns at once and never raises."""
        ...

    def newest(
        self, limit: int, before: int | None, kind: str | None
    ) -> tuple[list[Mapping[str, Any]], str | None, int]:
        """Return records before a number, newest first; the cursor of what follows; how many there are."""
        ...


class ScanDesk(Protocol):
    """What a scan in a process of its own has left. Any thread."""

    @property
    def absent(self) -> str:
        """What to say where no scan has written, with the command that starts one."""
        ...

    def table(self) -> ScanTable | None:
        """Return the newest table, None where there is none. Raises ApiProblem."""
        ...

    def events(
        self, limit: int, before: int | None, symbol: str | None, mode: str
    ) -> tuple[Sequence[Mapping[str, Any]], str | None, int]:
        """Return records kept before a number, newest first; the cursor of what follows; how many there are.

        Raises ApiProblem.
        """
        ...


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything the server may look at or set off. All callables are called on the web thread.

    `vitals`: what `status` tells of the daemon itself. `checks`: health that the view does not tell.
    `command` hands an order to the engine; None where there is none. `metrics`: Prometheus text.
    `acknowledge` marks an alert as seen and returns it, None where there is none of that number.
    """

    facts: RunFacts
    feed: Feed
    chronicle: Chronicle
    reports: Reports
    config: ConfigDesk
    audit: AuditDesk
    vitals: Callable[[], Mapping[str, Any]]
    machine: Callable[[], Mapping[str, Any]]
    checks: Callable[[], Sequence[CheckResult]]
    metrics: Callable[[], bytes] | None = None
    command: Callable[[Order], None] | None = None
    is_file_refused: Callable[[], bool] = lambda: False
    acknowledge: Callable[[int], AlertRecord | None] = lambda _: None
    load_history: Callable[[], Sequence[ClosedTrade]] = tuple
    scanner: ScanDesk | None = None
