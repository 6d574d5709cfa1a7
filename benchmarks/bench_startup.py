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
RUNS, DEMO_RUNS = 9, 5
FIRST_ANALYSIS = re.compile(r"round trip costs [\d.]+ R|score [+-]")
"""The lines that only a finished analysis can lead to."""
IMPORTS = "import whalebot.app.setup, whalebot.app.daemon"
CASES: tuple[tuple[str, list[str], float | None], ...] = (
    ("python itself", ["-c", "pass"], None),
    ("whalebot --help", ["-m", "whalebot", "--help"], 150.0),
    ("whalebot run --help", ["-m", "whalebot", "run", "--help"], None),
    ("whalebot config check", ["-m", "whalebot", "config", "check"], None),
    ("imports of run", ["-c", IMPORTS], None),
    (
        "imports of run, and of REST",
        ["-c", f"{IMPORTS}, whalebot.adapters.bybit.session"],
        None,
    ),
    ("beside it: import pybit.unified_trading", ["-c", "import pybit.unified_trading"], None),
    ("beside it: import pandas, talib", ["-c", "import pandas, talib"], None),
)


def environment() -> dict[str, str]:
    """Return the environment in which this very source tree is what runs."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def time_ms(arguments: list[str], folder: str) -> float:
    """Run Python once and return how long it took, in ms."""
    started_ns = time.perf_counter_ns()
    command = [sys.executable, *arguments]
    subprocess.run(command, cwd=folder, env=environment(), check=True, capture_output=True)
    return (time.perf_counter_ns() - started_ns) / 1e6


def cpu_ms(arguments: list[str], folder: str) -> float:
    """Run Python once and return the CPU time it used, in ms."""
    before = os.times()
    time_ms(arguments, folder)
    after = os.times()
    return 1000 * (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


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
            value = median(time_ms(arguments, folder) for _ in range(runs))
            found.append(Figure(GROUP, name, value, "ms", goal))
        cpu = median(cpu_ms(CASES[1][1], folder) for _ in range(runs))
        found.insert(2, Figure(GROUP, "whalebot --help, CPU", cpu, "ms"))
    starts = [first_analysis_s() for _ in range(DEMO_RUNS)]
    found.append(Figure(GROUP, "demo: process start -> first analysis", median(starts), "s", 1.5))
    found.append(Figure(GROUP, "demo: the quickest of them", min(starts), "s"))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    print(table(figures(parser.parse_args().runs)))
