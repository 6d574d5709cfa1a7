"""Totals of trades: hand-computed values and laws."""

from __future__ import annotations

import math
import random
import statistics
from decimal import Decimal as D

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_trades import made, some_trades

from whalebot.decisions.performance.totals import Totals, totals_of
from whalebot.domain.trade import ClosedTrade

FIVE = [
    made(0, "10", r="2", fees="1", funding="0.5"),
    made(1, "-5", r="-1", fees="1"),
    made(2, "0", r="0", fees="2", funding="-2"),
    made(3, "15", r="3", fees="1.5"),
    made(4, "-5", fees="0.5"),
]


def test_five_trades_by_hand() -> None:
    totals = totals_of(FIVE)
    assert (totals.trades, totals.wins, totals.losses, totals.break_even) == (5, 2, 2, 1)
    assert (totals.pnl, totals.fees, totals.funding) == (D(15), D(6), D("-1.5"))
    assert totals.gross_pnl == D("19.5")
    assert totals.win_rate == 0.4
    assert totals.profit_factor == 2.5
    assert totals.expectancy == 3.0
    assert totals.expectancy_r == 1.0  # (2 - 1 + 0 + 3) / 4
    assert (totals.average_win, totals.average_loss, totals.payoff) == (12.5, 5.0, 2.5)
    assert (totals.best, totals.worst) == (D(15), D(-5))
    # R: 2, -1, 0, 3; mean 1, variance (1 + 4 + 1 + 4) / 3
    assert totals.sqn == pytest.approx(2 * 1 / math.sqrt(10 / 3))


def test_nothing_is_known_of_no_trades() -> None:
    empty = totals_of([])
    figures = [
        empty.win_rate,
        empty.profit_factor,
        empty.expectancy,
        empty.expectancy_r,
        empty.sqn,
        empty.payoff,
    ]
    assert all(math.isnan(figure) for figure in figures)
    assert empty.pnl == 0


def test_profit_factor_without_a_loss_is_infinite_and_of_nothing_unknown() -> None:
    assert totals_of([made(0, "1")]).profit_factor == math.inf
    assert totals_of([made(0, "-1")]).profit_factor == 0
    assert math.isnan(totals_of([made(0, "0")]).profit_factor)


def test_sqn_needs_a_spread() -> None:
    assert math.isnan(totals_of([made(0, "1", r="0.333333333333")]).sqn)
    assert math.isnan(totals_of([made(n, "1", r="0.333333333333") for n in range(7)]).sqn)


@given(some_trades, st.randoms(use_true_random=False))
def test_the_order_of_trades_changes_nothing(trades: list[ClosedTrade], chance: random.Random) -> None:
    shuffled = list(trades)
    chance.shuffle(shuffled)
    one, other = totals_of(trades), totals_of(shuffled)
    assert one == other
    assert repr(one.sqn) == repr(other.sqn)


@given(some_trades)
def test_the_parts_make_the_whole(trades: list[ClosedTrade]) -> None:
    totals = totals_of(trades)
    assert totals.pnl == totals.won - totals.lost
    assert totals.wins + totals.losses + totals.break_even == totals.trades == len(trades)
    assert totals.pnl == totals.gross_pnl - totals.fees - totals.funding


@given(some_trades)
def test_figures_equal_those_of_pandas(trades: list[ClosedTrade]) -> None:
    totals = totals_of(trades)
    pnl = pd.Series([float(trade.pnl) for trade in trades])
    assert totals.expectancy == pytest.approx(pnl.mean(), rel=1e-9, abs=1e-6)
    assert totals.win_rate == (pnl > 0).mean()
    if (pnl < 0).any():
        expected = pnl[pnl > 0].sum() / -pnl[pnl < 0].sum()
        assert totals.profit_factor == pytest.approx(expected, rel=1e-9, abs=1e-9)
    r = [float(trade.r_multiple) for trade in trades if trade.r_multiple is not None]
    if len(r) >= 2 and statistics.stdev(r) > 1e-6:
        expected = math.sqrt(len(r)) * statistics.mean(r) / statistics.stdev(r)
        assert totals.sqn == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_sums_of_many_digits_are_not_rounded() -> None:
    tiny, huge = made(0, D("1e-25")), made(1, D("123456789012.5"))
    assert Totals().plus(huge).plus(tiny).pnl == D("123456789012.5000000000000000000000001")
