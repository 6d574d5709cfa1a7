"""A rule that fails takes no other down: its vote is not ready, and the log says so once an hour."""

from __future__ import annotations

import logging
from typing import Final

from whalebot.decisions.scan.settings import ScanSettings
from whalebot.decisions.scan.values import BarValues
from whalebot.decisions.scan.votes import Rule, Sight, Vote
from whalebot.ports import Clock

_HOUR_MS: Final = 3_600_000
_log = logging.getLogger("whalebot.scanner.rules")


class RuleGuard:
    """Runs the rules of an evaluation. One thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told: dict[str, int] = {}
        self.failures = 0

    def __call__(self, name: str, rule: Rule, bar: BarValues, seen: Sight, settings: ScanSettings) -> Vote:
        """Return the vote of a rule, None where it failed."""
        try:
            return rule(bar, seen, settings)
        except Exception:  # noqa: BLE001  a bug in one rule must not end the votes of the other ten
            self.failures += 1
            now_ms = self._clock.now_ms()
            if now_ms - self._told.get(name, -_HOUR_MS) >= _HOUR_MS:
                self._told[name] = now_ms
                _log.exception("the rule %s failed; its vote is not ready", name)
            return None
