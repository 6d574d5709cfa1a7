"""The clock of the machine is put forward and back while the daemon trades, as a time service does it."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import processes
import pytest
from market_files import FIVE_MINUTES
from stage import Stage

TEN_MINUTES_S = 600
STEPPED = """
import mmap, os, time

_file = open(os.environ["CLOCK_STEP_FILE"], "rb")
_steps = mmap.mmap(_file.fileno(), 16, access=mmap.ACCESS_READ)
_time_ns, _gettime_ns = time.time_ns, time.clock_gettime_ns


def _step_ns():
    return int.from_bytes(_steps[:8], "little", signed=True)


def _gettime_stepped(clock):
    return _gettime_ns(clock) + (_step_ns() if clock == time.CLOCK_REALTIME else 0)


time.time_ns = lambda: _time_ns() + _step_ns()
time.time = lambda: time.time_ns() / 1e9
time.clock_gettime_ns = _gettime_stepped
time.clock_gettime = lambda clock: _gettime_stepped(clock) / 1e9
"""


class WallClock:
    """The wall clock of every daemon started from now on; `put` moves it, seconds off the true one."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(STEPPED)
        self._path = folder / "step"
        self._path.write_bytes(bytes(16))
        self._file = self._path.open("r+b")
        self._map = mmap.mmap(self._file.fileno(), 16)
        self.environment = {
            "PYTHONPATH": os.pathsep.join((str(folder), str(processes.ROOT))),
            "CLOCK_STEP_FILE": str(self._path),
        }

    def put(self, seconds: int) -> None:
        """Step it."""
        self._map[:8] = (seconds * 1_000_000_000).to_bytes(8, "little", signed=True)

    def close(self) -> None:
        """Let go of the file."""
        self._map.close()
        self._file.close()


@pytest.fixture
def wall(tmp_path: Path, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[WallClock]:
    made = WallClock(tmp_path / "clock")
    # What is forked has begun long ago, by the true clock.
    stage.zygote = None
    kept = processes.environment
    monkeypatch.setattr(processes, "environment", lambda: kept(**made.environment))
    yield made
    made.close()


def test_a_wall_clock_that_steps_doubles_no_order_and_decides_no_bar_twice(
    stage: Stage, wall: WallClock
) -> None:
    """Forward while the fate of an order is unknown, then back beyond where it was."""
    began_ms = stage.exchange.state_now()["sim_ms"]
    stage.exchange.fault({"do": "timeout_before", "path": "order/create"})
    with stage.daemon() as daemon:
        daemon.wait_for_event("order_unknown")
        for seconds in (TEN_MINUTES_S, -TEN_MINUTES_S):
            wall.put(seconds)
            newest = daemon.wait_for_event("trade_closed", len(daemon.events("trade_closed")) + 2)
            told = datetime.fromisoformat(newest["ts"]) - datetime.now(UTC)
            assert abs(told.total_seconds() - seconds) < TEN_MINUTES_S / 2
        decided = len(daemon.events("analysis"))
        bars = (stage.exchange.state_now()["sim_ms"] - began_ms) // FIVE_MINUTES
        stage.end(daemon)
    assert decided <= bars + 1
    assert not daemon.events("foreign_position")
