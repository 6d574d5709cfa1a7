"""Runs the benchmarks, each in a process of its own, and prints one table.

python -m benchmarks                      all of them, about six minutes
python -m benchmarks --only load orders   some
python -m benchmarks --json FILE          the figures as JSON too
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Figure, as_json, table, tell
from benchmarks.runner import measure_apart

BENCHMARKS = {
    "frames": "a stream frame from the wire to the applied event, beside pybit and plain json",
    "closes": "candle close to signal, 1, 10 and 50 symbols",
    "orders": "frame in to order request written, whole daemon",
    "load": "50 symbols at 10,000 frames a second, whole daemon",
    "startup": "help, imports, first analysis of the demo",
    "memory": "resident memory with 1 and 50 symbols",
    "analysis": "scoring 1,000,000 bars, per group",
    "storage": "recording a trade at several lengths of the history",
    "exchange": "the matching core of the local exchange (only when named)",
    "soak": "weeks of trading in ten minutes: what grows, what gets slower (only when named)",
    "backtest": "the column tier of a backtest: an EMA cross, all groups, sweeps, the first call",
    "web": "dashboards: what 20 of them cost the loop, how quick the API is",
    "scanner": "many symbols: tickers, closes of all at once, memory, start-up",
    "event_tier": "the event tier of a backtest: an EMA cross with orders, all groups",
}
OWN_PLACE = ("exchange", "soak")
"""Left out unless named: about the exchange of the demo, or long."""


def about() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> int:
    """Measure, print; return 1 when a benchmark broke. A missed goal is a figure, not an error."""
    names = "\n".join(f"  {name:10} {text}" for name, text in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, metavar="NAME", help="run these only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    found: list[Figure] = []
    broken: list[str] = []
    facts = about()
    for name in options.only or [name for name in BENCHMARKS if name not in OWN_PLACE]:
        tell(f"{name}: {BENCHMARKS[name]} ...")
        began_s = time.monotonic()
        try:
            found += measure_apart(name)
        except Exception as error:  # noqa: BLE001  one that breaks must not take the others with it
            broken.append(name)
            tell(f"{name} broke: {type(error).__name__}: {error}")
        tell(f"{name}: {time.monotonic() - began_s:.0f} s")
    print(", ".join(f"{key} {value}" for key, value in facts.items()))
    print(table(found))
    if options.json is not None:
        options.json.write_text(as_json(found, facts) + "\n", encoding="utf-8")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
