"""Resident memory of the daemon in demo, its exchange apart, with 1 and with 50 symbols.

python -m benchmarks.bench_memory [--seconds 20]
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, table
from whalebot.domain.listings import first_listings

GROUP = "resident memory (demo, the exchange apart)"
ROOT = Path(__file__).absolute().parents[1]
SECONDS = 20.0
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES / 2**20


def watch(symbols: list[str], seconds: float) -> tuple[float, float]:
    """Run a demo; return its resident memory in MB at half the time and at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # At 900 market seconds a second, one of these bars closes each second for every symbol.
        config = {"mode": "demo", "symbols": symbols, "demo": {"speed": 900}}
        (folder / "config.json").write_text(json.dumps(config))
        with (folder / "output.txt").open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "whalebot", "run", "--dir", name],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                start_new_session=True,
            )
        try:
            found = []
            for _ in range(2):
                time.sleep(seconds / 2)
                if process.poll() is not None:
                    raise RuntimeError(f"the demo ended: {(folder / 'output.txt').read_text()[-2000:]}")
                found.append(resident_mb(process.pid))
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
        return found[0], found[1]


def figures(seconds: float = SECONDS) -> list[Figure]:
    """Measure."""
    names = [row.instrument.symbol for row in first_listings(50)]
    found: list[Figure] = []
    for count, goal in ((1, 150.0), (50, 200.0)):
        middle, end = watch(names[:count], seconds)
        found.append(Figure(GROUP, f"{count} symbols after {seconds:g} s", end, "MB", goal))
        found.append(Figure(GROUP, f"{count} symbols, growth in the second half", end - middle, "MB"))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    print(table(figures(parser.parse_args().seconds)))
