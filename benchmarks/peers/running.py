"""Markets for the comparison, and runs of one job in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.peers.job import Job, write_bars
from whalebot.adapters.exchange.market.bars import BarTable
from whalebot.adapters.feeds.ohlcv import read_bars
from whalebot.domain.intervals import interval_ms

PEERS: Final = {"backtesting.py": "backtesting", "vectorbt": "vectorbt", "nautilus_trader": "nautilus"}
"""Module of each peer in this folder, by the peer's name."""

PYTHON_VARIABLE: Final = "WHALEBOT_PEERS_PYTHON"
HOW_TO: Final = f"""the peers need an interpreter of their own, none of them is a dependency of this program:
  python3.11 -m venv peers
  peers/bin/pip install vectorbt==1.0.0 'plotly<7' backtesting==0.6.6 nautilus_trader==1.221.0
then give --peers-python peers/bin/python, or set {PYTHON_VARIABLE}"""

_ROOT: Final = Path(__file__).resolve().parents[2]
_START_MS: Final = 1_735_689_600_000


def make_walk(seed: int, count: int, apart: float = 0.0, interval: str = "5") -> BarTable:
    """Return a random walk from 80,000 on a grid of 0.1; `apart`: share of opens off the last close."""
    rng = np.random.default_rng(seed)
    # Folded, so that ten million bars stay between half and twice the first price.
    away = np.cumsum(rng.normal(0, 0.0015, count))
    level = 800_000 * np.exp(0.7 - np.abs((away + 0.7) % 2.8 - 1.4))
    close = np.rint(level).astype(np.int64)
    open_ = np.concatenate(([800_000], close[:-1]))
    moved = rng.random(count) < apart
    open_[moved] += np.rint(rng.normal(0, 0.003, int(moved.sum())) * open_[moved]).astype(np.int64)
    reach = np.rint(np.abs(rng.normal(0, 0.0008, (2, count))) * close).astype(np.int64)
    high, low = np.maximum(open_, close) + reach[0], np.minimum(open_, close) - reach[1]
    open_ms = _START_MS + np.arange(count, dtype=np.int64) * interval_ms(interval)
    return BarTable("BTCUSDT", interval, 1, 3, open_ms, open_, high, low, close, np.full(count, 10_000))


def make_market(path: Path, table: Any) -> str:
    """Write a market for jobs and return its file."""
    write_bars(path, table, interval_ms(table.interval))
    return str(path)


def real_market(path: Path, file: Path) -> str:
    """Write the market of a bar file and return the file for jobs. Raises SystemExit where it has gaps."""
    table = read_bars("BTCUSDT", file)
    if table.gaps:
        raise SystemExit(f"{file.name}: has {len(table.gaps)} gaps, across which the peers know no rule")
    return make_market(path, table)


def peers_python(given: Path | None) -> Path:
    """Return the peers' interpreter. Raises SystemExit saying how to make one."""
    path = given or (Path(os.environ[PYTHON_VARIABLE]) if os.environ.get(PYTHON_VARIABLE) else None)
    if path is None or not path.exists():
        raise SystemExit(HOW_TO)
    return path.absolute()


def run_job(
    python: Path | str, module: str, job: Job, folder: Path, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Run one job in a fresh process and return its answer. Raises SystemExit with what it said last."""
    path = folder / "job.json"
    path.write_text(json.dumps(asdict(job)), encoding="utf-8")
    command = [str(python), "-m", f"benchmarks.peers.in_{module}", str(path)]
    done = subprocess.run(
        command, cwd=_ROOT, env={**os.environ, **(more or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{module} {job.variant}: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def own_python() -> str:
    """Return the interpreter that runs this program."""
    return sys.executable
