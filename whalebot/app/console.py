"""Everything the daemon says: logs, terminal, control socket, service manager, heartbeat."""

from __future__ import annotations

import logging
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from whalebot.adapters.logs.system import LogSettings, LogSystem
from whalebot.app.setup import Setup
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.ports import Clock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.inbox import Inbox

if TYPE_CHECKING:
    from whalebot.app.daemon import RunOptions

_LEVELS: Final = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.CRITICAL: logging.CRITICAL,
}
_log = logging.getLogger("whalebot.engine")


class Console:
    """A context: logging works inside it."""

    def __init__(
        self, setup: Setup, views: ViewHolder, inbox: Inbox, clock: Clock, options: RunOptions
    ) -> None:
        self._setup = setup
        self._views = views
        self._inbox = inbox
        self._clock = clock
        self._options = options
        self._logs: LogSystem | None = None

    def __enter__(self) -> Console:
        paths, config = self._setup.paths, self._setup.config
        terminal_level = logging.WARNING if self._options.quiet else logging.INFO
        if self._options.verbose:
            terminal_level = logging.DEBUG
        self._logs = LogSystem(
            LogSettings(
                paths.log,
                paths.event_log,
                getattr(logging, config.logging.level),
                sys.stdout,
                terminal_level,
                ZoneInfo(config.timezone),
            ),
            self._setup.masker,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._logs is not None:
            self._logs.stop()

    def announce(self) -> None:
        """Say what is about to run."""
        for note in self._setup.notes:
            _log.warning("%s", note)

    def notice(self, notice: Notice) -> None:
        """Log a notice of the engine."""
        _log.log(
            _LEVELS[notice.level],
            "%s",
            f"{notice.symbol} {notice.text}".strip(),
            extra={"kind": notice.kind, "symbol": notice.symbol, "fields": notice.fields},
        )

    def progress(self) -> None:
        """The loop went round."""

    def start(self) -> None:
        """The loop is about to run."""

    def stopping(self) -> None:
        """The loop has ended."""
