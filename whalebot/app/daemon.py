"""One run of the daemon: puts the rooms together, lets the loop run, and ends everything in order."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from whalebot.adapters.alerts.system import AlertSystem
from whalebot.adapters.storage.history import TradeHistory
from whalebot.adapters.storage.lock import FolderLock
from whalebot.adapters.storage.state import StateFile
from whalebot.app.alerting import open_alerts, tell_notice
from whalebot.app.audit import DaemonAudit
from whalebot.app.console import Console, ShownViews
from whalebot.app.engine_setup import engine_settings
from whalebot.app.exits import CLEAN, EXCHANGE, LEASE_LOST, explanation
from whalebot.app.figures import Figures
from whalebot.app.halting import EarlyStop, Halt
from whalebot.app.lease import LeaseRoom
from whalebot.app.lock_holder import LockWatch
from whalebot.app.observers import Observers
from whalebot.app.recording import recorded
from whalebot.app.reload import Reloader
from whalebot.app.run_options import RunOptions
from whalebot.app.setup import Setup
from whalebot.app.supervisor import Supervisor
from whalebot.app.troubles import Troubles
from whalebot.app.venue import Venue, VenueParts
from whalebot.app.venue_check import VenueCheck
from whalebot.app.vitals import Vitals
from whalebot.app.web.room import RunningParts, WebRoom
from whalebot.app.wiring import make_venue, new_run_id, ret_codes
from whalebot.domain.effects import Notice
from whalebot.domain.enums import Level
from whalebot.domain.state import StateDocument
from whalebot.runtime.clock import SystemClock
from whalebot.runtime.inbox import Inbox
from whalebot.runtime.lanes import LanePorts, Lanes, LaneSettings
from whalebot.runtime.lifecycle import Phase, ThreadWatch, shut_down
from whalebot.runtime.loop import EXIT_BUG, EngineLike, Loop, LoopEnd, LoopOutputs
from whalebot.runtime.saving import save_last
from whalebot.runtime.signals import SignalWatch
from whalebot.runtime.tally import CountedEngine, Tally

if TYPE_CHECKING:
    from whalebot.engine.engine import Engine

_log = logging.getLogger("whalebot")
_STOP_LIMIT_S = 4.0
_SHUTDOWN_S = 4.5
_NOT_SAVED = "the last state of this run could not be saved, the next one begins with the save before it"
_MOST_EXIT_WORKERS = 16
# A busy stream may keep the loop waiting this long for its turn at the interpreter; Python's default, ten
# times as much, is felt by account events at thousands of frames a second.
_SWITCH_S = 0.0005


class Daemon:
    """Owns the parts of one run. Built, run once and thrown away; main thread only."""

    def __init__(self, setup: Setup, options: RunOptions) -> None:
        self._setup = setup
        self._options = options
        self._clock = SystemClock()
        self._inbox = Inbox()
        self._views = ShownViews()
        self._watch = ThreadWatch()
        self._halt = Halt()
        self._troubles: Troubles | None = None
        self._alerts: AlertSystem | None = None
        self._observers: Observers | None = None
        self._tally = Tally(keeps_time=False)
        self._failure = ""
        self._tell_news: Callable[[], None] = _nothing_new
        self._lock_lost: Callable[[], str] = str
        self._reloader: Reloader | None = None
        self._console = Console(setup, self._views, self._inbox, self._clock, options)
        self._views.console = self._console
        self._audit = DaemonAudit(setup, options, self._clock, self._console.notice)
        self._web = WebRoom(setup, self._inbox, self._clock)
        self._console.hear = self._web.say
        self._lease = LeaseRoom(setup, self._clock, self._console.notice)

    def run(self) -> int:
        """Trade until told to stop; return the exit code. Raises ConfigError, AuthError, VenueFatal."""
        paths = self._setup.paths
        paths.prepare()
        with FolderLock(paths.lock), self._console, contextlib.ExitStack() as stack:
            self._lock_lost = LockWatch(paths.lock).lost
            stack.enter_context(self._audit)
            self._listen(stack)
            self._console.announce()
            self._web.open()
            stack.callback(self._web.stop)
            history = TradeHistory.open(paths.history, write_ahead=paths.write_ahead)
            venue = make_venue(
                VenueParts(self._setup, self._inbox, self._clock, self._say, self._options, self._lease.check)
            )
            stack.callback(venue.stop)
            states = StateFile(paths.state_file(self._setup.config.mode))
            # Also where nothing of it is used: over one that nobody can read, none is saved.
            known = states.load()
            state = known if known and venue.keeps_account else StateDocument(run_id=new_run_id())
            alerts = self._alerts = open_alerts(self._setup, self._clock)
            stack.callback(alerts.stop)
            self._observers = stack.enter_context(self._observe(alerts))
            self._audit.alert = alerts.send
            self._tell_news = partial(self._tell_stores, history, states, alerts)
            self._tell_news()
            stack.push(partial(self._tell_the_end, alerts))
            alerts.send(Level.INFO, "whalebot has started", self._who(), "started")
            self._reloader = Reloader(
                self._setup, self._inbox, self._clock, venue, self._console.set_level, self._audit
            )
            stack.callback(self._lease.stop)
            self._wait_for(venue)
            if self._halt.told.is_set():
                return self._end_early()
            # Here, because in demo it is imported while the exchange starts.
            from whalebot.engine.engine import Engine

            settings = engine_settings(self._setup.config, venue.feed)
            engine = Engine(settings, state)
            stopped = partial(self._recording_stopped, alerts)
            noted = recorded(engine, self._setup, settings, state, self._clock, stopped, stack)
            self._tally = Tally(keeps_time=venue.feed.max_ahead_ms is not None)
            noted = CountedEngine(self._web.noted(self._audit.noted(noted)), self._tally)
            troubles = self._troubles = Troubles(self._clock, self._console.notice, alerts.send)
            trades = self._observers.trades(history)
            gateways = self._lease.fenced(venue.make_gateway)
            most = self._setup.config.trade_management.max_total_positions
            ports = LanePorts(gateways, venue.make_readers, states, trades, alerts, venue.streams)
            lanes = Lanes(
                ports,
                self._setup.config.traded_symbols,
                self._inbox,
                self._clock,
                troubles.hear,
                ret_codes(),
                # In a panic every position is closed at once, and none waits behind requests that hang.
                LaneSettings(exit_workers=min(max(3, most), _MOST_EXIT_WORKERS)),
            )
            return self._run_loop(engine, noted, lanes, venue, states)

    def _end_early(self) -> int:
        self._audit.reason = f"{self._halt.reason} before the venue had answered"
        self._audit.exit_code = CLEAN
        _log.info("ended: %s", self._audit.reason)
        return CLEAN

    def _observe(self, alerts: AlertSystem) -> Observers:
        record = self._audit.log.record
        return Observers(self._setup, self._clock, self._inbox, self._views.read, alerts, record)

    def _start_observers(self, loop: Loop, lanes: Lanes, venue: Venue, vitals: Vitals) -> None:
        if self._observers is None or self._alerts is None or self._reloader is None:
            return
        figures = Figures(
            self._setup.config,
            self._clock,
            self._views.read,
            self._tally,
            loop,
            self._inbox,
            lanes,
            venue,
            self._alerts,
            self._records_lost,
            self._lease.valid_s,
        )
        self._observers.start(figures)
        parts = RunningParts(
            self._alerts,
            self._audit.log,
            vitals.read,
            figures,
            self._reloader,
            lambda: self._reload("web"),
            lambda: self._console.is_file_refused,
        )
        self._web.start(parts)

    def _listen(self, stack: contextlib.ExitStack) -> None:
        """Hear signals from now on, until everything else has ended."""
        halt, at_once = self._halt, self._console.end_at_once
        sink = EarlyStop(self._inbox, halt)
        signals = SignalWatch(sink, self._clock, self._reload, halt, _STOP_LIMIT_S, at_once)
        signals.start()
        stack.callback(signals.stop)

    def _tell_stores(self, history: TradeHistory, states: StateFile, alerts: AlertSystem) -> None:
        """Say what the files of this run had to be mended for, at the start and ever since. Any thread."""
        for notice in (*history.take_notices(), *states.take_notices()):
            self._console.notice(notice)
            if notice.level is Level.CRITICAL:
                alerts.send(notice.level, "a file was damaged", notice.text, notice.kind)

    def _wait_for(self, venue: Venue) -> None:
        """Another daemon may have the lease, an outage may last; --for and signals end the wait."""
        with self._halt.after(self._options.limit_ms):
            self._lease.wait(self._halt.told, self._console.service.status)
            if not self._halt.told.is_set():
                VenueCheck(venue, self._halt.told).wait()

    def _run_loop(
        self, engine: Engine, noted: EngineLike, lanes: Lanes, venue: Venue, states: StateFile
    ) -> int:
        supervisor = Supervisor(
            self._inbox,
            self._clock,
            self._watch,
            venue.data_ended if self._options.until_end else lambda: "",
            lambda: venue.broken() or self._lock_lost(),
            self._options.limit_ms,
            self._lease.watching(self._tell_news, self._halt, self._alert),
        )

        def progress() -> None:
            self._console.progress()
            self._web.progress()
            supervisor.check()

        outputs = LoopOutputs(self._views, self._notice, progress)
        loop = Loop(noted, self._inbox, lanes, self._clock, outputs)
        self._halt.loop = loop
        end: LoopEnd | None = None
        try:
            lanes.start()
            self._lease.senders = lanes.threads
            self._watch.expect((*lanes.threads(), *self._lease.threads()))
            venue.start()
            self._watch.expect(venue.threads())
            vitals = Vitals(
                loop, self._inbox, lanes, self._records_lost, self._audit.figures, self._lease.vitals
            )
            self._console.start(vitals.read)
            supervisor.start()
            self._start_observers(loop, lanes, venue, vitals)
            end = loop.run()
        finally:
            self._console.stopping()
            if self._observers is not None:
                self._observers.close()
            self._web.end()
            supervisor.stop()
            # One that broke off in the middle of an event knows half of it: the last save knows all before.
            broke = end is not None and end.exit_code == EXIT_BUG
            is_saved = self._shut_down(lanes, venue, states, None if broke else engine)
        return self._exit_code(end, supervisor.failure or ("" if is_saved else _NOT_SAVED))

    def _exit_code(self, end: LoopEnd, failure: str) -> int:
        """Tell how the run ended; `failure` is what went wrong outside the loop, "" for nothing."""
        fatal = self._troubles.fatal if self._troubles is not None else None
        if fatal is not None:
            raise fatal
        level = logging.ERROR if failure else logging.INFO
        _log.log(level, "ended: %s", failure or end.reason)
        self._audit.reason = failure or end.reason
        if failure or end.exit_code != CLEAN:
            self._failure = f"; {failure or end.reason}"
        code = EXCHANGE if failure and end.exit_code == 0 else end.exit_code
        if code == CLEAN and self._lease.lost():
            code, self._failure = LEASE_LOST, f"; {end.reason}"
        self._audit.exit_code = code
        return code

    def _shut_down(self, lanes: Lanes, venue: Venue, states: StateFile, engine: Engine | None) -> bool:
        """End the rooms; True where the last state is on disk, or was not to be saved."""

        def save(limit_s: float) -> bool:
            return engine is None or save_last(engine.final_document(), states, self._clock, limit_s)

        *_, state = shut_down(
            (
                Phase("lanes", lanes.drain, 1.5),
                Phase("streams", lambda _: venue.close_streams(), 1.5),
                Phase("lanes' end", lanes.stop, 1.0),
                Phase("state", save, 1.0),
            ),
            _SHUTDOWN_S,
        )
        return not state.problem

    def _alert(self, level: Level, title: str, text: str, kind: str) -> None:
        if self._alerts is not None:
            self._alerts.send(level, title, text, kind)

    def _recording_stopped(self, alerts: AlertSystem, reason: str) -> None:
        """Trading goes on without a journal. Any thread."""
        self._console.notice(Notice(Level.CRITICAL, "recording_stopped", f"recording has stopped: {reason}"))
        alerts.send(
            Level.CRITICAL, "whalebot records no more", f"{reason}; trading goes on", "recording_stopped"
        )

    def _reload(self, actor: str = "SIGHUP") -> bool:
        """Take the file over; False where it was refused. Any thread."""
        if self._reloader is None:
            # The file was read a moment ago.
            return True
        with self._console.service.reloading():
            taken = self._reloader.reload(actor)
            self._console.is_file_refused = not taken
        return taken

    def _records_lost(self) -> int:
        return self._console.records_lost

    def _notice(self, notice: Notice) -> None:
        """Log what the engine has to say, and tell people of it where they want to know."""
        self._console.notice(notice)
        if self._alerts is not None:
            tell_notice(self._alerts, notice)

    def _who(self) -> str:
        config = self._setup.config
        return f"mode {config.mode}, {', '.join(config.traded_symbols)}, files in {self._setup.paths.dir}"

    def _tell_the_end(self, alerts: AlertSystem, *error: object) -> None:
        reason = f"; {explanation(error[1])}" if isinstance(error[1], BaseException) else ""
        level = Level.CRITICAL if reason or self._failure else Level.INFO
        alerts.send(level, "whalebot has ended", f"{self._who()}{reason or self._failure}", "ended")

    def _say(self, text: str) -> None:
        self._console.notice(Notice(Level.WARNING, "note", text))


def _nothing_new() -> None:
    """Before the files are open there is nothing to tell."""


def run_daemon(setup: Setup, options: RunOptions) -> int:
    """Run the daemon of a checked set-up; return its exit code."""
    sys.setswitchinterval(_SWITCH_S)
    return Daemon(setup, options).run()
