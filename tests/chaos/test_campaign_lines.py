"""What a campaign prints of its seeds as a whole."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

from whalebot.research.chaos.campaign import Outcome
from whalebot.research.chaos.judge import Verdict
from whalebot.research.chaos.lines import row, summary, wasteful
from whalebot.research.chaos.schedule import make_schedule


def outcome(seed: int, *, days: float = 2.0, trades: int = 3, cpu_s: float = 3.0) -> Outcome:
    verdict = Verdict((), trades, 0, Decimal(0), 0, 0, Counter())
    return Outcome(
        make_schedule(seed, 2, 10_800),
        (),
        Path(),
        days=days,
        verdict=verdict,
        faults=Counter(rest_error=2),
        struck=Counter(rest_error=1),
        starts=Counter(forked=4),
        cpu_s=cpu_s,
    )


def test_a_seed_without_a_trade_or_half_of_its_days_is_weak() -> None:
    seeds = [outcome(1), outcome(2, trades=0), outcome(3, days=0.9)]
    assert [seed.is_weak for seed in seeds] == [False, True, True]
    assert next(summary(seeds)).startswith("3 seeds, 2 weak, ")
    assert [row(seed).endswith("weak") for seed in seeds] == [False, True, True]


def test_faults_are_told_as_struck_of_set() -> None:
    assert "faults struck/set: rest_error 2/4" in list(summary([outcome(1), outcome(2)]))


def test_a_seed_that_used_three_times_the_usual_processor_time_is_found() -> None:
    usual = [outcome(seed) for seed in range(5)]
    assert list(wasteful([*usual, outcome(7, cpu_s=9.1)])) == []
    [finding] = wasteful([*usual, outcome(7, cpu_s=9.3)])
    assert "seed 7" in finding


def test_little_processor_time_is_never_too_much() -> None:
    usual = [outcome(seed, cpu_s=0.5) for seed in range(5)]
    assert list(wasteful([*usual, outcome(7, cpu_s=8)])) == []
