"""The long run's verdict: a leak is seen, noise is not."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from benchmarks.bench_soak import WEEK_MS, Sample, judge, slope

FLAT = Sample(
    market_ms=0,
    resident_mb=80.0,
    exchange_mb=70.0,
    threads=20,
    handles=31,
    depth=0,
    jobs=0,
    loop_us=100.0,
    log_bytes=1_000_000,
    exchange_log_bytes=0,
    state_bytes=40_000,
    exchange_state_bytes=0,
    history_bytes=130_000,
    trades=100,
    lost=0,
)
COSTS = [800_000] * 400


def samples(weeks: float = 4.0, **a_week: float) -> list[Sample]:
    """120 noisy samples; the named values grow by so much a week."""
    chance = random.Random(1)
    found = []
    for number in range(120):
        at = number / 120 * weeks
        grown = {name: getattr(FLAT, name) + rate * at for name, rate in a_week.items()}
        noisy = replace(FLAT, market_ms=int(at * WEEK_MS), **grown)
        found.append(replace(noisy, handles=noisy.handles + chance.choice((0, 0, 1))))
    return found


def missed(found: list[Sample], costs: list[int]) -> set[str]:
    return {f.name.partition(":")[0] for f in judge(found, costs, 10) if f.verdict == "MISSED"}


def test_a_steady_run_is_clean() -> None:
    assert missed(samples(), COSTS) == set()


@pytest.mark.parametrize(
    ("name", "a_week", "told"),
    [
        ("resident_mb", 1.0, "memory"),
        ("threads", 1, "threads"),
        ("handles", 2, "file handles"),
        ("state_bytes", 5000, "state folder, audit trail apart"),
        ("jobs", 3, "jobs waiting"),
        ("log_bytes", 40e6, "log files, most they hold"),
    ],
)
def test_what_grows_is_named(name: str, a_week: float, told: str) -> None:
    assert missed(samples(**{name: a_week}), COSTS) == {told}


def test_what_gets_slower_is_named() -> None:
    slower = [800_000] * 200 + [1_600_000] * 200
    assert missed(samples(), slower) == {f"closed bar (CPU) {p}, last quarter" for p in ("p50", "p99")}


def test_a_slope_is_per_simulated_week() -> None:
    assert slope(samples(weeks=2.0, resident_mb=3.0), "resident_mb") == pytest.approx(3.0)


def test_too_short_a_run_is_no_verdict() -> None:
    with pytest.raises(RuntimeError, match="too short"):
        judge(samples()[:5], COSTS, 1)
