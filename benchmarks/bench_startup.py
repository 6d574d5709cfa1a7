"""Time to start: help, configuration, imports of `run`, and the demo's first analysis.

    python -m benchmarks.bench_startup [--runs 9]

A case is one fresh Python process. CPU is what it and its children used, which other work on the machine
disturbs less than the wall clock.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.figures import Figure, table

GROUP = "starting"
ROOT = Path(__file__).absolute().parents[1]
RUNS, DEMO_RUNS = 7, 5
FIRST_ANALYSIS = re.compile(r"round trip costs [\d.]+ R|score [+-]")
"""The lines that only a finished analysis can lead to."""
SETUP = "import whalebot.app.setup, whalebot.app.daemon"
EVERYTHING = f"{SETUP}, whalebot.app.remote, whalebot.engine.engine"
CASES: tuple[tuple[str, list[str], float | None], ...] = (
    ("python itself", ["-c", "pass"], None),
    ("whalebot --help", ["-m", "whalebot", "--help"], 150.0),
    ("whalebot config check", ["-m", "whalebot", "config", "check"], None),
    ("imports of run until the exchange is launched", ["-c", SETUP], None),
    ("imports of run, all", ["-c", EVERYTHING], None),
    ("for comparison: import pybit.unified_trading", ["-c", "import pybit.unified_trading"], None),
    ("for comparison: import pandas", ["-c", "import pandas"], None),
)


def environment() -> dict[str, str]:
    """Return the environment in which this very source tree is what runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def time_ms(arguments: list[str], folder: str) -> tuple[float, float]:
    """Run Python once; return its wall-clock and its CPU time in ms."""
    before, started_ns = os.times(), time.perf_counter_ns()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    wall, after = (time.perf_counter_ns() - started_ns) / 1e6, os.times()
    cpu_s = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, 1000 * cpu_s


def first_analysis_s() -> float:
    """Start a demo in an empty folder; return when its first analysis was told."""
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "whalebot", "run", "--mode", "demo", "--dir", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment(),
            start_new_session=True,
        )
        seen: list[str] = []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                seen.append(line)
                if FIRST_ANALYSIS.search(line):
                    return time.perf_counter() - began_s
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
    raise RuntimeError(f"the demo ended without an analysis: {''.join(seen)[-2000:]}")


def figures(runs: int = RUNS) -> list[Figure]:
    """Measure: medians, after one run that fills the caches."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments, goal in CASES:
            time_ms(arguments, folder)
            walls, cpus = zip(*(time_ms(arguments, folder) for _ in range(runs)), strict=True)
            found.append(Figure(GROUP, name, median(walls), "ms", goal))
            found.append(Figure(GROUP, f"{name}, CPU", median(cpus), "ms"))
    starts = [first_analysis_s() for _ in range(DEMO_RUNS)]
    found.append(Figure(GROUP, "demo: process start -> first analysis", median(starts), "s", 1.5))
    found.append(Figure(GROUP, "demo: the quickest of them", min(starts), "s"))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    print(table(figures(parser.parse_args().runs)))
