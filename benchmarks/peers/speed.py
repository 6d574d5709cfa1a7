"""How fast the EMA cross runs here and in three other backtesters, in one run: CPU seconds and memory.

python -m benchmarks.peers.speed --peers-python PYTHON           100,000 and 1,000,000 bars, a sweep
python -m benchmarks.peers.speed --peers-python PYTHON --most    10,000,000 bars for the column tier too
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.figures import tell
from benchmarks.peers.job import Job
from benchmarks.peers.running import (
    HOW_TO,
    PEERS,
    PYTHON_VARIABLE,
    make_market,
    make_walk,
    own_python,
    peers_python,
    run_job,
)

OWN: Final = (
    "column tier",
    "column tier, trades as records",
    "event tier",
    "hand-written loop",
    "column tier, every trade read",
)
AHEAD: Final = "backtesting.py, crosses made ahead"
RIVALS: Final = ("vectorbt", "backtesting.py", AHEAD, "nautilus_trader")
SLOW: Final = {"backtesting.py": 100_000, AHEAD: 100_000, "nautilus_trader": 25_000}
"""Bars at most, of the peers whose rate shows on so few."""

PAIRS: Final = tuple((fast, slow) for fast in range(5, 25) for slow in range(30, 80, 5))
FEW_PAIRS: Final = {"backtesting.py": 3}
"""Pairs of the sweep that are enough to show a rate."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one backtester took. Seconds of CPU: `first_s` the first call in the process, `next_s` the median
    of those after it. MB resident: `peak_mb` at most, `grown_mb` of it after imports and bars. `done`: bars,
    or pairs of a sweep.
    """

    name: str
    done: int
    trades: int
    first_s: float
    next_s: float
    peak_mb: float
    grown_mb: float

    @property
    def rate(self) -> float:
        """Bars, or pairs, a CPU second, once compiled."""
        return self.done / self.next_s


def measure(name: str, job: Job, done: int, python: Path, folder: Path, *, cold: bool = False) -> Speed:
    """Run one backtester in a fresh process; `cold`: none of our compiled code is kept from runs before."""
    tell(f"{name}, {done:,} {'pairs' if job.task == 'sweep' else 'bars'} ...")
    module = PEERS.get(name.split(",")[0], "whalebot")
    interpreter = own_python() if module == "whalebot" else python
    with tempfile.TemporaryDirectory() as empty:
        found = run_job(interpreter, module, job, folder, {"NUMBA_CACHE_DIR": empty} if cold else {})
    return Speed(
        name=f"{name}, nothing compiled before" if cold else name,
        done=done,
        trades=found["trades"],
        first_s=found["first_s"],
        next_s=median(found["next_s"]),
        peak_mb=found["peak_mb"],
        grown_mb=found["peak_mb"] - found["before_mb"],
    )


def runs(count: int, folder: Path, python: Path, repeats: int) -> Iterator[Speed]:
    """Measure everybody on one market of `count` bars, ourselves first."""
    market = make_market(folder / f"{count}.npz", make_walk(3, count, interval="1"))
    if count <= 100_000:
        job = Job(market, variant=OWN[0], task="speed", repeats=0)
        yield measure(OWN[0], job, count, python, folder, cold=True)
    for name in OWN if count <= 1_000_000 else (*OWN[:2], OWN[3]):
        # A minute a run at the longest: once is enough there.
        times = repeats if name != OWN[2] else 1 if count <= 100_000 else 0
        yield measure(name, Job(market, variant=name, task="speed", repeats=times), count, python, folder)
    for name in RIVALS if count <= 1_000_000 else ():
        most = SLOW.get(name, count)
        if most < count and count > 100_000:
            continue
        part, fewer = market, min(count, most)
        if fewer < count:
            part = make_market(folder / f"{fewer}.npz", make_walk(3, fewer, interval="1"))
        job = Job(part, variant=name, task="speed", repeats=min(repeats, 1) if name in SLOW else repeats)
        yield measure(name, job, fewer, python, folder)


def sweeps(count: int, folder: Path, python: Path) -> Iterator[Speed]:
    """Measure pairs of averages on one market of `count` bars; nautilus_trader would need an hour."""
    market = make_market(folder / "sweep.npz", make_walk(3, count, interval="1"))
    for name in ("sweep of columns", "vectorbt", "backtesting.py"):
        pairs = PAIRS[: FEW_PAIRS.get(name, len(PAIRS))]
        repeats = 0 if name in FEW_PAIRS else 1
        job = Job(market, task="sweep", pairs=pairs, repeats=repeats)
        yield measure(name, job, len(pairs), python, folder)


def print_table(title: str, unit: str, rows: list[Speed], base: str) -> None:
    """Print figures, and how many times faster `base` is than each."""
    found = next(row for row in rows if row.name == base)
    print(f"\n{title}")
    print(
        f"  {'':44}{unit:>10}{unit + '/s CPU':>14}{base + ' is':>18}"
        f"{'first call':>12}{'next':>10}{'peak':>9}{'grown':>9}{'trades':>9}"
    )
    for row in rows:
        print(
            f"  {row.name:44}{row.done:10,}{row.rate:14,.4g}{found.rate / row.rate:16.3g} x"
            f"{row.first_s:10.3f} s{row.next_s:8.3f} s{row.peak_mb:6.0f} MB{row.grown_mb:6.0f} MB"
            f"{row.trades:9,}"
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers.speed",
        description=__doc__,
        epilog=HOW_TO,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--peers-python", type=Path, help=f"interpreter of the peers ({PYTHON_VARIABLE})")
    parser.add_argument("--repeats", type=int, default=5, help="timed runs after the first, 5")
    parser.add_argument("--most", action="store_true", help="10,000,000 bars for the column tier too")
    options = parser.parse_args()
    python = peers_python(options.peers_python)
    print(f"load average {os.getloadavg()[0]:.1f}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for count in (100_000, 1_000_000, 10_000_000)[: 3 if options.most else 2]:
            rows = list(runs(count, folder, python, options.repeats if count < 10_000_000 else 1))
            print_table(f"EMA cross with stop, {count:,} bars", "bars", rows, OWN[0])
        rows = list(sweeps(100_000, folder, python))
        print_table("pairs of averages over 100,000 bars", "pairs", rows, "sweep of columns")
    return 0


if __name__ == "__main__":
    sys.exit(main())
