"""A short campaign of random faults and kills, and the judge. Thousands on demand: `whalebot chaos`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from processes import environment

from whalebot.research.chaos.schedule import Kind, make_schedule

SEEDS = int(os.environ.get("WHALEBOT_CHAOS_SEEDS", "12"))


@pytest.mark.timeout(900)
def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "whalebot", "chaos", "--seeds", str(SEEDS), "--days", "1",
         "--out", str(tmp_path / "runs")],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert f"{SEEDS} seeds" in done.stdout
    assert not any((tmp_path / "runs").iterdir())


def test_a_seed_always_has_the_same_schedule() -> None:
    assert make_schedule(5, 2, 10_800) == make_schedule(5, 2, 10_800)
    assert make_schedule(5, 2, 10_800) != make_schedule(6, 2, 10_800)


def test_schedules_hold_every_kind_of_action_and_fault_in_order_of_time() -> None:
    schedules = [make_schedule(seed, 4, 10_800) for seed in range(150)]
    actions = [action for schedule in schedules for action in schedule.actions]
    assert {action.kind for action in actions} == set(Kind)
    struck = {action.name for action in actions if action.kind is Kind.FAULT}
    assert struck == set(documented_faults())
    for schedule in schedules:
        times = [action.at_s for action in schedule.actions]
        assert times == sorted(times)
        assert all(0 < at_s < schedule.lasts_s for at_s in times)


def documented_faults() -> list[str]:
    """The kinds of faults that the page about the local exchange lists."""
    page = (Path(__file__).resolve().parents[2] / "docs/local-exchange.md").read_text(encoding="utf-8")
    table = page.partition("## Failures on purpose")[2].partition("\n## ")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `") and "`do`" not in row]
    return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
