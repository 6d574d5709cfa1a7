"""One daemon and one exchange under the hands of a schedule: starts, ends, disturbs and mends them."""

from __future__ import annotations

import json
import re
import secrets
import signal
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from whalebot.adapters.control.client import ask
from whalebot.domain.errors import ConfigError, TransportError
from whalebot.research.chaos import disk
from whalebot.research.chaos.books import read_state
from whalebot.research.chaos.forking import Zygote
from whalebot.research.chaos.ledger import Line
from whalebot.research.chaos.process import Child, now_ms
from whalebot.research.chaos.recovery import broken_spans, longest_wait_ms, told, waits
from whalebot.research.chaos.schedule import Schedule
from whalebot.research.chaos.spans import Span
from whalebot.research.chaos.venue import VenueProcess

MODE: Final = "testnet"
"""The mode that speaks to a venue with keys of its own; its addresses are those of the local exchange."""

# The owner mends the disk before the daemon may start: it says so with this code.
_CONFIGURATION: Final = 2
_EXCHANGE_FATAL: Final = 4
# Told to end before it had begun to listen for that.
_UNBORN: Final = -signal.SIGTERM
_KILLED: Final = -signal.SIGKILL
# The command's last words; with them an end is one that the daemon chose.
_REASON: Final = re.compile(rb"^whalebot: .", re.MULTILINE)


