"""The same EMA cross in both tiers and in three other backtesters, trade by trade.

python -m benchmarks.peers.cross_check --peers-python PYTHON
python -m benchmarks.peers.cross_check --bars FILE     bars of a file too, without gaps
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.figures import tell
from benchmarks.peers.agreeing import (
    BY_CLOSE,
    BY_ENTRY_BAR,
    BY_LOST_TURN,
    BY_REFUSAL,
    BY_ROUNDING,
    BY_SEED,
    BY_STALE,
    BY_TRIGGER,
    UNEXPLAINED,
    Agreement,
    compare,
)
from benchmarks.peers.job import Deal, Job, atr, read_columns
from benchmarks.peers.running import (
    HOW_TO,
    PEERS,
    PYTHON_VARIABLE,
    make_market,
    make_walk,
    own_python,
    peers_python,
    real_market,
    run_job,
)

STOP_ATR: Final = 2.0


@dataclass(frozen=True, slots=True)
class Case:
    """One way to run a peer. `stop`: distance in ATR, 0 for none. `variant`: what is set otherwise.
    `known`: the rules by which it may differ.
    """

    stop: float
    variant: str = ""
    known: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The case in words."""
        parts = [f"stop of {self.stop:g} ATR" if self.stop else "no stop", self.variant]
        return ", ".join(part for part in parts if part)


CASES: Final = {
    "backtesting.py": (
        Case(0.0),
        Case(STOP_ATR, "", (BY_REFUSAL,)),
        Case(STOP_ATR, "stop not on the tick grid", (BY_ROUNDING, BY_REFUSAL)),
    ),
    "vectorbt": (
        Case(0.0),
        Case(0.0, "its own averages", (BY_SEED,)),
        Case(STOP_ATR, "", (BY_LOST_TURN, BY_ENTRY_BAR)),
        Case(STOP_ATR, "three rows a bar"),
    ),
    "nautilus_trader": (
        Case(0.0, "", (BY_CLOSE,)),
        Case(0.0, "its own averages", (BY_CLOSE, BY_SEED)),
        Case(STOP_ATR, "", (BY_STALE, BY_TRIGGER, BY_CLOSE)),
    ),
}

Row = tuple[str, str, str, Agreement]


def deals(python: Path | str, module: str, job: Job, folder: Path) -> list[Deal]:
    """Return the trades of one job."""
    return [Deal(**row) for row in run_job(python, module, job, folder)["deals"]]


def check_market(name: str, market: str, python: Path, only: Sequence[str], folder: Path) -> Iterator[Row]:
    """Yield an agreement for every case on one market, that of the two tiers first."""
    own: dict[float, list[Deal]] = {}
    bars = read_columns(Job(market))
    spans = atr(bars, Job(market).atr_period)
    for case in (Case(0.0), Case(STOP_ATR)):
        job = Job(market, stop_atr=case.stop)
        own[case.stop] = deals(own_python(), "whalebot", job, folder)
        event = deals(own_python(), "whalebot", replace(job, variant="event tier"), folder)
        yield name, "event tier", case.words, compare(own[case.stop], event, bars, job.tick, ())
    for peer in only:
        for case in CASES[peer]:
            tell(f"{name}: {peer}, {case.words}")
            job = Job(market, stop_atr=case.stop, variant=case.variant)
            found = deals(python, PEERS[peer], job, folder)
            reach = case.stop * spans if case.stop else None
            yield name, peer, case.words, compare(own[case.stop], found, bars, job.tick, case.known, reach)


def print_table(rows: Sequence[Row]) -> None:
    """Print the agreements, and under each the rules by which the other trades differ."""
    print(f"{'':18}{'':48}{'ours':>6}{'theirs':>8}{'equal':>7}{'their PnL less ours':>21}")
    market = ""
    for name, peer, words, found in rows:
        if name != market:
            market = name
            print(f"\n{name}")
        print(f"  {peer:16}{words:48}{found.ours:6}{found.theirs:8}{found.equal:7}{found.pnl:21.6f}")
        for reason, count in found.reasons.most_common():
            print(f"  {'':15}  {count} x {reason}")


def main() -> int:
    """Compare and print; return 1 where a trade differs that no rule explains, or the two tiers differ."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers.cross_check",
        description=__doc__,
        epilog=HOW_TO,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--peers-python", type=Path, help=f"interpreter of the peers ({PYTHON_VARIABLE})")
    parser.add_argument("--bars", type=Path, help="a file of bars to compare on too")
    parser.add_argument("--rows", type=int, default=20_000, help="bars of each made market")
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS), help="these peers only")
    options = parser.parse_args()
    python = peers_python(options.peers_python)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        markets = {
            "made, opens where it closed": make_market(folder / "walk.npz", make_walk(1, options.rows)),
            "made, one open in ten elsewhere": make_market(
                folder / "apart.npz", make_walk(2, options.rows, 0.1)
            ),
        }
        if options.bars is not None:
            markets[options.bars.name] = real_market(folder / "real.npz", options.bars)
        for name, market in markets.items():
            rows += check_market(name, market, python, options.only, folder)
    print(f"load average {os.getloadavg()[0]:.1f}; {sys.version.split()[0]}")
    print_table(rows)
    strange = [
        row for row in rows if row[3].reasons[UNEXPLAINED] or (row[1] == "event tier" and row[3].reasons)
    ]
    return 1 if strange else 0


if __name__ == "__main__":
    sys.exit(main())
