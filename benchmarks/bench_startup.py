"""Time to start: asking for help, checking the configuration, importing what `run` needs.

python benchmarks/bench_startup.py [--runs 15]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time

CASES = {
    "python itself": ["-c", "pass"],
    "whalebot --help": ["-m", "whalebot", "--help"],
    "whalebot run --help": ["-m", "whalebot", "run", "--help"],
    "whalebot config check": ["-m", "whalebot", "config", "check"],
    "import of run": ["-c", "import whalebot.app.daemon"],
}
"""What is timed; the goal for --help is 150 ms."""


def time_ms(arguments: list[str], folder: str) -> float:
    """Run Python once and return how long it took, in ms."""
    started_ns = time.perf_counter_ns()
    subprocess.run([sys.executable, *arguments], cwd=folder, check=True, capture_output=True)
    return (time.perf_counter_ns() - started_ns) / 1e6


def main() -> None:
    """Print a table: median and slowest of the runs, the first one (cold caches) apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(f"{'':24} {'first':>9} {'median':>9} {'slowest':>9}   ms, {runs} runs")
    with tempfile.TemporaryDirectory() as folder:
        for name, arguments in CASES.items():
            first = time_ms(arguments, folder)
            times = [time_ms(arguments, folder) for _ in range(runs)]
            print(f"{name:24} {first:9.1f} {statistics.median(times):9.1f} {max(times):9.1f}")


if __name__ == "__main__":
    main()
