"""Weeks of trading in minutes: does anything grow, does anything get slower?

python -m benchmarks.bench_soak [--minutes 10] [--speed 3000] [--symbols 1] [--keep DIR]

The daemon runs as a process on its accelerated local exchange and trades much. All the while its memory,
threads, file handles (from /proc), queues and loop (from its status) and files are sampled. A slope is that
of a straight line through the samples after the warm-up, per simulated week. What counts real time
(reconciliation, pings) is not accelerated.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.bench_memory import resident_mb
from benchmarks.figures import Figure, percentile, table, tell
from whalebot.adapters.control.client import ask
from whalebot.adapters.logs.files import FILE_BYTES, OLD_FILES
from whalebot.app.paths import find_paths
from whalebot.domain.errors import ConfigError, TransportError
from whalebot.domain.listings import first_listings

GROUP = "long run ({weeks:.1f} simulated weeks, {trades} trades, {minutes:.0f} minutes)"
ROOT = Path(__file__).absolute().parents[1]
WEEK_MS = 7 * 86_400_000
WARM_UP = 0.25
"""Share of the samples in which caches and windows may still fill."""
MB = 2**20
SHARE = -1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The daemon at one moment. Memory in MB; `loop_us` is CPU of the loop an event, since the last one."""

    market_ms: int
    resident_mb: float
    exchange_mb: float
    threads: int
    handles: int
    depth: int
    jobs: int
    loop_us: float
    log_bytes: int
    exchange_log_bytes: int
    state_bytes: int
    exchange_state_bytes: int
    history_bytes: int
    trades: int
    lost: int


def config_of(symbols: int, speed: float) -> dict[str, object]:
    """Return a configuration that trades often, in small sizes, and is never paused by its losses."""
    return {
        "mode": "demo",
        "symbols": [row.instrument.symbol for row in first_listings(symbols)],
        "interval": "5",
        "signal_score_threshold": 1.0,
        "demo": {"speed": speed},
        "trade_management": {
            "account_balance": 1_000_000,
            "risk_per_trade_percent": 0.02,
            "max_total_positions": symbols,
        },
        "risk_guardrails": {
            "max_consecutive_losses": 1000,
            "max_day_loss_pct": 90,
            "max_drawdown_pct": 90,
            "max_orders_per_minute": 600,
        },
    }


@contextlib.contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the daemon of a folder; end it in order."""
    arguments = ("run", "-q", "--dir", str(folder))
    with (folder / "output.txt").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.timed_daemon", str(folder / "costs"), *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        finally:
            process.kill()
            process.wait()


class Sampler:
    """Takes samples of one daemon."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder = folder
        self._paths = find_paths(str(folder), None)
        self._pid = pid
        self._events = 0
        self._busy_ns = 0

    def take(self) -> Sample | None:
        """Return how the daemon is now, None while it does not answer yet. Raises TransportError, OSError."""
        try:
            answer = ask(self._paths.control_socket, "status", place=self._paths.control_socket_place)
        except ConfigError:
            return None
        view, health = answer["view"], answer["health"]
        if view is None or "loop" not in health:
            return None
        loop, process = health["loop"], Path(f"/proc/{self._pid}")
        busy_ns = int((process / "task" / str(self._pid) / "schedstat").read_text().split()[0])
        mean_us = (busy_ns - self._busy_ns) / 1000 / max(1, loop["events"] - self._events)
        self._events, self._busy_ns = loop["events"], busy_ns
        children = (process / "task" / str(self._pid) / "children").read_text().split()
        logs = self._folder / "logs"
        return Sample(
            market_ms=view["now_ms"],
            resident_mb=resident_mb(self._pid),
            exchange_mb=sum(resident_mb(int(child)) for child in children),
            threads=len(os.listdir(process / "task")),
            handles=len(os.listdir(process / "fd")),
            depth=health["inbox"]["depth"],
            jobs=health["jobs_waiting"],
            loop_us=mean_us,
            log_bytes=_size(logs, "whalebot.log*", "events.jsonl*"),
            exchange_log_bytes=_size(logs, "exchange*"),
            # The audit trail grows by what is done, like the history.
            state_bytes=_size(self._folder / "state", "[!a]*"),
            exchange_state_bytes=_size(self._folder / "state" / "exchange", "*"),
            history_bytes=_size(self._folder, "trade_history.json"),
            trades=view["trades_closed"],
            lost=health["log_records_lost"],
        )


def _size(folder: Path, *patterns: str) -> int:
    found = 0
    for pattern in patterns:
        for path in folder.glob(pattern):
            # A file may be renamed between the listing and the look at it.
            with contextlib.suppress(FileNotFoundError):
                found += path.stat().st_size if path.is_file() else 0
    return found


