"""SIGHUP: reads the configuration again and hands over what can change in a running daemon."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from whalebot.app.audit import DaemonAudit
from whalebot.app.config.document import Config
from whalebot.app.config.reload import diff
from whalebot.app.engine_setup import engine_settings
from whalebot.app.setup import Setup, read_again
from whalebot.app.venue import Venue
from whalebot.domain.errors import ConfigError
from whalebot.domain.events import Reconfigured
from whalebot.ports import Clock, EventSink

_log = logging.getLogger("whalebot.reload")


class Reloader:
    """Valid changes of thresholds, weights, risk and log level apply at the next bar; others are refused."""

    def __init__(
        self,
        setup: Setup,
        sink: EventSink,
        clock: Clock,
        venue: Venue,
        set_level: Callable[[str], None],
        audit: DaemonAudit,
    ) -> None:
        self._setup = setup
        self._config: Config = setup.config
        self._sink = sink
        self._clock = clock
        self._venue = venue
        self._set_level = set_level
        self._audit = audit
        self._one_at_a_time = threading.Lock()

    @property
    def config(self) -> Config:
        """The configuration in force. Any thread."""
        return self._config

    def reload(self, actor: str = "SIGHUP") -> bool:
        """Read the file; say what changes, or why the old configuration stays. A bad file raises nothing.

        actor: who asked, for the audit trail. Returns False where the file was refused. Any thread.
        """
        with self._one_at_a_time:
            return self._reload(actor)

    def _reload(self, actor: str) -> bool:
        try:
            config = read_again(self._setup)
        except ConfigError as error:
            _log.error("reload refused, the old configuration stays: %s", error)
            self._note(actor, "refused", [str(error)])
            return False
        changes = diff(self._config, config)
        fixed = [str(change) for change in changes if change.needs_restart]
        if fixed:
            _log.error("reload refused, these need a restart: %s", "; ".join(fixed))
            self._note(actor, "refused: these need a restart", fixed)
            return False
        if not changes:
            _log.info("reload: nothing changed")
            self._note(actor, "nothing changed", [])
            return True
        self._config = config
        self._set_level(config.logging.level)
        self._audit.config_changed(config)
        self._note(actor, "applied", [str(change) for change in changes])
        settings = engine_settings(config, self._venue.feed)
        self._sink.put(Reconfigured(settings, tuple(str(c) for c in changes), self._clock.now_ms()))
        return True

    def _note(self, actor: str, result: str, lines: Sequence[str]) -> None:
        found = {str(number): text for number, text in enumerate(lines, 1)}
        self._audit.log.record("config", actor, {"result": result, **found})
