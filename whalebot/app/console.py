"""Everything the daemon says: logs, terminal, control socket, service manager, heartbeat."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from whalebot import __version__
from whalebot.adapters.alerts.heartbeat import Heartbeat
from whalebot.adapters.control.server import ControlServer
from whalebot.adapters.logs.formats import FIELDS, KIND, SCREEN, SHOWN, SYMBOL
from whalebot.adapters.logs.system import LogSettings, LogSystem
from whalebot.adapters.notify.systemd import ServiceManager
from whalebot.adapters.terminal.live import LiveView
from whalebot.adapters.terminal.screen import NewAnalysis, Screen
from whalebot.adapters.terminal.style import style_of
from whalebot.app.endpoints import endpoints_of
from whalebot.app.run_options import RunOptions
from whalebot.app.setup import Setup
from whalebot.app.status_text import service_line
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.view import View
from whalebot.ports import Clock
from whalebot.runtime.holder import ViewHolder
from whalebot.runtime.inbox import Inbox

_LEVELS: Final = {
    Level.DEBUG: logging.DEBUG,
    Level.INFO: logging.INFO,
    Level.WARNING: logging.WARNING,
    Level.CRITICAL: logging.CRITICAL,
}
_log = logging.getLogger("whalebot.engine")


class Console:
    """A context: logging works inside it. `notice`, `show` and `progress` belong to the loop's thread."""

    def __init__(
        self, setup: Setup, views: ViewHolder, inbox: Inbox, clock: Clock, options: RunOptions
    ) -> None:
        self._setup = setup
        self._views = views
        self._options = options
        self._stack = ExitStack()
        self._zone = ZoneInfo(setup.config.timezone)
        self._style = style_of(sys.stdout, setup.environment.process)
        self._screen = Screen(self._style, self._zone, clock)
        self._service = ServiceManager()
        self._is_ready = False
        self.is_file_refused = False
        self._logs: LogSystem | None = None
        self._heartbeat: Heartbeat | None = None
        self._live: LiveView | None = None
        self._vitals: Callable[[], Mapping[str, Any]] = dict
        self.hear: Callable[[Notice], None] = _nobody
        self._control = ControlServer(
            setup.paths.control_socket,
            inbox,
            clock,
            views.read,
            self._health,
            mask=setup.masker.mask,
        )

    def __enter__(self) -> Console:
        paths, options = self._setup.paths, self._options
        if options.view and LiveView.fits(sys.stdout, self._setup.environment.process):
            title = f"whalebot {__version__} {self._setup.config.mode}"
            self._live = LiveView(sys.stdout, self._views.read, title, self._style, self._zone)
        level = logging.WARNING if options.quiet else logging.DEBUG if options.verbose else logging.INFO
        self._logs = logs = LogSystem(
            LogSettings(
                paths.log,
                paths.event_log,
                getattr(logging, self._setup.config.logging.level),
                None if self._live is not None else sys.stdout,
                level,
                self._zone,
            ),
            self._setup.masker,
        )
        self._stack.callback(logs.stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.stopping()
        self._stack.close()

    def set_level(self, level: str) -> None:
        """Set the least level of the log files, by its name."""
        if self._logs is not None:
            self._logs.set_level(getattr(logging, level))

    def announce(self) -> None:
        """Say what is about to run, and what nobody should believe of it."""
        self._service.status("starting: waiting for the venue")
        for note in self._setup.notes:
            _log.warning("%s", note)
        for line in first_screen(self._setup):
            _log.info("%s", line, extra={KIND: "start"})

    @property
    def service(self) -> ServiceManager:
        """Who started the daemon, if anybody watches over it."""
        return self._service

    @property
    def records_lost(self) -> int:
        """Log records that no file took."""
        return 0 if self._logs is None else self._logs.lost

    def start(self, vitals: Callable[[], Mapping[str, Any]] = dict) -> None:
        """The loop is about to run. Raises ConfigError where the control socket cannot be made.

        vitals: what a status tells of the daemon itself, JSON values; called on any thread.
        """
        self._vitals = vitals
        self._control.start()
        self._stack.callback(self._control.stop)
        if self._live is not None:
            self._live.start()
            self._stack.callback(self._live.stop)
        alerts = self._setup.config.alerts
        if alerts.enabled and alerts.heartbeat_url is not None:
            self._heartbeat = Heartbeat(alerts.heartbeat_url.get_secret_value())
            self._stack.callback(self._heartbeat.stop)

    def progress(self) -> None:
        """The loop went round: feed whoever waits for a sign of life; ready once reconciled."""
        self._service.progress()
        if self._heartbeat is not None:
            self._heartbeat.beat()
        view = self._views.read()
        if view is None:
            return
        if not self._is_ready and view.reconciled_ms is not None:
            self._is_ready = True
            self._service.ready()
        refused = "; config.json was refused at the last reload" if self.is_file_refused else ""
        self._service.status(self._setup.masker.mask(f"{service_line(view)}{refused}"))

    def stopping(self) -> None:
        """The loop has ended."""
        self._service.stopping()
        if self._live is not None:
            self._live.stop()

    def end_at_once(self, code: int) -> None:
        """End the process, the terminal given back where it takes that within half a second. Any thread."""
        if self._live is not None:
            giving_back = threading.Thread(target=self._live.leave_at_once, name="farewell", daemon=True)
            giving_back.start()
            giving_back.join(0.5)
        os._exit(code)

    def notice(self, notice: Notice) -> None:
        """Log a notice of the engine."""
        self.hear(notice)
        screen = self._screen.notice(notice)
        is_shown = self._screen.shows(notice)
        extra = {KIND: notice.kind, SYMBOL: notice.symbol, FIELDS: notice.fields}
        _log.log(
            _LEVELS[notice.level], "%s", notice.text, extra={**extra, SCREEN: screen, SHOWN: not is_shown}
        )
        if self._live is not None and is_shown and notice.level is not Level.DEBUG:
            self._live.say(screen)

    def show(self, view: View) -> None:
        """Log each analysis once; the terminal shows as many as eyes can follow."""
        for new in self._screen.new_analyses(view):
            self._log_analysis(new)

    def _health(self) -> dict[str, Any]:
        return {**_what_runs(self._setup), **self._vitals()}

    def _log_analysis(self, new: NewAnalysis) -> None:
        facts = (("score", new.analysis.score), *new.analysis.breakdown)
        _log.info(
            "%s",
            self._screen.plain_analysis(new),
            extra={
                KIND: "analysis",
                SYMBOL: new.symbol.symbol,
                FIELDS: tuple((name, repr(value)) for name, value in facts),
                SCREEN: self._screen.analysis(new),
                SHOWN: not new.shown,
            },
        )


def _nobody(notice: Notice) -> None:
    """Nobody else wants to hear of notices."""


class ShownViews(ViewHolder):
    """The place of the newest view; whatever is new in it is shown as well."""

    def __init__(self) -> None:
        super().__init__()
        self.console: Console | None = None

    def publish(self, view: View) -> None:
        """Replace the view and show what is new."""
        super().publish(view)
        if self.console is not None:
            self.console.show(view)


def _what_runs(setup: Setup) -> dict[str, str]:
    config = setup.config
    prices = " (prices are simulated)" if config.mode == "demo" and not config.demo.data else ""
    return {"running": f"whalebot {__version__}, mode {config.mode}{prices}, interval {config.interval}"}


def first_screen(setup: Setup) -> Iterator[str]:
    """Yield what is about to run: mode, files, whose prices and whose money, costs."""
    config = setup.config
    symbols = ", ".join(config.traded_symbols)
    yield f"whalebot {__version__}, mode {config.mode}, {symbols}, interval {config.interval}"
    yield f"files in {setup.paths.dir}; times here are {config.timezone}, in the files UTC"
    if config.mode == "demo":
        demo = config.demo
        source = f"played from {len(demo.data)} file(s)" if demo.data else f"simulated (seed {demo.seed})"
        pace = "as fast as it can" if demo.speed == "max" else f"{demo.speed:g} times real time"
        yield f"prices are {source}, {pace}; no real order is placed"
    elif config.mode in ("replay", "paper"):
        yield "orders are simulated in this process; no real order is placed"
    else:
        host = urlsplit(endpoints_of(config).rest_url).netloc
        money = "mode live trades REAL MONEY: " if config.mode == "live" else ""
        yield f"{money}orders go to {host}, to the account of the key in .env or the environment"
    if not config.trade_management.enabled:
        yield "signals only: trade_management.enabled is false, no order will be placed"
    fees = 2 * config.trade_management.trading_fee_percent
    yield (
        f"a round trip costs {fees:g} % in fees, and slippage; its share of the risk (R) is told with the "
        "first bar"
    )
    yield "the default configuration is a demonstration, not an edge: expect it to lose money after costs"