class Rig:
    """The processes of one run. `away` are spans of real time in which the daemon was dead or frozen,
    `peak_mib` and `high_water` the most memory that one held and the most events that waited for its engine.
    """

    def __init__(
        self, folder: Path, schedule: Schedule, market: dict[str, Any], zygote: Zygote | None = None
    ) -> None:
        """market: options of `whalebot exchange` that say what it plays, by name. zygote: forks processes."""
        self.folder = folder
        self.daemon_folder = folder / "daemon"
        self.away: list[Span] = []
        self.findings: list[str] = []
        self.deaths: Counter[str] = Counter()
        self.cpu_s = 0.0
        self.peak_mib = 0.0
        self.high_water = 0
        self._begins_ms: list[int] = []
        self._sick: list[Span] = []
        self._sick_ms: int | None = None
        self._schedule = schedule
        self._key, self._secret = f"chaos{secrets.token_hex(6)}", secrets.token_hex(18)
        keys = {"api-key": self._key, "api-secret": self._secret}
        options = {**market, **keys, "speed": f"{schedule.speed:g}", "balance": "100000"}
        self.venue = VenueProcess(folder, options, self.findings, zygote)
        self._zygote = zygote
        self.starts = 0
        self._frozen_ms: int | None = None
        self._is_forbidden = self._was_refused = False
        self.daemon: Child | None = None

    def open_venue(self) -> None:
        """Start the exchange for the first time, its account in the schedule's position mode."""
        self.venue.start()
        if self._schedule.hedged:
            self.venue.hedge(self._key, self._secret)

    # --- the daemon -----------------------------------------------------------------------------------

    def write_config(self, time_scale: float | None = None, **changed: Any) -> None:
        """Write the daemon's configuration and keys; `changed` are settings other than the schedule's."""
        self.daemon_folder.mkdir(parents=True, exist_ok=True)
        host = f"127.0.0.1:{self.venue.port}"
        venue = {
            "rest_url": f"http://{host}",
            "ws_public_url": f"ws://{host}/v5/public/linear",
            "ws_private_url": f"ws://{host}/v5/private",
            "time_scale": self._schedule.speed if time_scale is None else time_scale,
        }
        config = {**self._schedule.settings, **changed, "mode": MODE, "exchange": venue}
        (self.daemon_folder / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
        env = self.daemon_folder / ".env"
        env.write_text(f"BYBIT_API_KEY={self._key}\nBYBIT_API_SECRET={self._secret}\n", encoding="utf-8")
        env.chmod(0o600)

    def start_daemon(self) -> None:
        """Start it in its folder."""
        self._was_refused = self._is_forbidden
        output = self.folder / "daemon.out"
        self._begins_ms.append(now_ms())
        self.daemon = Child(output, "run", "--dir", self.daemon_folder, "-q", zygote=self._zygote)
        self.starts += 1

    def kill_daemon(self) -> None:
        """End it the way a power cut would."""
        if self.daemon is not None and self.daemon.code is None:
            self.thaw_daemon()
            self._end(self.daemon, signal.SIGKILL)
            self._gone(self.daemon, expected={_KILLED})

    def stop_daemon(self, within_s: float = 30.0) -> None:
        """End it in order: it takes five seconds, and several times that on a machine with much to do."""
        daemon = self.daemon
        if daemon is None or daemon.code is not None:
            return
        self.thaw_daemon()
        self._end(daemon, signal.SIGTERM)
        if daemon.wait(within_s) is None:
            # This one lets it write down where each of its threads stands.
            self._end(daemon, signal.SIGABRT)
            daemon.wait(5)
            where = daemon.said()[-3000:].decode(errors="replace")
            self.findings.append(f"the daemon did not end within {within_s:g} s of SIGTERM:\n{where}")
            daemon.signal(signal.SIGKILL)
            self._gone(daemon, expected={-signal.SIGABRT, _KILLED})
        else:
            expected = {0} if self._has_begun(daemon) else {0, _UNBORN}
            # On a sick disk its last state cannot be written, and it says so.
            self._gone(daemon, expected if self._sick_ms is None else {*expected, _EXCHANGE_FATAL})

    def look_after_daemon(self) -> bool:
        """Note an end nobody asked for; return whether it runs. A sick disk may keep it from starting."""
        if self.daemon is None or self.daemon.code is None:
            return self.daemon is not None
        expected = {_CONFIGURATION} if self._was_refused else set()
        if _REASON.search(self.daemon.said()):
            expected.add(_EXCHANGE_FATAL)
        self._gone(self.daemon, expected)
        return False

    def freeze_daemon(self) -> None:
        """Stop its threads where they are, as a suspended machine does."""
        if self.daemon is not None and self.daemon.code is None and self._frozen_ms is None:
            self._frozen_ms = now_ms()
            self.daemon.signal(signal.SIGSTOP)

    def thaw_daemon(self) -> None:
        """Let it go on."""
        if self.daemon is not None and self._frozen_ms is not None:
            self.daemon.signal(signal.SIGCONT)
            self.away.append(Span(self._frozen_ms, now_ms(), "frozen"))
            self._frozen_ms = None

    def fill_disk(self) -> None:
        """Let every write of the daemon fail."""
        self._was_refused = True
        self._sick_ms = self._sick_ms or now_ms()
        if self.daemon is not None:
            disk.fill(self.daemon.pid)

    def forbid_disk(self) -> None:
        """Take its write permissions away."""
        self._is_forbidden = self._was_refused = True
        self._sick_ms = self._sick_ms or now_ms()
        disk.forbid(self.daemon_folder)

    def mend_disk(self) -> None:
        """Let writes work again."""
        self._is_forbidden = False
        if self.daemon is not None:
            disk.empty(self.daemon.pid)
        disk.allow(self.daemon_folder)
        if self._sick_ms is not None:
            self._sick.append(Span(self._sick_ms, now_ms(), "sick disk"))
            self._sick_ms = None

    def ask_daemon(self) -> dict[str, Any] | None:
        """Return the daemon's view, None while it gives none."""
        try:
            state = self.daemon_folder / "state"
            place = state / "control.sock.place"
            answer = ask(state / "control.sock", "status", timeout_s=2.0, place=place)
        except (ConfigError, TransportError, OSError):
            return None
        inbox = answer.get("health", {}).get("inbox")
        if inbox is not None:
            self.high_water = max(self.high_water, inbox["high_water"])
        view = answer.get("view")
        return view if isinstance(view, dict) else None

    def state(self) -> dict[str, Any]:
        """Return the daemon's state document, empty where there is none."""
        return read_state(self.daemon_folder, MODE)

    def close(self) -> None:
        """End every process that is still there; permissions are as before."""
        self.thaw_daemon()
        disk.allow(self.daemon_folder)
        if self.daemon is not None:
            self.daemon.end()
        self.venue.close()

    def longest_wait_ms(self, faults: Iterable[Line]) -> int:
        """Return the longest real time until a daemon agreed with the venue, less what kept it from that."""
        frozen = [span for span in self.away if span.why != "dead"]
        ends_ms = [span.start_ms for span in self.away if span.why == "dead"]
        broken = broken_spans(faults, [*frozen, *self._sick, *self.venue.away])
        return longest_wait_ms(waits(self.daemon_folder, self._begins_ms, ends_ms), broken)

    def down_spans(self, ready_ms: Iterable[int]) -> tuple[Span, ...]:
        """Return the spans without a working daemon: from each end until the next of `ready_ms`."""
        ready = sorted(ready_ms)
        spans = []
        for span in self.away:
            if span.why != "dead":
                spans.append(span)
                continue
            back_ms = next((at for at in ready if at >= span.start_ms), span.end_ms)
            spans.append(Span(span.start_ms, back_ms, span.why))
        return tuple(spans)

    def _has_begun(self, daemon: Child) -> bool:
        return any(at_ms >= daemon.started_ms for at_ms, _ in told(self.daemon_folder, "start"))

    def _end(self, daemon: Child, number: signal.Signals) -> None:
        self.cpu_s += daemon.cpu_s()
        self.peak_mib = max(self.peak_mib, daemon.peak_mib())
        daemon.signal(number)

    def _gone(self, daemon: Child, expected: set[int]) -> None:
        code = daemon.wait(10)
        self.daemon = None
        self.deaths[_named(code)] += 1
        at_ms = now_ms()
        self.away.append(Span(at_ms, at_ms, "dead"))
        if code not in expected:
            tail = daemon.said()[-600:].decode(errors="replace")
            self.findings.append(f"the daemon ended with {_named(code)}: {tail}")


def _named(code: int | None) -> str:
    if code is None:
        return "nothing"
    return signal.Signals(-code).name if code < 0 else f"exit {code}"
