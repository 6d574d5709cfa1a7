"""Faults on purpose: reads them from a scenario or a request, and waits for the moment of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from whalebot.adapters.exchange.server.durations import duration_s
from whalebot.adapters.exchange.server.fault_actions import FaultActions
from whalebot.adapters.exchange.server.params import Params
from whalebot.adapters.exchange.server.refusal import BAD_PARAMETER, Refused
from whalebot.adapters.exchange.server.venue import Venue

COUNTERS: Final = ("orders", "executions", "bars")


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault that waits for a market instant, and for a counter to reach a number."""

    kind: str
    entry: dict[str, Any]
    at_ms: int
    counter: str
    threshold: int


class FaultDesk:
    """Takes orders for faults. `poll` is called after every command and every step of the market."""

    def __init__(self, venue: Venue, actions: FaultActions) -> None:
        self._venue = venue
        self._actions = actions
        self._planned: list[Planned] = []
        self._is_polling = False

    def load(self, body: bytes) -> list[str]:
        """Read one fault, a list of them, or {"faults": [...]}; returns their kinds. Raises Refused.

        `at` (a duration of market time) and `after` ({"orders": 3}) count from now.
        """
        try:
            document = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(BAD_PARAMETER, f"faults: not JSON: {error}") from None
        if isinstance(document, dict):
            document = document.get("faults", [document])
        if not isinstance(document, list) or not all(isinstance(entry, dict) for entry in document):
            raise Refused(BAD_PARAMETER, "faults: expected an object or a list of objects")
        planned = [self._plan(number, entry) for number, entry in enumerate(document)]
        self._planned += planned
        self.poll()
        return [fault.kind for fault in planned]

    def names(self) -> list[str]:
        """Return the kinds of the faults that still wait."""
        return [fault.kind for fault in self._planned]

    def poll(self) -> None:
        """Set every fault in force whose moment has come, and end those that are over."""
        self._actions.expire()
        if self._is_polling or not self._planned:
            return
        self._is_polling = True
        try:
            for fault in [fault for fault in self._planned if self._is_due(fault)]:
                self._planned.remove(fault)
                self._set_in_force(fault)
        finally:
            self._is_polling = False

    def _set_in_force(self, fault: Planned) -> None:
        self._venue.log.write("fault", do=fault.kind, params=fault.entry)
        try:
            self._actions.table[fault.kind](Params(fault.entry))
        except Refused as refusal:
            self._venue.log.write("fault", do=fault.kind, error=refusal.message)

    def _plan(self, number: int, entry: dict[str, Any]) -> Planned:
        where = f"faults[{number}]"
        params = Params(entry)
        kind = params.text("do")
        if kind not in self._actions.table:
            known = ", ".join(sorted(self._actions.table))
            raise Refused(BAD_PARAMETER, f"{where}.do {kind!r}: expected one of {known}")
        at = params.text("at")
        at_ms = self._venue.market.now_ms + int(duration_s(at, f"{where}.at") * 1000) if at else 0
        if params.text("for"):
            duration_s(params.text("for"), f"{where}.for")
        counter, number_of = self._after(where, entry.get("after"))
        return Planned(kind, entry, at_ms, counter, number_of)

    def _after(self, where: str, after: Any) -> tuple[str, int]:
        if after is None:
            return "", 0
        if not isinstance(after, dict) or len(after) != 1 or next(iter(after)) not in COUNTERS:
            raise Refused(
                BAD_PARAMETER, f"{where}.after: expected one of {', '.join(COUNTERS)} with a number"
            )
        counter = next(iter(after))
        return counter, self._venue.counters[counter] + Params(after).integer(counter, 1, low=1)

    def _is_due(self, fault: Planned) -> bool:
        if self._venue.market.now_ms < fault.at_ms:
            return False
        return not fault.counter or self._venue.counters[fault.counter] >= fault.threshold
