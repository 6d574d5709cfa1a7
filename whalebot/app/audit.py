"""The daemon's audit trail: what it is made of, and what it says of the run itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from whalebot import __version__
from whalebot.adapters.audit.engine_notes import EngineNotes
from whalebot.adapters.audit.log import AuditLog
from whalebot.adapters.audit.record import Context
from whalebot.adapters.audit.writer import AuditWriter
from whalebot.adapters.storage.filesystem import FileSystem
from whalebot.app.config.document import Config
from whalebot.app.config.fingerprint import config_hash
from whalebot.app.run_options import RunOptions
from whalebot.app.setup import Setup
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.ports import Clock
from whalebot.runtime.loop import EngineLike
from whalebot.runtime.recorded import RecordedEngine

DAEMON: Final = "daemon"
_STOP_S: Final = 1.0


class DaemonAudit:
    """A context: what happens inside it is recorded, and that it began and ended."""

    def __init__(
        self, setup: Setup, options: RunOptions, clock: Clock, notice: Callable[[Notice], None]
    ) -> None:
        """notice: takes what the log should say of the trail itself; any thread."""
        self._setup = setup
        self._notice = notice
        self._options = options
        config = setup.config
        writer = AuditWriter(setup.paths.audit, FileSystem())
        context = Context(__version__, config.mode, config_hash(config))
        self.log = AuditLog(writer, clock, context, setup.masker.mask, self._on_trouble)
        self.alert: Callable[[Level, str, str], None] = _nobody
        self.reason = ""
        self.exit_code: int | None = None

    def __enter__(self) -> DaemonAudit:
        config = self._setup.config
        self.log.start()
        self.log.record(
            "started",
            DAEMON,
            {
                "pid": str(os.getpid()),
                "user": str(os.getuid()),
                "symbols": " ".join(config.traded_symbols),
                "live_flag": str(self._options.live).lower(),
            },
        )
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        reason = f"{type(error).__name__}: {error}" if error is not None else self.reason
        code = "" if self.exit_code is None else str(self.exit_code)
        self.log.record("ended", DAEMON, {"reason": reason, "exit_code": code})
        if not self.log.stop(_STOP_S) or self.log.counts.failing:
            self._notice(
                Notice(Level.CRITICAL, "audit_lost", "the end of this run is not in the audit trail")
            )

    def noted(self, engine: EngineLike) -> EngineLike:
        """Return the engine, its orders, stops and commands recorded on the way."""
        return RecordedEngine(engine, EngineNotes(self.log))

    def figures(self) -> dict[str, Any]:
        """Return how the trail is, as JSON values. Any thread."""
        return asdict(self.log.counts)

    def config_changed(self, config: Config) -> None:
        """Records from now on bear the fingerprint of this configuration."""
        self.log.set_config(config_hash(config))

    def _on_trouble(self, problem: str) -> None:
        place = self._setup.paths.audit
        if not problem:
            self._notice(Notice(Level.INFO, "audit_back", f"{place}: can be written again"))
            return
        text = f"{place}: cannot be written ({problem}); trading goes on, records wait in memory"
        self._notice(Notice(Level.CRITICAL, "audit_failing", text))
        self.alert(Level.CRITICAL, "the audit trail cannot be written", text)


def _nobody(level: Level, title: str, text: str) -> None:
    """Before the alerts are open nobody is told."""
