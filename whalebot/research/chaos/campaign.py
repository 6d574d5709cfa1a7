"""One run of a campaign: carries out a schedule, lets the daemon come to rest, and has it judged."""

from __future__ import annotations

import heapq
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

from whalebot.domain.intervals import DAY_MS
from whalebot.engine.sync import IN_FLIGHT
from whalebot.research.chaos.epilogue import settle
from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.judge import Verdict, judge, read_books, requests_are_paced
from whalebot.research.chaos.ledger import Ledger, read_ledger
from whalebot.research.chaos.reach import excused_spans, ready_moments
from whalebot.research.chaos.recovery import agreed_in_time
from whalebot.research.chaos.rig import MODE, Rig
from whalebot.research.chaos.schedule import Action, Kind, Schedule
from whalebot.research.chaos.struck import faults_set, faults_struck
from whalebot.research.chaos.trail import trail_holds
from whalebot.runtime.backlog import MAX_BOOK_DELTAS

_POLL_S: Final = 0.02
_MOMENT_POLL_S: Final = 0.004
_LONGEST_MOMENT_S: Final = 2.0
# The comparison with the venue, every minute, is what the slowest recovery waits for.
_READY_S: Final = 80.0
_MOST_REQUESTS: Final = 30
_MOST_MIB: Final = 150.0
# Beside the changes of order books, whose number is bounded for each symbol.
_MOST_WAITING: Final = 2_000
_CLOSING: Final = Counter({"drop_streams": 1})
_ENOUGH: Final = 0.75
_EXTRA_S: Final = 40.0
# It comes and goes with every order.
_NO_BLOCK: Final = {IN_FLIGHT}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one seed brought. `days` of market time were really played; `findings` empty: all is well.

    `faults` were set and `struck` are those of them that did something, by kind. `peak_mib` is the most that
    any daemon held, `high_water` the most events that waited for its engine, `wait_ms` the longest real time
    until it agreed with the venue while nothing was broken.
    """

    schedule: Schedule
    findings: tuple[str, ...]
    folder: Path
    days: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    starts: Counter[str] = field(default_factory=Counter)
    verdict: Verdict | None = None
    struck: Counter[str] = field(default_factory=Counter)
    cpu_s: float = 0.0
    peak_mib: float = 0.0
    high_water: int = 0
    wait_ms: int = 0
    took_s: float = 0.0

    @property
    def is_weak(self) -> bool:
        """True where little was put to the test: no trade, or less than half of the days asked for."""
        is_idle = self.verdict is None or not self.verdict.trades
        return is_idle or self.days < self.schedule.days / 2


class Halted(Exception):
    """Somebody asked the campaign to stop."""


def run_schedule(
    schedule: Schedule,
    folder: Path,
    market: dict[str, Any],
    halted: threading.Event,
    zygote: Zygote | None = None,
) -> Outcome:
    """Run one schedule in a new folder and judge it; `zygote` starts its processes, None: plain commands do.

    Raises Halted, and OSError where nothing starts.
    """
    started_s = time.monotonic()
    rig = Rig(folder, schedule, market, zygote)
    try:
        run = _Run(rig, schedule, halted)
        days = run.play()
        rig.stop_daemon()
        settle(rig, run.breathe)
    finally:
        rig.close()
    ledger = read_ledger(rig.venue.log)
    verdict = _judge(rig, ledger)
    wait_ms = rig.longest_wait_ms(ledger.faults)
    return Outcome(
        schedule=schedule,
        findings=(
            *rig.findings,
            *verdict.findings,
            *requests_are_paced(ledger, _MOST_REQUESTS),
            *trail_holds(rig.daemon_folder),
            *agreed_in_time(wait_ms),
            *_is_small(rig, schedule),
        ),
        folder=folder,
        days=days,
        # The rig's own drop at the end is none of the schedule's.
        faults=faults_set(ledger.faults) - _CLOSING + run.done,
        struck=faults_struck(ledger.faults) - _CLOSING + run.done,
        deaths=rig.deaths,
        starts=Counter({"plain" if zygote is None else "forked": rig.starts + rig.venue.starts}),
        verdict=verdict,
        cpu_s=rig.cpu_s,
        peak_mib=rig.peak_mib,
        high_water=rig.high_water,
        wait_ms=wait_ms,
        took_s=time.monotonic() - started_s,
    )


def _is_small(rig: Rig, schedule: Schedule) -> Iterator[str]:
    if rig.peak_mib > _MOST_MIB:
        yield f"a daemon held {rig.peak_mib:.0f} MiB"
    if rig.high_water > (bound := MAX_BOOK_DELTAS * len(schedule.symbols) + _MOST_WAITING):
        yield f"{rig.high_water} events waited for the engine, more than {bound}"


def _judge(rig: Rig, ledger: Ledger) -> Verdict:
    ready = ready_moments(rig.daemon_folder)
    excused = excused_spans(ledger, rig.down_spans(ready), ready)
    return judge(ledger, read_books(rig.daemon_folder, MODE, excused=excused))


class _Run:
    """Plays a schedule in real time. What was begun and must end later waits in a heap beside the actions."""

    def __init__(self, rig: Rig, schedule: Schedule, halted: threading.Event) -> None:
        self._rig = rig
        self._schedule = schedule
        self._halted = halted
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._started_s = 0.0
        self._sick_disks = 0
        self._paused = 0
        self.done: Counter[str] = Counter()

    def play(self) -> float:
        """Start, trade under the schedule, come to rest; return the market days that passed."""
        rig = self._rig
        rig.open_venue()
        rig.write_config()
        rig.start_daemon()
        self._await_ready("after the start")
        first_ms = int(rig.venue.state()["sim_ms"])
        self._started_s = time.monotonic()
        for action in self._schedule.actions:
            self._plan(action.at_s, partial(self._act, action))
        while self._queue or self._now_s() < self._schedule.lasts_s:
            self._work_until(self._queue[0][0] if self._queue else self._schedule.lasts_s)
        days = self._play_on(first_ms)
        self._await_ready("after the last fault")
        # Messages may have been lost: what a new private stream asks for brings both to one mind now.
        rig.venue.strike([{"do": "drop_streams", "channel": "private"}])
        self._await_agreement()
        self._await_ready("after the last stream")
        return days

    def _play_on(self, first_ms: int) -> float:
        """A market that waited for the daemon makes up for it, in reason; return the days that passed."""
        deadline_s = time.monotonic() + _EXTRA_S
        while True:
            days = (int(self._rig.venue.state()["sim_ms"]) - first_ms) / DAY_MS
            if days >= self._schedule.days * _ENOUGH or time.monotonic() > deadline_s:
                return days
            self.breathe(0.1)

    def _now_s(self) -> float:
        return time.monotonic() - self._started_s

    def _plan(self, at_s: float, step: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (at_s, next(self._numbers), step))

    def _work_until(self, at_s: float) -> None:
        """Wait for the moment of the next step, looking after the daemon meanwhile, and take it."""
        while self._now_s() < at_s:
            self.breathe(min(_POLL_S, at_s - self._now_s()))
        if self._queue and self._queue[0][0] <= self._now_s():
            heapq.heappop(self._queue)[2]()

    def breathe(self, seconds: float) -> None:
        """Wait; a daemon that has ended meanwhile is started again. Raises Halted."""
        if self._halted.wait(max(0.0, seconds)):
            raise Halted
        if self._paused or self._rig.look_after_daemon():
            return
        # As a service manager would; the owner has read what it said and mended the disk.
        self._rig.mend_disk()
        self._rig.start_daemon()

    # --- actions --------------------------------------------------------------------------------------

    def _act(self, action: Action) -> None:
        if action.kind is Kind.FAULT:
            self._rig.venue.strike(action.faults)
            if action.ending:
                self._later(action.lasts_s, lambda: self._rig.venue.strike(action.ending))
            return
        self._await_moment(action)
        self.done[action.kind.value] += 1
        {
            Kind.KILL: self._kill,
            Kind.RESTART: self._restart,
            Kind.FREEZE: self._freeze,
            Kind.DISK_FULL: self._disk_full,
            Kind.READ_ONLY: self._read_only,
            Kind.EXCHANGE_RESTART: self._exchange_restart,
        }[action.kind](action.lasts_s)

    def _later(self, seconds: float, step: Callable[[], None]) -> None:
        self._plan(self._now_s() + seconds, step)

    def _await_moment(self, action: Action) -> None:
        if action.moment != "now":
            seen = self._rig.venue.state()["log_number"]
            deadline_s = self._now_s() + _LONGEST_MOMENT_S
            while self._now_s() < deadline_s:
                kinds, seen = self._rig.venue.happened(seen)
                if action.moment in kinds:
                    break
                self.breathe(_MOMENT_POLL_S)
        if action.delay_s:
            self.breathe(action.delay_s)

    def _kill(self, lasts_s: float) -> None:
        self._rig.kill_daemon()
        self._away(lasts_s)

    def _restart(self, lasts_s: float) -> None:
        self._rig.stop_daemon()
        self._away(lasts_s)

    def _away(self, lasts_s: float) -> None:
        """The daemon is dead for a while; whoever else wants it meanwhile finds nobody."""
        self._paused += 1

        def back() -> None:
            self._paused -= 1

        self._later(lasts_s, back)

    def _freeze(self, lasts_s: float) -> None:
        self._rig.freeze_daemon()
        self._later(lasts_s, self._rig.thaw_daemon)

    def _disk_full(self, lasts_s: float) -> None:
        self._sicken(self._rig.fill_disk, lasts_s)

    def _read_only(self, lasts_s: float) -> None:
        self._sicken(self._rig.forbid_disk, lasts_s)

    def _sicken(self, begin: Callable[[], None], lasts_s: float) -> None:
        self._sick_disks += 1
        begin()

        def mend() -> None:
            self._sick_disks -= 1
            if not self._sick_disks:
                self._rig.mend_disk()

        self._later(lasts_s, mend)

    def _exchange_restart(self, lasts_s: float) -> None:
        self._rig.venue.stop()
        # Nothing else can be done to an exchange that is away: wait here, looking after the daemon.
        until_s = self._now_s() + lasts_s
        while self._now_s() < until_s:
            self.breathe(_POLL_S)
        self._rig.venue.start()

    # --- rest -----------------------------------------------------------------------------------------

    def _await_agreement(self) -> None:
        """Wait until the daemon says once more that it agrees with the venue."""
        before, deadline_s = len(ready_moments(self._rig.daemon_folder)), time.monotonic() + _READY_S
        while time.monotonic() < deadline_s:
            if len(ready_moments(self._rig.daemon_folder)) > before:
                return
            self.breathe(0.1)

    def _await_ready(self, when: str) -> None:
        """Wait until the daemon may trade every symbol; one that never does is a finding."""
        deadline_s = time.monotonic() + _READY_S
        view: dict[str, Any] | None = None
        while time.monotonic() < deadline_s:
            view = self._rig.ask_daemon()
            if view is not None and not view["manual_pause"] and _NO_BLOCK.issuperset(view["blocked_by"]):
                return
            self.breathe(0.1)
        blocked = "it gives no view" if view is None else ", ".join(view["blocked_by"]) or "no reason given"
        self._rig.findings.append(f"not tradable {_READY_S:g} s {when}: {blocked}")
