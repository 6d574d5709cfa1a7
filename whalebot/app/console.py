"""Everything the daemon says: logs, terminal, control socket, service manager, heartbeat."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Final
from zoneinfo import ZoneInfo

from whalebot import __version__
from whalebot.adapters.alerts.heartbeat import Heartbeat
from whalebot.adapters.logs.formats import FIELDS, KIND, SCREEN, SHOWN, SYMBOL
from whalebot.adapters.logs.system import LogSettings, LogSystem, wants_colour
from whalebot.adapters.terminal.lines import analysis_line, notice_line
from whalebot.adapters.terminal.live import LiveTable
from whalebot.adapters.terminal.palette import Palette, coloured
from whalebot.app.run_options import RunOptions
from whalebot.app.setup import Setup
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level, Signal
from whalebot.domain.view import SymbolView, View
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
# An accelerated market closes several bars a second; nobody reads more than one quiet line a second.
_QUIET_GAP_MS: Final = 1_000


class Console:
    """A context: logging works inside it. `notice`, `show` and `progress` belong to the loop's thread."""

    def __init__(
        self, setup: Setup, views: ViewHolder, inbox: Inbox, clock: Clock, options: RunOptions
    ) -> None:
        self._setup = setup
        self._views = views
        self._inbox = inbox
        self._clock = clock
        self._options = options
        self._stack = ExitStack()
        self._palette = Palette()
        self._shown_bars: dict[str, int] = {}
        self._shown_at: dict[str, int] = {}
        self._zone = ZoneInfo(setup.config.timezone)
        self._heartbeat: Heartbeat | None = None
        self._live: LiveTable | None = None

    def __enter__(self) -> Console:
        paths, options = self._setup.paths, self._options
        level = logging.WARNING if options.quiet else logging.DEBUG if options.verbose else logging.INFO
        if wants_colour(sys.stdout, self._setup.environment.process):
            self._palette = coloured()
        logs = LogSystem(
            LogSettings(
                paths.log,
                paths.event_log,
                getattr(logging, self._setup.config.logging.level),
                None if options.view else sys.stdout,
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
        self._stack.close()

    def announce(self) -> None:
        """Say what is about to run, and what nobody should believe of it."""
        for note in self._setup.notes:
            _log.warning("%s", note)
        for line in _first_screen(self._setup):
            screen = self._palette.paint(self._palette.note, line)
            _log.info("%s", line, extra={KIND: "start", SCREEN: screen})

    def start(self) -> None:
        """The loop is about to run."""
        if self._options.view:
            self._live = LiveTable(self._views.read, self._zone)
            self._live.start()
            self._stack.callback(self._live.stop)
        url = self._setup.config.alerts.heartbeat_url
        if url is not None and self._setup.config.alerts.enabled:
            self._heartbeat = Heartbeat(url.get_secret_value())
            self._stack.callback(self._heartbeat.stop)

    def progress(self) -> None:
        """The loop went round."""
        if self._heartbeat is not None:
            self._heartbeat.beat()

    def stopping(self) -> None:
        """The loop has ended: the last picture stays on the screen."""
        if self._live is not None:
            self._live.stop()

    def notice(self, notice: Notice) -> None:
        """Log a notice of the engine."""
        _log.log(
            _LEVELS[notice.level],
            "%s",
            notice.text,
            extra={
                KIND: notice.kind,
                SYMBOL: notice.symbol,
                FIELDS: notice.fields,
                SCREEN: notice_line(notice, self._palette),
            },
        )

    def show(self, view: View) -> None:
        """Log each analysis once; on the terminal quiet bars at most once a second."""
        for symbol in view.symbols:
            analysis = symbol.analysis
            if analysis is None or self._shown_bars.get(symbol.symbol) == analysis.open_ms:
                continue
            self._shown_bars[symbol.symbol] = analysis.open_ms
            facts = (("score", analysis.score), *analysis.breakdown)
            _log.info(
                "%s",
                analysis_line(symbol, view, Palette()),
                extra={
                    KIND: "analysis",
                    SYMBOL: symbol.symbol,
                    FIELDS: tuple((name, repr(value)) for name, value in facts),
                    SCREEN: analysis_line(symbol, view, self._palette),
                    SHOWN: not self._is_worth_showing(symbol),
                },
            )

    def _is_worth_showing(self, symbol: SymbolView) -> bool:
        now = self._clock.now_ms()
        analysis = symbol.analysis
        is_quiet = analysis is not None and analysis.signal is Signal.HOLD
        if is_quiet and now - self._shown_at.get(symbol.symbol, 0) < _QUIET_GAP_MS:
            return False
        self._shown_at[symbol.symbol] = now
        return True


class ShownViews(ViewHolder):
    """The place of the newest view; whatever is new in it is shown as well."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__()
        self.console = console

    def publish(self, view: View) -> None:
        """Replace the view and show what is new."""
        super().publish(view)
        if self.console is not None:
            self.console.show(view)


def _first_screen(setup: Setup) -> Iterator[str]:
    config = setup.config
    symbols = ", ".join(config.traded_symbols)
    yield f"whalebot {__version__}, mode {config.mode}, {symbols}, interval {config.interval}"
    yield f"files in {setup.paths.dir}"
    if config.mode == "demo":
        demo = config.demo
        source = f"{len(demo.data)} file(s)" if demo.data else f"a generated market (seed {demo.seed})"
        pace = "as fast as it can" if demo.speed == "max" else f"{demo.speed:g} times real time"
        yield f"prices are simulated: {source}, {pace}; no real order is placed"
    if not config.trade_management.enabled:
        yield "signals only: trade_management.enabled is false, no order will be placed"
    fees = 2 * config.trade_management.trading_fee_percent
    yield (
        f"a round trip costs {fees:g} % in fees, and slippage; its share of the risk (R) is told with the "
        "first bar. The default configuration is a demonstration, not an edge"
    )