def run(folder: Path, minutes: float, symbols: int, speed: float) -> tuple[list[Sample], list[int]]:
    """Run for so many minutes; return the samples and the cost of each closed bar in ns.

    Raises RuntimeError where the daemon ended before.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config_of(symbols, speed)))
    samples: list[Sample] = []
    gap_s = max(1.0, minutes * 60 / 240)
    with running(folder) as process:
        sampler = Sampler(folder, process.pid)
        end_s = time.monotonic() + minutes * 60
        while time.monotonic() < end_s:
            time.sleep(gap_s)
            if process.poll() is not None:
                raise RuntimeError(f"the daemon ended: {(folder / 'output.txt').read_text()[-2000:]}")
            with contextlib.suppress(TransportError):
                sample = sampler.take()
                samples += [] if sample is None else [sample]
    (folder / "samples.json").write_text(json.dumps([asdict(sample) for sample in samples]))
    costs = array("Q")
    costs.frombytes((folder / "costs").read_bytes())
    return samples, list(costs)


def slope(samples: Sequence[Sample], name: str) -> float:
    """Return how a value of the samples grows per simulated week."""
    weeks = [sample.market_ms / WEEK_MS for sample in samples]
    values = [float(getattr(sample, name)) for sample in samples]
    return float(np.polyfit(np.subtract(weeks, weeks[0]), values, 1)[0])


def judge(samples: Sequence[Sample], costs_ns: Sequence[int], minutes: float) -> list[Figure]:
    """Return the figures of a run. Raises RuntimeError where there is too little to judge."""
    steady = samples[int(len(samples) * WARM_UP) :]
    if len(steady) < 8 or len(costs_ns) < 100:
        raise RuntimeError(f"too short a run: {len(samples)} samples, {len(costs_ns)} closed bars")
    weeks = (samples[-1].market_ms - samples[0].market_ms) / WEEK_MS
    group = GROUP.format(weeks=weeks, trades=samples[-1].trades, minutes=minutes)
    found = [Figure(group, "simulated weeks", weeks, ""), Figure(group, "trades", samples[-1].trades, "")]
    for name, text, unit, scale, goal in _GROWTH:
        first = getattr(steady[0], name) / scale
        last = getattr(steady[-1], name) / scale
        most = 0.01 * first if goal == SHARE else goal
        growth = slope(steady, name) / scale
        found.append(Figure(group, f"{text}: {first:.4g} -> {last:.4g}, slope/week", growth, unit, most))
    most_logs = max(sample.log_bytes for sample in samples) / MB
    found += [
        Figure(group, "log files, most they hold", most_logs, "MB", _LOG_BOUND_MB),
        Figure(group, "log records lost", samples[-1].lost, "", 0),
        Figure(group, "queue depth, p99", percentile([s.depth for s in steady], 0.99), "", 500),
        Figure(group, "history, bytes a trade", samples[-1].history_bytes / max(1, samples[-1].trades), "B"),
    ]
    return found + _latency(group, costs_ns)


_GROWTH: tuple[tuple[str, str, str, float, float | None], ...] = (
    ("resident_mb", "memory", "MB", 1, SHARE),
    ("exchange_mb", "memory of the demo's exchange", "MB", 1, None),
    ("threads", "threads", "", 1, 0.5),
    ("handles", "file handles", "", 1, 0.5),
    ("depth", "queue depth", "", 1, 5),
    ("jobs", "jobs waiting", "", 1, 1),
    ("state_bytes", "state folder, audit trail apart", "kB", 1000, 1),
    ("exchange_state_bytes", "state of the demo's exchange", "kB", 1000, None),
    ("log_bytes", "logs", "MB", MB, None),
    ("exchange_log_bytes", "logs of the demo's exchange", "MB", MB, None),
    ("history_bytes", "history", "kB", 1000, None),
    ("loop_us", "loop (CPU), an event", "us", 1, None),
)
"""Field, name, unit, what one unit is, and the most it may grow a simulated week (SHARE: by 1 %)."""
_LOG_BOUND_MB = 2 * (OLD_FILES + 1) * FILE_BYTES / MB + 1


def _latency(group: str, costs_ns: Sequence[int]) -> list[Figure]:
    quarter = len(costs_ns) // 4
    early, late = costs_ns[quarter : 2 * quarter], costs_ns[-quarter:]
    found = []
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        before, after = percentile(early, share) / 1e6, percentile(late, share) / 1e6
        text = f"closed bar (CPU) {name}, second quarter"
        found.append(Figure(group, text, before, "ms"))
        found.append(Figure(group, f"closed bar (CPU) {name}, last quarter", after, "ms", 1.3 * before))
    return found


def figures(
    minutes: float = 10.0, symbols: int = 1, speed: float = 3000.0, keep: Path | None = None
) -> list[Figure]:
    """Measure."""
    with tempfile.TemporaryDirectory() as name:
        samples, costs_ns = run(keep or Path(name), minutes, symbols, speed)
    found = judge(samples, costs_ns, minutes)
    missed = [figure.name for figure in found if figure.verdict == "MISSED"]
    tell(f"long run: {'nothing grows' if not missed else 'look at ' + '; '.join(missed)}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="real time")
    parser.add_argument("--speed", type=float, default=3000.0, help="market seconds in a real one")
    parser.add_argument("--symbols", type=int, default=1, help="how many are traded")
    parser.add_argument("--keep", type=Path, help="leave the daemon's files in this folder")
    given = parser.parse_args()
    print(table(figures(given.minutes, given.symbols, given.speed, given.keep)))
