"""Streaks, exposure, groups and distribution."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trades import START, made, some_trades

from whalebot.decisions.performance.exact import exact_sum
from whalebot.decisions.performance.habits import (
    Streaks,
    distribution,
    exit_month,
    exposure,
    group_totals,
    streaks,
)
from whalebot.domain.enums import Side
from whalebot.domain.trade import ClosedTrade


def test_streaks_by_hand() -> None:
    results = ["1", "2", "-1", "-1", "0", "-1", "4", "5", "6", "-1"]
    assert streaks([made(n, pnl) for n, pnl in enumerate(results)]) == Streaks(wins=3, losses=3)
    assert streaks([made(n, pnl) for n, pnl in enumerate(results)][::-1]) == Streaks(wins=3, losses=3)
    assert streaks([]) == Streaks(0, 0)


def test_exposure_counts_overlapping_positions_once() -> None:
    def span(number: int, entry: int, leave: int) -> ClosedTrade:
        return made(number, "1", entry_ms=START + entry, exit_ms=START + leave)

    trades = [span(0, 0, 10), span(1, 5, 20), span(2, 6, 8), span(3, 60, 100)]
    assert exposure(trades) == 0.6
    assert exposure(trades[:1]) == 1.0
    assert math.isnan(exposure([]))
    assert math.isnan(exposure([span(0, 5, 5)]))


def test_groups_by_side_and_month() -> None:
    trades = [made(0, "1"), made(1, "2", side=Side.SELL), made(40, "4")]
    by_side = group_totals(trades, lambda trade: trade.side.value)
    assert {name: (totals.trades, totals.pnl) for name, totals in by_side.items()} == {
        "Buy": (2, 5),
        "Sell": (1, 2),
    }
    assert list(group_totals(trades, exit_month)) == ["2026-01", "2026-02"]


def test_the_month_is_that_of_the_exit() -> None:
    over_new_year = made(0, "1", entry_ms=START - 1, exit_ms=START)
    assert exit_month(over_new_year) == "2026-01"


@given(some_trades)
def test_groups_add_up_to_the_whole(trades: list[ClosedTrade]) -> None:
    groups = group_totals(trades, lambda trade: trade.symbol)
    assert exact_sum(totals.pnl for totals in groups.values()) == exact_sum(trade.pnl for trade in trades)


@given(st.lists(st.floats(-1e6, 1e6).map(lambda v: round(v, 4)), min_size=1, max_size=60))
def test_every_value_falls_into_its_bin(values: list[float]) -> None:
    bins = distribution(values)
    assert sum(one.count for one in bins) == len(values)
    assert len(bins) <= 22
    for before, after in pairwise(bins):
        assert after.low == pytest.approx(before.high)
    assert bins[0].low <= min(values) + 1e-9
    assert bins[-1].high >= max(values) - 1e-9


def test_zero_is_an_edge_and_steps_are_round() -> None:
    bins = distribution([-1.0, -0.4, 0.0, 0.3, 2.9])
    assert any(one.low == 0 for one in bins)
    assert bins[0].high - bins[0].low == pytest.approx(0.2)
    assert [(one.low, one.count) for one in distribution([5.0, 5.0])] == [(5.0, 2)]
    assert distribution([]) == []
